"""What the profiles service opens when it starts, and the figures it keeps of its work."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter

from services.profiles.alerts.workers import Alerts, build_alerts, keep_alerts
from services.profiles.analytics.bucket_reads import ReadLimit
from services.profiles.analytics.deviation import explain
from services.profiles.settings import ProfilesSettings
from services.profiles.stores.base import FoldCount, ProfileStore, RemovalCount
from services.profiles.stores.database import Stores, open_stores
from services.profiles.transfer.export import ExportLimit
from services.profiles.transfer.spool import ImportSpool
from services.profiles.withheld_clusters import WithheldClusters
from shared.background import running
from shared.clock import SKEW, Clock
from shared.rounds import Round, keep_round
from shared.web.health import Check

SWEEP_EVERY: Final = timedelta(hours=1)
SWEEP_AGAIN: Final = timedelta(minutes=5)
SWEEP_LASTING: Final = timedelta(minutes=30)
STAGED_TIME: Final = timedelta(days=1)
PIECE: Final = 1000
"""Posts whose texts are forgotten at once: few enough that no fold waits long for the store."""

log = structlog.get_logger(__name__)


class FoldMetrics:
    """Posts delivered and removals, by what became of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the counters."""
        self._posts = Counter("voxpop_profiles_posts_total", "Posts delivered", ("outcome",), registry=registry)
        self._removals = Counter("voxpop_profiles_removals_total", "Removals", ("outcome",), registry=registry)

    def observe(self, count: FoldCount) -> None:
        """Count one delivery."""
        self._posts.labels("folded").inc(count.folded)
        self._posts.labels("duplicate").inc(count.duplicates)

    def observe_removals(self, count: RemovalCount) -> None:
        """Count the removals of one call."""
        self._removals.labels("removed").inc(count.removed)
        self._removals.labels("unknown").inc(count.unknown)


@dataclass(frozen=True)
class Resources:
    """Opened by the lifespan, read by the routes."""

    store: ProfileStore
    alerts: Alerts
    imports: ImportSpool
    exports: ExportLimit
    withheld: WithheldClusters
    metrics: FoldMetrics
    clock: Clock
    kept_runs: int
    reads: ReadLimit = field(default_factory=ReadLimit)

    def checks(self) -> Mapping[str, Check]:
        """Return what must be ready, by name."""
        return {"store": self.store.check_ready}


@asynccontextmanager
async def open_resources(
    settings: ProfilesSettings, registry: CollectorRegistry, clock: Clock
) -> AsyncIterator[Resources]:
    """Open the store, sweep texts and judge alerts beside the requests; raises as `open_stores` does."""
    async with open_stores(settings.parsed_store(), clock) as stores:
        alerts = build_alerts(settings, stores.alerts, clock)
        imports = ImportSpool(settings.data_dir, settings.import_bytes)
        withheld = WithheldClusters(stores.profiles, clock)
        exports, kept = ExportLimit(settings.exports), settings.kept_runs
        metrics = FoldMetrics(registry)
        resources = Resources(stores.profiles, alerts, imports, exports, withheld, metrics, clock, kept)
        async with running(_work(settings, stores, alerts, clock), clock):
            yield resources


async def sweep_texts(store: ProfileStore, clock: Clock, kept: timedelta) -> int:
    """Forget text and analysis of every post that was stored longer ago than `kept`; return how many.

    Of what a clock that ran ahead stored, the time counts from now on.
    """
    latest, ahead = int((clock.now() + SKEW).timestamp()), PIECE
    while ahead == PIECE:
        ahead = await store.redate(latest, PIECE)
    before = int((clock.now() - kept).timestamp())
    forgotten = 0
    while True:
        count = await store.sweep(before, PIECE)
        forgotten += count
        if count < PIECE:
            break
        await asyncio.sleep(0)
    if forgotten:
        log.info("texts.swept", posts=forgotten)
    return forgotten


async def sweep_runs(store: ProfileStore, clock: Clock) -> None:
    """Remove the assignments of runs that were staged and never published: their training ended long ago."""
    now = clock.now()
    await store.sweep_runs(int((now - STAGED_TIME).timestamp()), int((now + SKEW).timestamp()))


def _work(
    settings: ProfilesSettings, stores: Stores, alerts: Alerts, clock: Clock
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    owner = uuid.uuid4().hex
    sweeping = partial(sweep_texts, stores.profiles, clock, settings.text_time())
    sweeping_runs = partial(sweep_runs, stores.profiles, clock)
    runs = Round("run-sweep", sweeping_runs, every=SWEEP_EVERY, again=SWEEP_AGAIN, lasting=SWEEP_LASTING)
    sweep = Round("text-sweep", sweeping, every=SWEEP_EVERY, again=SWEEP_AGAIN, lasting=SWEEP_LASTING)
    return {
        "text-sweep": partial(keep_round, sweep, stores.rounds, owner, clock),
        "run-sweep": partial(keep_round, runs, stores.rounds, owner, clock),
        "alerts": partial(
            keep_alerts, alerts, stores.profiles, stores.rounds, owner, explain=partial(explain, stores.profiles)
        ),
    }
