"""How the suites of replies open a store, once or as several replicas."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.ingest.replies.stores.base import ReplyStore
from services.ingest.replies.stores.mongo import MongoReplyStore
from services.ingest.replies.stores.sqlite import SCHEMA, SqliteReplyStore
from shared.mongo import open_mongo
from shared.sqlite import open_sqlite
from shared.store_url import MongoUrl

Where = Path | MongoUrl


@asynccontextmanager
async def opened(where: Where) -> AsyncIterator[ReplyStore]:
    """Open the store at a file or in a MongoDB database, as one more replica."""
    if isinstance(where, Path):
        async with open_sqlite(where, SCHEMA) as file:
            yield SqliteReplyStore(file)
    else:
        async with open_mongo(where) as database:
            store = MongoReplyStore(database)
            await store.prepare()
            yield store
