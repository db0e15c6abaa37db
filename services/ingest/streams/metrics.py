"""The figures that streams keep of their work, by source: a stream's own are at `GET /v1/streams`."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class StreamMetrics:
    """Streams that this replica runs, reconnects, posts left out and posts paid for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self._leased = Gauge("voxpop_ingest_streams", "Streams that this replica runs", registry=registry)
        self._reconnects = Counter(
            "voxpop_ingest_reconnects_total", "Connections after the first", ("source",), registry=registry
        )
        self._dropped = Counter(
            "voxpop_ingest_dropped_posts_total", "Posts of streams that were left out", ("source",), registry=registry
        )
        self._spent = Counter(
            "voxpop_ingest_spent_posts_total", "Posts that a platform is paid for", ("source",), registry=registry
        )
        self._failed = Counter(
            "voxpop_ingest_stream_failures_total", "Streams that ended by an error", ("source",), registry=registry
        )

    def watch(self, leased: Callable[[], float]) -> None:
        """Ask `leased` for the number of streams."""
        self._leased.set_function(leased)

    def reconnected(self, source: str) -> None:
        """Count a connection after the first."""
        self._reconnects.labels(source).inc()

    def dropped(self, source: str, count: int) -> None:
        """Count posts that were left out."""
        self._dropped.labels(source).inc(count)

    def spent(self, source: str, posts: int) -> None:
        """Count posts that were paid for."""
        self._spent.labels(source).inc(posts)

    def failed(self, source: str) -> None:
        """Count a stream that ended by an error."""
        self._failed.labels(source).inc()
