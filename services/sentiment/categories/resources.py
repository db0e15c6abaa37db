"""What the service holds for category sets while it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.sentiment.categories.built_in import read_built_in
from services.sentiment.categories.metrics import CategoryMetrics
from services.sentiment.categories.registry import CategoryRegistry
from services.sentiment.categories.stores.opening import open_store
from services.sentiment.categories.trainer import CategoryTrainer, Embedder
from shared.store_url import MongoUrl, SqliteUrl


@dataclass(frozen=True)
class Categories:
    """Opened by the lifespan, read by the routes."""

    registry: CategoryRegistry
    trainer: CategoryTrainer


@asynccontextmanager
async def open_categories(
    url: SqliteUrl | MongoUrl, model_folder: Path, embedder: Embedder, registry: CollectorRegistry
) -> AsyncIterator[Categories]:
    """Open the store, read the sets, follow the store; leaving ends a training under way at its next fit.

    Raises SettingsError where the database file or one of the model's own sets cannot be read.
    """
    metrics = CategoryMetrics(registry)
    version = embedder.embedding_version
    built_in = await asyncio.to_thread(read_built_in, model_folder, version)
    async with open_store(url) as store:
        sets = CategoryRegistry(store, metrics, embedding_version=version, built_in=built_in)
        trainer = CategoryTrainer(embedder, sets, metrics)
        async with sets.running(), trainer.running():
            yield Categories(sets, trainer)
