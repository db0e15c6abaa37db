"""Seconds in which a brand's features come from profiles to a client, page by page as clusters reads them.

Profiles runs in a process of its own on a store that is filled first, by copying the records of real folds under other
author keys in random order; the client is this process. Both are warm: a page was asked for before.
"""

import argparse
import asyncio
import os
import secrets
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pymongo
from numpy.typing import NDArray

from bench.profiles.posts import batches
from bench.serving import Server, serving
from services.profiles.feature_record import RECORD
from services.profiles.stores.base import ProfileStore
from services.profiles.stores.database import open_store
from services.profiles.stores.mongo import MongoProfileStore
from shared.analyzed_post import AnalyzedPost
from shared.mongo import open_mongo
from shared.peers import peer_http
from shared.profiles_peer import ProfilesPeer
from shared.store_url import MongoUrl, SqliteUrl

Row = TypeVar("Row")

BRAND = "bench"
PAGE = 100_000
POSTS, BATCH, AUTHORS = 2_000, 500, 1_000
CHANGED = 1_000
ROUNDS = 3
COLUMNS = 24
DROP_SECONDS = 600.0
_NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)


def main() -> None:
    """Print a line for each store and size."""
    parser = argparse.ArgumentParser(prog="python -m bench.feature_transport", description=__doc__)
    parser.add_argument("profiles", nargs="*", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--mongo", type=int, default=20_000, help="profiles in MONGODB_TEST_URL's server, 0 for none")
    asked = parser.parse_args()
    asyncio.run(_measure(asked.profiles, asked.mongo))


async def _measure(sizes: list[int], mongo: int) -> None:
    print(f"\nfeatures from profiles to a client over loopback, pages of {PAGE:,}, best of {ROUNDS}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "profiles.db"
            await fill_sqlite(path, size)
            with serving("serve", "profiles", ready="/readyz", PROFILES_STORE=f"sqlite:///{path}") as server:
                await _report("SQLite", server)
    if mongo and (address := os.environ.get("MONGODB_TEST_URL")):
        async with _filled_mongo(address, mongo) as url:
            with serving("serve", "profiles", ready="/readyz", PROFILES_STORE=url) as server:
                await _report("MongoDB", server)


async def _report(store: str, server: Server) -> None:
    async with peer_http(None) as http:
        peer = ProfilesPeer("profiles", server.url, http, deadline=600.0)
        changes = await peer.changes(0)
        await peer.features(BRAND, 1_000, None)
        best, rows, size, made = float("inf"), 0, 0, 0.0
        for _ in range(ROUNDS):
            started = time.perf_counter()
            table, size = await _table(peer)
            taken = time.perf_counter() - started
            matrix = _matrix(table)
            best, rows = min(best, taken), matrix.shape[0]
            made = time.perf_counter() - started - taken
        started = time.perf_counter()
        content, _ = await peer.features(BRAND, CHANGED, None, changed_after=changes.brands[BRAND] - 1)
        few = time.perf_counter() - started
    print(
        f"  {store:8} {rows:10,} profiles {best:7.2f} s {rows / best:10,.0f} rows/s {size / 1e6 / best:6.0f} MB/s, "
        f"{COLUMNS} columns as a float32 matrix {made:.2f} s; the {_read(content).num_rows} that changed last "
        f"{few * 1000:.0f} ms"
    )


async def _table(peer: ProfilesPeer) -> tuple[pa.Table, int]:
    """Return every page joined, and their bytes."""
    pages, size, cursor = list[pa.Table](), 0, None
    while True:
        content, cursor = await peer.features(BRAND, PAGE, cursor)
        pages.append(_read(content))
        size += len(content)
        if cursor is None:
            return pa.concat_tables(pages), size


def _read(content: bytes) -> pa.Table:
    with pa.ipc.open_stream(content) as stream:
        return stream.read_all()


def _matrix(table: pa.Table) -> NDArray[np.float32]:
    """Return the first numeric columns, NaN for null, (profiles, columns)."""
    names = [field.name for field in table.schema if any(fits(field.type) for fits in _NUMBERS)][:COLUMNS]
    matrix = np.empty((len(table), COLUMNS), dtype=np.float32)
    for place, name in enumerate(names):
        matrix[:, place] = table[name].cast(pa.float32(), safe=False).to_numpy()
    return matrix


async def fill_sqlite(path: Path, size: int) -> None:
    """Make a store of profiles with so many authors of `BRAND`."""
    async with open_store(SqliteUrl(path)) as store:
        await _fold(store)
    with closing(sqlite3.connect(path)) as file, file:
        rows = file.execute("SELECT changed, record FROM feature").fetchall()
        more = ((BRAND, *changed, *_renamed(record)) for *changed, record in _repeated(rows, size))
        file.executemany("INSERT INTO feature (brand, changed, author_key, record) VALUES (?, ?, ?, ?)", more)
    async with open_store(SqliteUrl(path)) as store:
        await store.fold(BRAND, _last())


@asynccontextmanager
async def _filled_mongo(address: str, size: int) -> AsyncIterator[str]:
    name = f"transport_{secrets.token_hex(8)}"
    async with open_mongo(MongoUrl(address, name)) as database:
        store = MongoProfileStore(database)
        await store.prepare()
        await _fold(store)
        found = await database["profiles"].find({"brand": BRAND}).to_list(None)
        made = [
            {**one, "_id": f"{BRAND}|{author_key}", "author_key": author_key, "record": record}
            for one in _repeated(found, size)
            for author_key, record in [_renamed(one["record"])]
        ]
        for start in range(0, len(made), 1_000):
            await database["profiles"].insert_many(made[start : start + 1_000])
        await store.fold(BRAND, _last())
        yield f"{address.rstrip('/')}/{name}"
        with pymongo.timeout(DROP_SECONDS):
            await database.client.drop_database(name)


async def _fold(store: ProfileStore) -> None:
    for batch in batches(POSTS, BATCH, AUTHORS):
        await store.fold(BRAND, batch)


def _last() -> list[AnalyzedPost]:
    """Return the posts of the last change."""
    return next(batches(CHANGED, CHANGED, 100 * CHANGED, seed=1))


def _renamed(record: bytes) -> tuple[str, bytes]:
    """Return another author, and the record as theirs."""
    key = secrets.token_bytes(RECORD["author_key"].itemsize)
    return key.hex(), key + record[len(key) :]


def _repeated(rows: list[Row], size: int) -> list[Row]:
    return [rows[number % len(rows)] for number in range(max(0, size - len(rows)))]


if __name__ == "__main__":
    main()
