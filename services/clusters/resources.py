"""What the clusters service opens when it starts."""

import secrets
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from services.clusters.runs.metrics import RunMetrics
from services.clusters.runs.run_steps import RunSteps
from services.clusters.runs.run_store import RunStore, open_run_store
from services.clusters.runs.trainer import Trainer
from services.clusters.settings import ClustersSettings
from shared.clock import Clock
from shared.peers import Transports, peer_http
from shared.profiles_peer import ProfilesPeer
from shared.web.health import Check


@dataclass(frozen=True)
class Resources:
    """Opened by the lifespan, read by the routes."""

    store: RunStore
    profiles: ProfilesPeer
    trainer: Trainer

    def checks(self) -> Mapping[str, Check]:
        """Return what must be ready, by name."""
        return {"store": self.store.check_ready, "profiles": self.profiles.check_ready}


@asynccontextmanager
async def open_resources(
    settings: ClustersSettings, transports: Transports | None, registry: CollectorRegistry, clock: Clock
) -> AsyncIterator[Resources]:
    """Open the store and the trainer; leaving waits for fits that are on and marks their runs interrupted."""
    with ThreadPoolExecutor(settings.concurrent_runs, thread_name_prefix="training") as executor:
        async with (
            peer_http(transports) as http,
            open_run_store(settings.parsed_store(), settings.lease(), clock) as store,
        ):
            profiles = ProfilesPeer.named("profiles", settings, http)
            trainer = Trainer(
                store,
                RunSteps(profiles, settings.page_rows, settings.budget(), executor),
                RunMetrics(registry),
                owner=secrets.token_hex(8),
                concurrent=settings.concurrent_runs,
                queued=settings.queued_runs,
                beat=settings.beat(),
                clock=clock,
            )
            async with trainer.running():
                yield Resources(store, profiles, trainer)
