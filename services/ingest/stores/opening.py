"""Which store a URL means."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from services.ingest.brands.stores import sqlite as sqlite_brands
from services.ingest.brands.stores.mongo import MongoBrandStore
from services.ingest.erasures.stores import sqlite as sqlite_erasures
from services.ingest.erasures.stores.mongo import MongoErasureStore
from services.ingest.replies.stores import sqlite as sqlite_replies
from services.ingest.replies.stores.mongo import MongoReplyStore
from services.ingest.stores.base import IngestStore
from services.ingest.streams.stores import sqlite as sqlite_streams
from services.ingest.streams.stores import sqlite_spend
from services.ingest.streams.stores.mongo import MongoStreamStore
from services.ingest.streams.stores.mongo_spend import MongoSpendStore
from services.ingest.vault.stores import sqlite as sqlite_vault
from services.ingest.vault.stores.mongo import MongoVaultStore
from shared.documents.mongo import MongoDocuments
from shared.documents.sqlite import SqliteDocuments, schema_of
from shared.mongo import MongoDatabase, answering, open_mongo
from shared.rounds import ROUNDS, RoundStore
from shared.sqlite import SqliteDatabase, open_sqlite
from shared.store_url import MongoUrl, SqliteUrl

SCHEMA: Final = ";".join(
    (
        *(
            module.SCHEMA
            for module in (
                sqlite_streams,
                sqlite_spend,
                sqlite_brands,
                sqlite_vault,
                sqlite_replies,
                sqlite_erasures,
            )
        ),
        schema_of((ROUNDS,)),
    )
)


@asynccontextmanager
async def open_store(url: SqliteUrl | MongoUrl) -> AsyncIterator[IngestStore]:
    """Open every port of the store, with tables or indexes made.

    Raises SettingsError where a file cannot be used, PeerUnavailableError where a server does not answer.
    """
    if isinstance(url, SqliteUrl):
        async with open_sqlite(url.path, SCHEMA) as file:
            yield _on_sqlite(file)
    else:
        async with open_mongo(url) as database:
            yield await _on_mongo(database)


def _on_sqlite(file: SqliteDatabase) -> IngestStore:
    async def check_ready() -> None:
        await file.read(lambda connection: connection.execute("SELECT 1").fetchone())

    return IngestStore(
        streams=sqlite_streams.SqliteStreamStore(file),
        spend=sqlite_spend.SqliteSpendStore(file),
        brands=sqlite_brands.SqliteBrandStore(file),
        vault=sqlite_vault.SqliteVaultStore(file),
        replies=sqlite_replies.SqliteReplyStore(file),
        rounds=RoundStore(SqliteDocuments(file, (ROUNDS,))),
        erasures=sqlite_erasures.SqliteErasureStore(file),
        check_ready=check_ready,
        scrub=file.checkpoint,
    )


async def _on_mongo(database: MongoDatabase) -> IngestStore:
    @answering
    async def check_ready() -> None:
        await database.command("ping")

    streams, spend, brands = MongoStreamStore(database), MongoSpendStore(database), MongoBrandStore(database)
    vault, replies, rounds = (
        MongoVaultStore(database),
        MongoReplyStore(database),
        RoundStore(MongoDocuments(database, (ROUNDS,))),
    )
    erasures = MongoErasureStore(database)
    for port in (streams, spend, brands, vault, replies, erasures):
        await port.prepare()
    return IngestStore(streams, spend, brands, vault, replies, rounds, erasures, check_ready, _left_to_the_server)


async def _left_to_the_server() -> None:
    """Do nothing: a MongoDB server uses the space of deleted documents again, and cannot be told to when."""
