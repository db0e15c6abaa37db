"""Figures about category sets."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.2, 0.5, 1, 2, 5, 10, 30, 60, 120)


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
            "voxpop_category_store_failures_total", "Readings of the store that failed", registry=registry
        )
        self._trainings = Counter(
            "voxpop_category_trainings_total", "Category sets asked for, by outcome", ("outcome",), registry=registry
        )
        self._seconds = Histogram(
            "voxpop_category_training_seconds",
            "Seconds from a category set's turn to its being kept",
            buckets=_SECONDS,
            registry=registry,
        )

    def watch(self, sets: Callable[[], int], age: Callable[[], float]) -> None:
        """Read the two gauges from these whenever somebody asks."""
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
