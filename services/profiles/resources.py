"""What a running profiles service holds."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter

from services.profiles.alerts.opening import Alerts
from services.profiles.analytics.bucket_reads import ReadLimit
from services.profiles.importing.receiving import ImportRoom
from services.profiles.stores.base import FoldCount, ProfileStore, RemovalCount
from shared.clock import Clock


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
    """Opened by the app's lifespan."""

    store: ProfileStore
    alerts: Alerts
    imports: ImportRoom
    metrics: FoldMetrics
    clock: Clock
    reads: ReadLimit = field(default_factory=ReadLimit)
