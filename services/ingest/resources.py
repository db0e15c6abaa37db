"""What ingest's lifespan opens, and the figures it keeps of its work."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter

from services.ingest.erasures.eraser import Erasures
from services.ingest.pipeline import Pipeline, Receipt
from services.ingest.replies.opening import Replies
from services.ingest.stores.base import IngestStore
from services.ingest.streams.answer import Answers
from services.ingest.streams.roster import Roster
from shared.clock import Clock


class IngestMetrics:
    """Posts by what became of them, and seconds by stage."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self._posts = Counter("voxpop_ingest_posts_total", "Posts taken in", ("outcome",), registry=registry)
        self._seconds = Counter("voxpop_ingest_stage_seconds_total", "Seconds by stage", ("stage",), registry=registry)

    def count(self, receipt: Receipt) -> None:
        """Count one batch."""
        self._posts.labels("accepted").inc(receipt.accepted)
        self._posts.labels("duplicate").inc(receipt.duplicates)
        self._posts.labels("rejected").inc(len(receipt.rejected))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the seconds spent inside to `stage`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds.labels(stage).inc(time.perf_counter() - started)


@dataclass(frozen=True)
class Resources:
    """Opened by the lifespan, found on `app.state.resources`."""

    pipeline: Pipeline
    metrics: IngestMetrics
    store: IngestStore
    clock: Clock
    roster: Roster
    answers: Answers
    replies: Replies
    erasures: Erasures
