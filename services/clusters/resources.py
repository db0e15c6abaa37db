"""What the service holds while it runs."""

import secrets
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from services.clusters.metrics import RunMetrics
from services.clusters.pipeline import Pipeline
from services.clusters.profiles_peer import ProfilesPeer
from services.clusters.settings import ClustersSettings
from services.clusters.stores.base import RunStore
from services.clusters.stores.opening import open_store
from services.clusters.trainer import Trainer
from shared.peers import Peer


@dataclass(frozen=True)
class Resources:
    """Opened by the lifespan, read by the routes."""

    store: RunStore
    profiles: ProfilesPeer
    trainer: Trainer


@asynccontextmanager
async def open_resources(
    settings: ClustersSettings, http: httpx.AsyncClient, metrics: RunMetrics
) -> AsyncIterator[Resources]:
    """Open the store and the trainer; leaving waits for fits that are on and marks their runs interrupted."""
    key = settings.service_key.get_secret_value() if settings.service_key is not None else None
    peer = Peer("profiles", settings.profiles_url, http, service_key=key, deadline=settings.peer_deadline)
    profiles = ProfilesPeer(peer, settings.page_rows)
    with ThreadPoolExecutor(settings.concurrent_runs, thread_name_prefix="training") as executor:
        async with open_store(settings.parsed_store(), settings.lease()) as store:
            trainer = Trainer(
                store,
                Pipeline(profiles, settings.budget(), executor),
                metrics,
                owner=secrets.token_hex(8),
                concurrent=settings.concurrent_runs,
                queued=settings.queued_runs,
                beat=settings.beat(),
            )
            async with trainer.running():
                yield Resources(store, profiles, trainer)
