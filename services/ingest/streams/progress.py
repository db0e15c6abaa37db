"""The progress of a running stream, counted on from where its last owner stopped."""

from collections import Counter, deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import prometheus_client
from prometheus_client import CollectorRegistry, Gauge
from typing_extensions import override

from services.ingest.brands.brand_query import Selection
from services.ingest.pipeline import Receipt
from services.ingest.sources.base import Report
from services.ingest.streams.stream import StreamCounts, StreamProgress, StreamState
from shared.clock import Clock

MOST_REASONS: Final = 20
MOST_SENTENCE: Final = 500
WINDOW_SECONDS: Final = 60
OTHER: Final = "other"


class StreamMetrics:
    """The figures of this replica's streams, by source; a stream's own are at `GET /v1/streams`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""

        def counter(name: str, help_text: str) -> prometheus_client.Counter:
            return prometheus_client.Counter(f"voxpop_ingest_{name}_total", help_text, ("source",), registry=registry)

        self.running = Gauge("voxpop_ingest_streams", "Streams that this replica runs", registry=registry)
        self.reconnects = counter("reconnects", "Connections after the first")
        self.dropped = counter("dropped_posts", "Posts of streams that were left out")
        self.spent = counter("spent_posts", "Posts that a platform is paid for")
        self.failed = counter("stream_failures", "Streams that ended by an error")


class ProgressRecorder(Report):
    """A `Report`, and the counts of a runner; `snapshot` gives all of it."""

    def __init__(self, before: StreamProgress, source: str, metrics: StreamMetrics, clock: Clock) -> None:
        """Go on from `before`; `source` labels the figures."""
        self._clock = clock
        self._source = source
        self._metrics = metrics
        self._counts = Counter({name: int(count) for name, count in before.counts.model_dump().items()})
        self._reasons = Counter(before.dropped_reasons)
        self._mode = before.mode
        self._well = StreamState.STARTING
        self._is_blocked = False
        self._last_error, self._last_error_at = before.last_error, before.last_error_at
        self._newest_at = before.newest_at
        self._reconnects = before.reconnects
        self._spent = before.spent_posts
        self.failures = before.failures
        self._recent: deque[tuple[int, int]] = deque()

    @override
    def listening(self, mode: str) -> None:
        self._well, self._mode = StreamState.RUNNING, _short(mode)

    @override
    def degraded(self, sentence: str) -> None:
        self._well = StreamState.DEGRADED
        self.error(sentence)

    @override
    def reconnected(self) -> None:
        self._reconnects += 1
        self._metrics.reconnects.labels(self._source).inc()

    @override
    def dropped(self, reason: str, count: int = 1) -> None:
        reason = _short(reason)
        known = reason in self._reasons or len(self._reasons) < MOST_REASONS
        self._reasons[reason if known else OTHER] += count
        self._counts["dropped"] += count
        self._metrics.dropped.labels(self._source).inc(count)

    def spent(self, posts: int) -> None:
        """Count posts that were paid for."""
        self._spent += posts
        self._metrics.spent.labels(self._source).inc(posts)

    def blocked(self, sentence: str | None) -> None:
        """Say why nothing can be delivered just now; None once deliveries go through again."""
        self._is_blocked = sentence is not None
        if sentence is not None:
            self.error(sentence)

    def error(self, sentence: str) -> None:
        """Keep a sentence as the last error."""
        self._last_error, self._last_error_at = _short(sentence), self._clock.now()

    def selected(self, selection: Selection) -> None:
        """Count what the brand's rules left out."""
        self._counts["counted_reposts"] += selection.counted_reposts
        for reason, count in selection.dropped.items():
            self.dropped(reason, count)

    def delivered(self, posts: Iterable[dict[str, Any]], receipt: Receipt) -> None:
        """Count posts that are folded."""
        self._counts["posts"] += receipt.accepted
        self._counts["duplicates"] += receipt.duplicates
        self._counts["rejected"] += len(receipt.rejected)
        self._recent.append((int(self._clock.monotonic()), receipt.accepted))
        now = self._clock.now()
        times = [moment for moment in (_moment(post) for post in posts) if moment is not None and moment <= now]
        self._newest_at = max([*times, *([self._newest_at] if self._newest_at else [])], default=None)

    def refused(self, sentence: str) -> None:
        """Count a post that a peer does not take, with the reason as the last error."""
        self._counts["rejected"] += 1
        self.error(sentence)

    def removed(self, posts: int) -> None:
        """Count posts that were taken out of the profiles."""
        self._counts["removed"] += posts

    def snapshot(self, state: StreamState | None = None) -> StreamProgress:
        """Return the progress now; `state` replaces what was reported."""
        oldest = int(self._clock.monotonic()) - WINDOW_SECONDS
        while self._recent and self._recent[0][0] <= oldest:
            self._recent.popleft()
        return StreamProgress(
            state=state or (StreamState.WAITING if self._is_blocked else self._well),
            mode=self._mode,
            counts=StreamCounts(**self._counts),
            dropped_reasons=dict(self._reasons),
            posts_per_minute=float(sum(count for _, count in self._recent)),
            newest_at=self._newest_at,
            last_error=self._last_error,
            last_error_at=self._last_error_at,
            reconnects=self._reconnects,
            spent_posts=self._spent,
            failures=self.failures,
            updated_at=self._clock.now(),
        )


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= MOST_SENTENCE else sentence[: MOST_SENTENCE - 1] + "…"


def _moment(post: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(post["created_at"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
