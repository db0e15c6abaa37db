"""What a running profiles service holds."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter

from services.profiles.stores.base import FoldCount, ProfileStore


class FoldMetrics:
    """Posts delivered, by what became of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the counter."""
        self._posts = Counter("voxpop_profiles_posts_total", "Posts delivered", ("outcome",), registry=registry)

    def observe(self, count: FoldCount) -> None:
        """Count one delivery."""
        self._posts.labels("folded").inc(count.folded)
        self._posts.labels("duplicate").inc(count.duplicates)


@dataclass(frozen=True)
class Resources:
    """Opened by the app's lifespan."""

    store: ProfileStore
    metrics: FoldMetrics
