"""Which store a URL means."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.profiles.stores.base import ProfileStore
from services.profiles.stores.mongo import MongoProfileStore
from services.profiles.stores.sqlite import SqliteProfileStore
from services.profiles.stores.sqlite_schema import SCHEMA
from shared.mongo import open_mongo
from shared.sqlite import open_sqlite
from shared.store_url import MongoUrl, SqliteUrl


@asynccontextmanager
async def open_store(url: SqliteUrl | MongoUrl) -> AsyncIterator[ProfileStore]:
    """Open the store, with tables or indexes made and interrupted folds finished."""
    if isinstance(url, SqliteUrl):
        async with open_sqlite(url.path, SCHEMA) as file:
            yield SqliteProfileStore(file)
    else:
        async with open_mongo(url) as database:
            store = MongoProfileStore(database)
            await store.prepare()
            yield store
