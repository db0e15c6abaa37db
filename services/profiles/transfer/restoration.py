"""A file of a backup into a store: read through once before anything is stored, then restored."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydantic import ValidationError

from services.profiles.kept import KeptProfile, RemovedAuthor
from services.profiles.stores.base import ProfileStore
from services.profiles.transfer.backup_file import BackupFile, refusal
from services.profiles.transfer.row import MOST
from services.profiles.transfer.table import Table, TableKind
from shared.errors import ConflictError, InputError


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a file's rows: taken over, or known (or refused for good) before."""

    of: TableKind
    restored: int
    duplicates: int


async def restore(store: ProfileStore, brand: str, file: BinaryIO) -> Restored:
    """Take over one file.

    Raises InputError, and stores nothing, where any part of the file is wrong or does not fit what the store knows.
    What else the store raises may come in the middle: restoring the same file again then does the rest. So may
    ConflictError, where another writer stored what the file does not fit while it was restored.
    """
    found = await asyncio.to_thread(BackupFile, file)
    lengths = await store.embedding_lengths()
    async for _ in _chunks(rows_of(brand, found, lengths)):
        pass
    taken = 0
    async for rows in _chunks(rows_of(brand, found, lengths)):
        try:
            taken += await take_over(store, brand, found.of, rows)
        except InputError:
            raise ConflictError(
                "what the file does not fit was stored while it was restored, so a part of it is; import it again "
                "to be told which row"
            ) from None
    return Restored(found.of, taken, found.row_count - taken)


async def take_over(store: ProfileStore, brand: str, of: TableKind, rows: Sequence[Any]) -> int:
    """Restore rows of one kind and return how many were new; of removals all are counted."""
    match of:
        case TableKind.PROFILES:
            return await store.restore_profiles(brand, rows)
        case TableKind.BUCKETS:
            return await store.restore_buckets(brand, rows)
        case TableKind.POSTS:
            return (await store.restore_posts(brand, rows)).folded
        case TableKind.REMOVALS:
            removed = [RemovedAuthor(row.author_key, row.through) for row in rows if row.kind == "removed"]
            erased = [row.author_key for row in rows if row.kind == "erased"]
            await store.restore_removals(brand, removed, erased)
            return len(rows)


def rows_of(brand: str, file: BackupFile, lengths: Mapping[str, int]) -> Iterator[list[Any]]:
    """Yield the rows as a store takes them, some at a time: each checked by itself, then against those before it.

    `lengths` says how many numbers the embeddings of each version have that the store knows already.
    Raises InputError that names the row (from 1) and the column.
    """
    so_far = _RowsSoFar(file.table, lengths)
    number = 0
    for chunk in file.chunks():
        kept = []
        for row in chunk:
            number += 1
            try:
                one = file.table.kept(brand, row)
                so_far.check(one)
            except ValueError as error:
                raise refusal(f"row {number} of {file.of}: {_sentence(error)}; nothing was stored") from None
            kept.append(one)
        yield kept


class _RowsSoFar:
    """What the rows read so far demand of the next one.

    Rows must ascend, as an export writes them: so none stands twice. Embeddings of one version must have one length,
    here and in the store. Profiles must not add up to more than a store can hold of a brand.
    """

    def __init__(self, table: Table, lengths: Mapping[str, int]) -> None:
        self._table = table
        self._lengths = dict(lengths)
        self._last: tuple[Any, ...] | None = None
        self._posts = self._score_sum = 0

    def check(self, row: Any) -> None:
        key = self._table.key(row)
        if self._last is not None and key <= self._last:
            raise ValueError("comes after a row that it should come before, or stands twice")
        self._last = key
        for version, length in self._table.embeddings(row):
            wanted = self._lengths.setdefault(version, length)
            if length != wanted:
                raise ValueError(f"an embedding has another length ({length}) than its version has ({wanted})")
        if isinstance(row, KeptProfile):
            self._posts += row.profile.folded.posts
            self._score_sum += row.profile.folded.score_sum
            if max(self._posts, self._score_sum) > MOST:
                raise ValueError(f"posts or score_sum of the rows up to here add up to more than {MOST}")


def _sentence(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    return f"{name}: {first['msg']}" if name else first["msg"]


async def _chunks(rows: Iterator[list[Any]]) -> AsyncGenerator[list[Any], None]:
    while (chunk := await asyncio.to_thread(next, rows, None)) is not None:
        yield chunk
