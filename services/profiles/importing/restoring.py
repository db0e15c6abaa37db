"""A file of a backup into a store: read through once before anything is stored, then restored."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from services.profiles.exporting.export import Of
from services.profiles.importing.backup_file import BackupFile
from services.profiles.importing.rows import rows_of
from services.profiles.kept import RemovedAuthor
from services.profiles.stores.base import ProfileStore
from shared.errors import ConflictError, InputError


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a file's rows: taken over, or known (or refused for good) before."""

    of: Of
    restored: int
    duplicates: int


async def restore(store: ProfileStore, brand: str, file: BinaryIO) -> Restored:
    """Take over one file.

    Raises InputError, and stores nothing, where any part of the file is wrong or does not fit what the store knows.
    What else the store raises may come in the middle: restoring the same file again then does the rest. So may
    ConflictError, where somebody else stored what the file does not fit while it was restored.
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


async def take_over(store: ProfileStore, brand: str, of: Of, rows: Sequence[Any]) -> int:
    """Restore rows of one kind and return how many were new; of removals all are counted."""
    match of:
        case Of.PROFILES:
            return await store.restore_profiles(brand, rows)
        case Of.BUCKETS:
            return await store.restore_buckets(brand, rows)
        case Of.POSTS:
            return (await store.restore_posts(brand, rows)).folded
        case Of.REMOVALS:
            removed = [RemovedAuthor(row.author_key, row.through) for row in rows if row.kind == "removed"]
            erased = [row.author_key for row in rows if row.kind == "erased"]
            await store.restore_removals(brand, removed, erased)
            return len(rows)


async def _chunks(rows: Iterator[list[Any]]) -> AsyncGenerator[list[Any], None]:
    while (chunk := await asyncio.to_thread(next, rows, None)) is not None:
        yield chunk
