"""What the clusters service opens when it starts."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry

from services.clusters.catalog.catalog_embedding import CatalogEmbedding
from services.clusters.fits.map_points import rehearse
from services.clusters.freshness.follower import Follower
from services.clusters.freshness.run_models import RunModels
from services.clusters.freshness.scheduled_runs import ScheduledRuns
from services.clusters.runs.ended_runs import EndedRuns
from services.clusters.runs.metrics import RunMetrics
from services.clusters.runs.run_events import RunEvents
from services.clusters.runs.run_steps import RunSteps
from services.clusters.runs.segment_posts import SegmentReader
from services.clusters.runs.topic_steps import TopicSteps
from services.clusters.runs.trainer import Trainer
from services.clusters.settings import ClustersSettings
from services.clusters.store import ClustersStore, open_store
from services.clusters.worker import ComputationError, Worker, WorkerLostError, open_worker
from shared.background import running
from shared.clock import Clock
from shared.peers import Transports, peer_http
from shared.profiles_peer import ProfilesPeer
from shared.rounds import keep_round
from shared.sentiment_peer import SentimentPeer
from shared.web.health import Check

WARM_MODULES: Final = (
    "services.clusters.runs.trained_clusters",
    "scipy.optimize",
    "sklearn.cluster",
    "sklearn.metrics",
)
"""What a worker process imports before its first call: seconds that no run waits for."""
WARM_AFTER: Final = 5.0
"""Seconds: the start of the service is not held up by a process that nothing waits for yet."""
REHEARSED_AFTER: Final = 20.0
"""Seconds later, in which those who start a service for a moment have stopped it again."""


@dataclass(frozen=True)
class Resources:
    """Opened by the lifespan, read by the routes."""

    store: ClustersStore
    profiles: ProfilesPeer
    trainer: Trainer
    ended: EndedRuns
    events: RunEvents
    worker: Worker
    embedding: CatalogEmbedding
    models: RunModels
    segments: SegmentReader
    clock: Clock
    example_posts: int

    def checks(self) -> Mapping[str, Check]:
        """Return what must be ready, by name."""
        return {"store": self.store.documents.check_ready, "profiles": self.profiles.check_ready}


@asynccontextmanager
async def open_resources(
    settings: ClustersSettings, transports: Transports | None, registry: CollectorRegistry, clock: Clock
) -> AsyncIterator[Resources]:
    """Open the store, the worker and the trainer; leaving ends what is computed and marks its runs interrupted."""
    async with (
        peer_http(transports) as http,
        open_store(settings.parsed_store(), settings.lease(), clock) as store,
        open_worker(
            settings.data_dir / "clusters-scratch",
            most=settings.concurrent_runs + 1,  # what is quickly told does not wait for a training
            threads=settings.worker_threads(),
            longest=settings.longest_computation(),
            modules=WARM_MODULES,
        ) as worker,
    ):
        profiles = ProfilesPeer.named("profiles", settings, http)
        owner = worker.scratch.folder.name
        ended = EndedRuns(store.runs, profiles, worker, owner)
        trainer = Trainer(
            store.runs,
            RunSteps(
                profiles,
                store.runs,
                settings.page_rows,
                settings.budget(),
                worker,
                settings.card_posts,
                settings.example_posts,
            ),
            TopicSteps(profiles, store.runs, worker, settings.read_posts, clock),
            ended,
            RunMetrics(registry),
            owner=owner,
            dead=worker.scratch.dead,
            concurrent=settings.concurrent_runs,
            queued=settings.queued_runs,
            beat=settings.beat(),
            clock=clock,
        )

        async def warm() -> None:
            await clock.sleep(WARM_AFTER)
            worker.warm()
            await clock.sleep(REHEARSED_AFTER)
            with suppress(ComputationError, WorkerLostError, OSError):
                await worker.run(rehearse)

        embedding = CatalogEmbedding(store.catalogs, SentimentPeer.named("sentiment", settings, http))
        owner, models = secrets.token_hex(8), RunModels(store.runs)
        rounds = (
            embedding.round(),
            Follower(store.runs, models, store.freshness, profiles, clock).round(),
            ScheduledRuns(store.schedules, store.freshness, store.runs, trainer, clock).round(),
        )
        beside: dict[str, Callable[[], Awaitable[None]]] = {
            "warm worker": warm,
            **{made.name: partial(keep_round, made, store.rounds, owner, clock) for made in rounds},
        }
        async with running(beside, clock), trainer.running():
            events = RunEvents(store.runs, trainer, clock)
            segments = SegmentReader(profiles, settings.read_posts, clock)
            yield Resources(
                store,
                profiles,
                trainer,
                ended,
                events,
                worker,
                embedding,
                models,
                segments,
                clock,
                settings.example_posts,
            )
