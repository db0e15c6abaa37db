"""Which store a URL means."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.sentiment.categories.stores.base import CategoryStore
from services.sentiment.categories.stores.mongo import MongoCategoryStore
from services.sentiment.categories.stores.sqlite import SCHEMA, SqliteCategoryStore
from shared.mongo import open_mongo
from shared.sqlite import open_sqlite
from shared.store_url import MongoUrl, SqliteUrl


@asynccontextmanager
async def open_store(url: SqliteUrl | MongoUrl) -> AsyncIterator[CategoryStore]:
    """Open the store; a SQLite file is made where there is none, a MongoDB server need not answer yet."""
    if isinstance(url, SqliteUrl):
        async with open_sqlite(url.path, SCHEMA) as file:
            yield SqliteCategoryStore(file)
    else:
        async with open_mongo(url) as database:
            yield MongoCategoryStore(database)
