"""What ingest keeps, on one SQLite file or one MongoDB database; each store says in its own module what it promises."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from services.ingest.brands.store import BRANDS, BrandStore
from services.ingest.erasures.store import ERASURES, ErasureStore
from services.ingest.migration import MONGO_MOVES, SQLITE_MOVES
from services.ingest.replies.store import REPLY_COLLECTIONS, ReplyStore
from services.ingest.streams.spend import SPEND, SpendStore
from services.ingest.streams.store import STREAMS, StreamStore
from services.ingest.vault.store import VAULT, VaultStore
from shared.documents.backend import open_documents
from shared.documents.base import Documents
from shared.documents.migration import moved_collections, moved_tables
from shared.rounds import ROUNDS, RoundStore
from shared.store_url import MongoUrl, SqliteUrl

COLLECTIONS: Final = (ERASURES, VAULT, BRANDS, SPEND, ROUNDS, STREAMS, *REPLY_COLLECTIONS)


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
    moves = (moved_tables(SQLITE_MOVES, COLLECTIONS),), moved_collections(MONGO_MOVES)
    async with open_documents(url, COLLECTIONS, *moves) as documents:
        await documents.check_ready()
        yield IngestStore(
            streams=StreamStore(documents),
            spend=SpendStore(documents),
            brands=BrandStore(documents),
            vault=VaultStore(documents),
            replies=ReplyStore(documents),
            rounds=RoundStore(documents),
            erasures=ErasureStore(documents),
            documents=documents,
        )
