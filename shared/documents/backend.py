"""Which database of documents a URL means."""

from collections.abc import AsyncIterator
from collections.abc import Collection as Several
from contextlib import asynccontextmanager

from shared.documents.base import Documents
from shared.documents.collection import Collection
from shared.documents.mongo import MongoDocuments, Preparation
from shared.documents.sqlite import SqliteDocuments, schema_of
from shared.mongo import open_mongo
from shared.sqlite import Statement, open_sqlite
from shared.store_url import MongoUrl, SqliteUrl


@asynccontextmanager
async def open_documents(
    url: SqliteUrl | MongoUrl,
    collections: Several[Collection],
    migrations: Several[Statement[None]] = (),
    prepare: Preparation | None = None,
) -> AsyncIterator[Documents]:
    """Open the database that `url` names, for these collections.

    `migrations` bring up a SQLite file of before, as `open_sqlite` says; `prepare` does so on a MongoDB server, at the
    first operation, which is when it must answer: a service that wants to know at start calls `check_ready`.

    Raises SettingsError where a file or a URL cannot be used.
    """
    if isinstance(url, SqliteUrl):
        async with open_sqlite(url.path, schema_of(collections), tuple(migrations)) as file:
            yield SqliteDocuments(file, collections)
    else:
        async with open_mongo(url) as database:
            yield MongoDocuments(database, collections, prepare)
