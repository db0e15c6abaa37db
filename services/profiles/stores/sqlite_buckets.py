"""Hours and days in SQLite, read and written; each function is part of a caller's transaction."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import groupby, islice
from typing import Any

from services.profiles.author_sketch import AuthorSketch, without
from services.profiles.encoding import from_bucket, to_bucket
from services.profiles.kept import KeptBucket
from services.profiles.rollup import EMPTY, Bucket, BucketKey, Rollup, Span, join, part_from
from services.profiles.stores.sqlite_profiles import encode
from shared.analyzed_post import Voice

_PIECE = 500
_COLUMNS = "voice, span, start, body, theta, authors"
_AT = "SELECT body, theta, authors FROM bucket WHERE brand = ? AND span = ? AND start = ? AND voice = ?"


def add_to_buckets(connection: sqlite3.Connection, brand: str, added: Mapping[BucketKey, Rollup]) -> None:
    """Add to the buckets."""
    _write(connection, brand, {key: join(_read(connection, brand, key), more) for key, more in added.items()})


def take_from_buckets(
    connection: sqlite3.Connection, brand: str, taken: Mapping[BucketKey, tuple[Rollup, set[str]]]
) -> None:
    """Take posts out of buckets, and those authors of each who have none left in it."""
    _write(
        connection,
        brand,
        {key: part_from(_read(connection, brand, key), part, gone) for key, (part, gone) in taken.items()},
    )


def forget_in_buckets(connection: sqlite3.Connection, brand: str, author_key: str) -> None:
    """Take an author out of the counts of distinct authors of every bucket: whose hours they were may have expired."""
    found = connection.execute("SELECT rowid, theta, authors FROM bucket WHERE brand = ?", (brand,))
    while rows := found.fetchmany(_PIECE):
        for row in rows:
            known = AuthorSketch(row["authors"], row["theta"])
            rest = without(known, [author_key])
            if rest.kept < known.kept:
                connection.execute("UPDATE bucket SET authors = ? WHERE rowid = ?", (rest.numbers, row["rowid"]))


def rollups(
    connection: sqlite3.Connection,
    brand: str,
    span: Span,
    stretch: tuple[int, int],
    voice: Voice | None,
    limit: int | None,
) -> list[Bucket]:
    """Return the first `limit` buckets that begin in a stretch, by time; joined only where both voices have one."""
    statement = (
        f"SELECT {_COLUMNS} FROM bucket WHERE brand = ? AND span = ? AND start >= ? AND start < ? "  # noqa: S608 - our own
        + ("AND voice = ? " if voice else "")
        + "ORDER BY start LIMIT ?"
    )
    # Two voices are two rows of one bucket; rows beyond the limit are not fetched.
    most = -1 if limit is None else 2 * limit
    values = [brand, span, *stretch, *([voice] if voice else []), most]
    found = (_kept(row) for row in connection.execute(statement, values))
    buckets = groupby(found, lambda bucket: bucket.key.start)
    return [Bucket(start, reduce(join, (bucket.rollup for bucket in same))) for start, same in islice(buckets, limit)]


def kept_buckets(connection: sqlite3.Connection, brand: str) -> list[KeptBucket]:
    """Return every bucket of a brand, by key."""
    statement = f"SELECT {_COLUMNS} FROM bucket WHERE brand = ? ORDER BY voice, span, start"  # noqa: S608 - our own
    return [_kept(row) for row in connection.execute(statement, (brand,))]


def has_buckets(connection: sqlite3.Connection, brand: str) -> bool:
    """Tell whether the brand has any."""
    return connection.execute("SELECT 1 FROM bucket WHERE brand = ? LIMIT 1", (brand,)).fetchone() is not None


def add_buckets(connection: sqlite3.Connection, brand: str, buckets: Sequence[KeptBucket]) -> int:
    """Put those of the buckets in place that are not there yet, and return how many."""
    new = {kept.key: kept.rollup for kept in buckets if not _read(connection, brand, kept.key).posts}
    _write(connection, brand, new)
    return len(new)


def _read(connection: sqlite3.Connection, brand: str, key: BucketKey) -> Rollup:
    row = connection.execute(_AT, (brand, key.span, key.start, key.voice)).fetchone()
    return _rollup(row) if row else EMPTY


def _write(connection: sqlite3.Connection, brand: str, buckets: Mapping[BucketKey, Rollup]) -> None:
    connection.executemany(
        """
        INSERT INTO bucket (brand, span, start, voice, body, theta, authors) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (brand, span, start, voice)
        DO UPDATE SET body = excluded.body, theta = excluded.theta, authors = excluded.authors
        """,
        [
            (
                brand,
                key.span,
                key.start,
                key.voice,
                encode(to_bucket(one)),
                one.authors.theta,
                one.authors.numbers,
            )
            for key, one in buckets.items()
            if one.posts
        ],
    )
    connection.executemany(
        "DELETE FROM bucket WHERE brand = ? AND span = ? AND start = ? AND voice = ?",
        [(brand, key.span, key.start, key.voice) for key, one in buckets.items() if not one.posts],
    )


def _kept(row: Any) -> KeptBucket:
    return KeptBucket(BucketKey(row["voice"], row["span"], row["start"]), _rollup(row))


def _rollup(row: Any) -> Rollup:
    return from_bucket(json.loads(row["body"]), AuthorSketch(row["authors"], row["theta"]))
