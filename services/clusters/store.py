"""What clusters keeps, on one SQLite file or one MongoDB database; each store says in its module what it promises."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.clusters.catalog.catalog_store import CATALOGS, PARTS, CatalogStore
from services.clusters.freshness.freshness_store import (
    FOLLOWED,
    FRESHNESS,
    SCHEDULES,
    FreshnessStore,
    ScheduleStore,
)
from services.clusters.runs.artifacts import ARTIFACTS
from services.clusters.runs.migration import moves_of_earlier
from services.clusters.runs.run_store import RUNS, RunStore
from shared.clock import Clock
from shared.documents.backend import open_documents
from shared.documents.base import Documents
from shared.documents.migration import moved_collections, moved_tables
from shared.rounds import ROUNDS, RoundStore
from shared.store_url import MongoUrl, SqliteUrl

COLLECTIONS: Final = (RUNS, ARTIFACTS, CATALOGS, PARTS, FRESHNESS, FOLLOWED, SCHEDULES, ROUNDS)


@dataclass(frozen=True)
class ClustersStore:
    """The open stores; `documents` is the database that they share."""

    runs: RunStore
    catalogs: CatalogStore
    freshness: FreshnessStore
    schedules: ScheduleStore
    rounds: RoundStore
    documents: Documents


@asynccontextmanager
async def open_store(url: SqliteUrl | MongoUrl, lease: timedelta, clock: Clock) -> AsyncIterator[ClustersStore]:
    """Open every store; what an earlier voxpop kept there moves first. A run's lease lapses `lease` after its renewal.

    Raises SettingsError where a file or a URL cannot be used.
    """
    moves = moves_of_earlier(lease)
    async with open_documents(url, COLLECTIONS, [moved_tables(moves, [RUNS])], moved_collections(moves)) as documents:
        await documents.check_ready()
        yield ClustersStore(
            runs=RunStore(documents, clock, lease),
            catalogs=CatalogStore(documents, clock),
            freshness=FreshnessStore(documents),
            schedules=ScheduleStore(documents),
            rounds=RoundStore(documents),
            documents=documents,
        )
