"""Which store a URL means."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from services.profiles.alerts.migration import MONGO_MOVES, SQLITE_MOVES
from services.profiles.alerts.store import COLLECTIONS as ALERT_COLLECTIONS
from services.profiles.alerts.store import AlertStore
from services.profiles.stores import sqlite_schema
from services.profiles.stores.base import ProfileStore
from services.profiles.stores.mongo import MongoProfileStore
from services.profiles.stores.sqlite import SqliteProfileStore
from services.profiles.stores.sqlite_assignments import runs_of_assignments
from services.profiles.stores.sqlite_features import features_beside_profiles
from services.profiles.stores.sqlite_migrations import MIGRATIONS, means_into_one_index
from shared.clock import Clock, SystemClock
from shared.documents.base import Documents
from shared.documents.migration import Move, moved_collections, moved_tables
from shared.documents.mongo import MongoDocuments
from shared.documents.sqlite import SqliteDocuments, schema_of
from shared.mongo import MongoDatabase, open_mongo
from shared.rounds import ROUNDS, RoundStore, earlier_round
from shared.sqlite import open_sqlite
from shared.store_url import MongoUrl, SqliteUrl

COLLECTIONS: Final = (*ALERT_COLLECTIONS, ROUNDS)
MOVED_TABLES: Final = moved_tables((*SQLITE_MOVES, Move("round", earlier_round)), COLLECTIONS)
MOVED_COLLECTIONS: Final = moved_collections((*MONGO_MOVES, Move("rounds", earlier_round)))
UPGRADES: Final = (*MIGRATIONS, MOVED_TABLES, features_beside_profiles, runs_of_assignments, means_into_one_index)
SCHEMA: Final = ";".join((sqlite_schema.SCHEMA, schema_of(COLLECTIONS)))


@dataclass(frozen=True, slots=True)
class Stores:
    """The ports of one database."""

    profiles: ProfileStore
    alerts: AlertStore
    rounds: RoundStore


@asynccontextmanager
async def open_stores(url: SqliteUrl | MongoUrl, clock: Clock | None = None) -> AsyncIterator[Stores]:
    """Open every port, with the schema of today; `clock` tells when posts are stored.

    Raises SettingsError where a file cannot be used, PeerUnavailableError where a server does not answer.
    """
    clock = clock or SystemClock()
    if isinstance(url, SqliteUrl):
        async with open_sqlite(url.path, SCHEMA, UPGRADES) as file:
            yield _stores(SqliteProfileStore(file, clock), SqliteDocuments(file, COLLECTIONS))
    else:
        async with open_mongo(url) as database:
            yield await _on_mongo(database, clock)


async def _on_mongo(database: MongoDatabase, clock: Clock) -> Stores:
    profiles = MongoProfileStore(database, clock)
    await profiles.prepare()
    return _stores(profiles, MongoDocuments(database, COLLECTIONS, MOVED_COLLECTIONS))


def _stores(profiles: ProfileStore, documents: Documents) -> Stores:
    return Stores(profiles, AlertStore(documents), RoundStore(documents))


@asynccontextmanager
async def open_store(url: SqliteUrl | MongoUrl, clock: Clock | None = None) -> AsyncIterator[ProfileStore]:
    """Open the database as `open_stores` does, for callers that need its profiles alone."""
    async with open_stores(url, clock) as stores:
        yield stores.profiles
