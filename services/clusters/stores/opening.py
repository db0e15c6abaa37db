"""Which store a URL means."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from services.clusters.stores.base import Clock, RunStore, utc_now
from services.clusters.stores.mongo import MongoRunStore
from services.clusters.stores.sqlite import SCHEMA, SqliteRunStore
from shared.mongo import open_mongo
from shared.sqlite import open_sqlite
from shared.store_url import MongoUrl, SqliteUrl


@asynccontextmanager
async def open_store(url: SqliteUrl | MongoUrl, lease: timedelta, clock: Clock = utc_now) -> AsyncIterator[RunStore]:
    """Open the store with its table or indexes made; a lease lapses `lease` after its last renewal."""
    if isinstance(url, SqliteUrl):
        async with open_sqlite(url.path, SCHEMA) as file:
            yield SqliteRunStore(file, clock, lease)
    else:
        async with open_mongo(url) as database:
            store = MongoRunStore(database, clock, lease)
            await store.prepare()
            yield store
