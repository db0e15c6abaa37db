"""Hours and days in SQLite, as they are read for an answer or a backup."""

import sqlite3
from functools import reduce
from itertools import groupby, islice
from typing import Any

from services.profiles.kept import KeptBucket
from services.profiles.rollup import Bucket, Span, join
from services.profiles.stores.sqlite_reads import BUCKET_COLUMNS, rollup_of_row, sharded_key
from shared.analyzed_post import Voice


def rollups(
    connection: sqlite3.Connection,
    brand: str,
    span: Span,
    window: tuple[int, int],
    voice: Voice | None,
    limit: int | None,
) -> list[Bucket]:
    """Return the first `limit` buckets that begin in a window, by time; joined only where both voices have one."""
    statement = (
        f"SELECT {BUCKET_COLUMNS} FROM bucket WHERE brand = ? AND span = ? AND start >= ? AND start < ? "  # noqa: S608 - our own
        + ("AND voice = ? " if voice else "")
        + "ORDER BY start LIMIT ?"
    )
    # Two voices are two rows of one bucket; rows beyond the limit are not fetched.
    most = -1 if limit is None else 2 * limit
    values = [brand, span, *window, *([voice] if voice else []), most]
    found = (_kept(row) for row in connection.execute(statement, values))
    buckets = groupby(found, lambda bucket: bucket.key.start)
    return [Bucket(start, reduce(join, (bucket.rollup for bucket in same))) for start, same in islice(buckets, limit)]


def kept_buckets(connection: sqlite3.Connection, brand: str) -> list[KeptBucket]:
    """Return every bucket of a brand, by key."""
    statement = f"SELECT {BUCKET_COLUMNS} FROM bucket WHERE brand = ? ORDER BY voice, span, start"  # noqa: S608 - our own
    return [_kept(row) for row in connection.execute(statement, (brand,))]


def _kept(row: Any) -> KeptBucket:
    return KeptBucket(sharded_key(row)[0], rollup_of_row(row))
