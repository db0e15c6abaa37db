"""What ingest keeps, on one SQLite file or one MongoDB database; each store says in its own module what it promises."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from services.ingest.brands.store import BRANDS, BrandStore
from services.ingest.erasures.store import ERASURES, ErasureStore
from services.ingest.migration import MONGO_MOVES, SQLITE_MOVES
from services.ingest.replies.stores import sqlite as sqlite_replies
from services.ingest.replies.stores.base import ReplyStore
from services.ingest.replies.stores.mongo import MongoReplyStore
from services.ingest.streams.spend import SPEND, SpendStore
from services.ingest.streams.stores import sqlite as sqlite_streams
from services.ingest.streams.stores.base import StreamStore
from services.ingest.streams.stores.mongo import MongoStreamStore
from services.ingest.vault.store import VAULT, VaultStore
from shared.documents.base import Documents
from shared.documents.migration import moved_collections, moved_tables
from shared.documents.mongo import MongoDocuments
from shared.documents.sqlite import SqliteDocuments, schema_of
from shared.mongo import open_mongo
from shared.rounds import ROUNDS, RoundStore
from shared.sqlite import open_sqlite
from shared.store_url import MongoUrl, SqliteUrl

COLLECTIONS: Final = (ERASURES, VAULT, BRANDS, SPEND, ROUNDS)


@dataclass(frozen=True)
class IngestStore:
    """The open stores; `documents` is the database that they share."""

    streams: StreamStore
    spend: SpendStore
    brands: BrandStore
    vault: VaultStore
    replies: ReplyStore
    rounds: RoundStore
    erasures: ErasureStore
    documents: Documents


@asynccontextmanager
async def open_store(url: SqliteUrl | MongoUrl) -> AsyncIterator[IngestStore]:
    """Open every store, with tables or indexes made and what an earlier version kept moved into them.

    Raises SettingsError where a file or a server cannot be used, PeerUnavailableError where a server does not answer.
    """
    if isinstance(url, SqliteUrl):
        schema = ";".join((sqlite_streams.SCHEMA, sqlite_replies.SCHEMA, schema_of(COLLECTIONS)))
        migrations = (moved_tables(SQLITE_MOVES, COLLECTIONS),)
        async with open_sqlite(url.path, schema, migrations) as file:
            streams, replies = sqlite_streams.SqliteStreamStore(file), sqlite_replies.SqliteReplyStore(file)
            yield _store(SqliteDocuments(file, COLLECTIONS), streams, replies)
    else:
        async with open_mongo(url) as database:
            old_streams, old_replies = MongoStreamStore(database), MongoReplyStore(database)
            documents = MongoDocuments(database, COLLECTIONS, moved_collections(MONGO_MOVES))
            await documents.check_ready()
            await old_streams.prepare()
            await old_replies.prepare()
            yield _store(documents, old_streams, old_replies)


def _store(documents: Documents, streams: StreamStore, replies: ReplyStore) -> IngestStore:
    return IngestStore(
        streams=streams,
        spend=SpendStore(documents),
        brands=BrandStore(documents),
        vault=VaultStore(documents),
        replies=replies,
        rounds=RoundStore(documents),
        erasures=ErasureStore(documents),
        documents=documents,
    )
