"""Posts folded per second into SQLite: ours, the limit, and how it used to be done."""

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.profiles.recording import Recording, Written, write_again
from services.profiles.encoding import from_document, to_document
from services.profiles.folding import UNIT, combine, increment_of
from services.profiles.stores.sqlite import SqliteProfileStore
from services.profiles.stores.sqlite_migrations import MIGRATIONS
from services.profiles.stores.sqlite_schema import SCHEMA
from shared.analyzed_post import AnalyzedPost
from shared.sqlite import open_sqlite

Batches = Sequence[Sequence[AnalyzedPost]]
BRAND = "bench"


async def ours(batches: Batches) -> float:
    """Return posts per second of `SqliteProfileStore.fold`, two batches in flight, as ingest has them."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_sqlite(Path(folder) / "ours.db", SCHEMA, MIGRATIONS) as file:
            store = SqliteProfileStore(file)
            started = time.perf_counter()
            await in_pairs([partial(store.fold, BRAND, batch) for batch in batches])
            return rate(batches, started)


async def in_pairs(work: Sequence[Callable[[], Awaitable[object]]]) -> None:
    """Do the work in order, two pieces at a time."""
    left = iter(work)

    async def one_after_another() -> None:
        for piece in left:
            await piece()

    await asyncio.gather(one_after_another(), one_after_another())


async def recorded(batches: Batches) -> list[Written]:
    """Return what each batch writes."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_sqlite(Path(folder) / "recorded.db", SCHEMA, MIGRATIONS) as file:
            recording: Any = Recording(file)
            store = SqliteProfileStore(recording)
            for batch in batches:
                await store.fold(BRAND, batch)
            transactions: list[Written] = recording.transactions
            return transactions


async def limit(batches: Batches, written: Sequence[Written]) -> float:
    """Return posts per second of writing the same rows by bare `executemany`, a transaction a batch, two in flight."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_sqlite(Path(folder) / "limit.db", SCHEMA, MIGRATIONS) as file:
            started = time.perf_counter()
            await in_pairs([partial(file.write, partial(write_again, written=rows)) for rows in written])
            return rate(batches, started)


async def alone(batches: Batches, most: int) -> float:
    """Return posts per second of folding each of the first `most` posts by itself: all the same rows, one at a time."""
    posts = [post for batch in batches for post in batch][:most]
    with tempfile.TemporaryDirectory() as folder:
        async with open_sqlite(Path(folder) / "alone.db", SCHEMA, MIGRATIONS) as file:
            store = SqliteProfileStore(file)
            started = time.perf_counter()
            for post in posts:
                await store.fold(BRAND, [post])
            return len(posts) / (time.perf_counter() - started)


async def one_at_a_time(batches: Batches, most: int) -> float:
    """Return posts per second of finding and updating the profile of each of the first `most` posts by itself.

    Profiles alone, as older systems kept them: no hours, no sums of embeddings.
    """
    posts = [post for batch in batches for post in batch][:most]
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "single.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE post (post_key TEXT PRIMARY KEY, body TEXT)")
        connection.execute("CREATE TABLE profile (author_key TEXT PRIMARY KEY, body TEXT)")
        started = time.perf_counter()
        for post in posts:
            _update(connection, post)
        seconds = time.perf_counter() - started
        connection.close()
    return len(posts) / seconds


def _update(connection: sqlite3.Connection, post: AnalyzedPost) -> None:
    if connection.execute("SELECT 1 FROM post WHERE post_key = ?", (post.post_key,)).fetchone():
        return
    found = connection.execute("SELECT body FROM profile WHERE author_key = ?", (post.author_key,)).fetchone()
    known = from_document(json.loads(found[0])) if found else UNIT
    body = json.dumps(to_document(combine(known, increment_of(post))))
    connection.execute("INSERT INTO post VALUES (?, ?)", (post.post_key, post.model_dump_json()))
    connection.execute("INSERT OR REPLACE INTO profile VALUES (?, ?)", (post.author_key, body))


def rate(batches: Batches, started: float) -> float:
    """Return posts per second since a moment of `perf_counter`."""
    return sum(map(len, batches)) / (time.perf_counter() - started)
