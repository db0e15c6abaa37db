"""Rows of a backup as the store takes them: each checked by itself, then against those before it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from services.profiles.exporting.export import Of
from services.profiles.exporting.removals import Removed
from services.profiles.importing.backup_file import BackupFile, refusal
from services.profiles.importing.buckets import bucket_of
from services.profiles.importing.fields import MOST
from services.profiles.importing.posts import post_of
from services.profiles.importing.profiles import profile_of
from services.profiles.importing.removals import removal_of
from services.profiles.kept import KeptBucket, KeptPost, KeptProfile

Parsed = KeptProfile | KeptPost | KeptBucket | Removed
Parse = Callable[[dict[str, Any]], Parsed]


def rows_of(brand: str, file: BackupFile, lengths: Mapping[str, int]) -> Iterator[list[Any]]:
    """Yield the rows, some at a time; all of one file are of one kind.

    `lengths` says how many numbers the embeddings of each version have that the store knows already.
    Raises InputError that names the row (from 1) and the column.
    """
    parsers: Mapping[Of, Parse] = {
        Of.PROFILES: partial(profile_of, brand),
        Of.POSTS: post_of,
        Of.BUCKETS: bucket_of,
        Of.REMOVALS: removal_of,
    }
    parse, checks = parsers[file.of], (_Order(), _Lengths(lengths), _Totals())
    number = 0
    for chunk in file.chunks():
        parsed = []
        for row in chunk:
            number += 1
            try:
                one = parse(row)
                for so_far in checks:
                    so_far.check(one)
            except ValueError as error:
                raise refusal(f"row {number} of {file.of}: {_sentence(error)}; nothing was stored") from None
            parsed.append(one)
        yield parsed


class _Order:
    """Rows must ascend, as an export writes them: so none stands twice."""

    def __init__(self) -> None:
        self._last: tuple[Any, ...] | None = None

    def check(self, row: Parsed) -> None:
        place = _place(row)
        if self._last is not None and place <= self._last:
            raise ValueError("comes after a row that it should come before, or stands twice")
        self._last = place


class _Lengths:
    """Embeddings of one version must have one length, here and in the store."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self._known = dict(known)

    def check(self, row: Parsed) -> None:
        for version, length in _lengths(row):
            wanted = self._known.setdefault(version, length)
            if length != wanted:
                raise ValueError(f"an embedding has another length ({length}) than its version has ({wanted})")


class _Totals:
    """Profiles must not add up to more than a store can hold of a brand."""

    def __init__(self) -> None:
        self._posts = self._score_sum = 0

    def check(self, row: Parsed) -> None:
        if isinstance(row, KeptProfile):
            self._posts += row.profile.folded.posts
            self._score_sum += row.profile.folded.score_sum
            if max(self._posts, self._score_sum) > MOST:
                raise ValueError(f"posts or score_sum of the rows up to here add up to more than {MOST}")


def _place(row: Parsed) -> tuple[Any, ...]:
    match row:
        case KeptProfile():
            return (row.profile.author_key,)
        case KeptBucket():
            return (row.key.voice, row.key.span, row.key.start)
        case Removed():
            return (row.kind, row.author_key)
        case KeptPost():
            return (False, row.post.hour, row.post_key) if row.post else (True, row.post_key)


def _lengths(row: Parsed) -> Iterable[tuple[str, int]]:
    if isinstance(row, KeptProfile):
        return [(version, total.dimensions) for version, total in row.profile.folded.embeddings.items()]
    if isinstance(row, KeptPost) and row.post and row.post.embedding_version and row.post.analysis.embedding:
        return [(row.post.embedding_version, len(row.post.analysis.embedding))]
    return ()


def _sentence(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    return f"{name}: {first['msg']}" if name else first["msg"]
