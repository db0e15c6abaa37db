"""Which store a URL means."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.profiles.stores.base import ProfileStore
from services.profiles.stores.mongo import MongoProfileStore
from services.profiles.stores.sqlite import SqliteProfileStore
from services.profiles.stores.sqlite_migrations import MIGRATIONS
from services.profiles.stores.sqlite_schema import SCHEMA
from shared.clock import Clock, SystemClock
from shared.mongo import open_mongo
from shared.sqlite import open_sqlite
from shared.store_url import MongoUrl, SqliteUrl


@asynccontextmanager
async def open_store(url: SqliteUrl | MongoUrl, clock: Clock | None = None) -> AsyncIterator[ProfileStore]:
    """Open the store, with its schema of today and interrupted folds finished; `clock` tells when posts are stored."""
    clock = clock or SystemClock()
    if isinstance(url, SqliteUrl):
        async with open_sqlite(url.path, SCHEMA, MIGRATIONS) as file:
            yield SqliteProfileStore(file, clock)
    else:
        async with open_mongo(url) as database:
            store = MongoProfileStore(database, clock)
            await store.prepare()
            yield store
