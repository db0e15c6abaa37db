"""Slices of folding into SQLite by a tree of this project, each on a line of its input: CPU milliseconds a post.

Run as a file, with the tree on PYTHONPATH, so that two trees can take turns in one run: see `beside`.
"""

import asyncio
import gc
import sys
import tempfile
import time
from pathlib import Path

from bench.profiles.posts import batches
from services.profiles.stores.sqlite import SqliteProfileStore
from services.profiles.stores.sqlite_migrations import MIGRATIONS
from services.profiles.stores.sqlite_schema import SCHEMA
from shared.sqlite import open_sqlite

POSTS = 4_000
BATCH = 500
AUTHORS = 2_400


async def main() -> None:
    """Fold the same posts into a fresh file for each line, and print what it took."""
    made = list(batches(POSTS, BATCH, AUTHORS))
    gc.freeze()
    for _ in sys.stdin:
        with tempfile.TemporaryDirectory() as folder:
            async with open_sqlite(Path(folder) / "slice.db", SCHEMA, MIGRATIONS) as file:
                store = SqliteProfileStore(file)
                started = time.process_time()
                for batch in made:
                    await store.fold("bench", batch)
                print((time.process_time() - started) / POSTS * 1000, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
