"""What the sentiment service counts for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_BATCH_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_TRAINING_SECONDS = (0.2, 0.5, 1, 2, 5, 10, 30, 60, 120)


class SentimentMetrics:
    """The service's own metrics, in its registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register them."""
        self._texts = Counter("voxpop_sentiment_texts_total", "Texts answered", registry=registry)
        self._hits = Counter("voxpop_sentiment_cache_hits_total", "Texts answered from the cache", registry=registry)
        self._batches = Counter("voxpop_sentiment_batches_total", "Batches that ran", registry=registry)
        self._real = Counter("voxpop_sentiment_tokens_total", "Tokens of texts that ran", registry=registry)
        self._padded = Counter("voxpop_sentiment_padded_tokens_total", "Tokens run with padding", registry=registry)
        self._batch_texts = Histogram(
            "voxpop_sentiment_batch_texts", "Texts in a batch", buckets=_TEXTS, registry=registry
        )
        self._seconds = Histogram(
            "voxpop_sentiment_batch_seconds", "Seconds a batch ran", buckets=_BATCH_SECONDS, registry=registry
        )
        self._queued = Gauge("voxpop_sentiment_queued_texts", "Texts that wait for a batch", registry=registry)
        self._admitted = Gauge("voxpop_sentiment_admitted_tokens", "Tokens of texts being answered", registry=registry)

    def watch(self, queued: Callable[[], int], admitted: Callable[[], int]) -> None:
        """Read the two gauges from these at every scrape."""
        self._queued.set_function(queued)
        self._admitted.set_function(admitted)

    def observe_batch(self, texts: int, real_tokens: int, padded_tokens: int, seconds: float) -> None:
        """Count one batch that ran."""
        self._batches.inc()
        self._real.inc(real_tokens)
        self._padded.inc(padded_tokens)
        self._batch_texts.observe(texts)
        self._seconds.observe(seconds)

    def observe_answer(self, texts: int) -> None:
        """Count texts that were answered."""
        self._texts.inc(texts)

    def observe_hits(self, texts: int) -> None:
        """Count texts that were answered from the cache."""
        self._hits.inc(texts)


class CategoryMetrics:
    """Sets that are served, how far behind the store they are, and trainings by how they ended."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self._sets = Gauge("voxpop_category_sets", "Category sets served, built-in ones included", registry=registry)
        self._age = Gauge(
            "voxpop_category_store_age_seconds",
            "Seconds since the store of category sets was last read; since the start where it never was",
            registry=registry,
        )
        self._failures = Counter(
            "voxpop_category_store_failures_total", "ModelOutputs of the store that failed", registry=registry
        )
        self._trainings = Counter(
            "voxpop_category_trainings_total", "Category sets asked for, by outcome", ("outcome",), registry=registry
        )
        self._seconds = Histogram(
            "voxpop_category_training_seconds",
            "Seconds from a category set's turn to its being kept",
            buckets=_TRAINING_SECONDS,
            registry=registry,
        )

    def watch(self, sets: Callable[[], int], age: Callable[[], float]) -> None:
        """Read the two gauges from these at every scrape."""
        self._sets.set_function(sets)
        self._age.set_function(age)

    def store_failed(self) -> None:
        """Count a reading of the store that failed."""
        self._failures.inc()

    def trained(self, seconds: float) -> None:
        """Count a set that was made and kept."""
        self._trainings.labels("succeeded").inc()
        self._seconds.observe(seconds)

    def not_trained(self) -> None:
        """Count a set that was asked for and not made, whatever kept it from that."""
        self._trainings.labels("failed").inc()
