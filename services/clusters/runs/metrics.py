"""Figures about runs."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from services.clusters.runs.run import Run, RunKind


class RunMetrics:
    """Runs by how they ended, and how long they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the two metrics."""
        self._runs = Counter("voxpop_runs_total", "Runs ended", ("basis", "status"), registry=registry)
        self._seconds = Histogram(
            "voxpop_run_seconds",
            "Seconds from a run's start to its end",
            ("basis",),
            buckets=(1, 2, 5, 10, 30, 60, 120, 300, 900),
            registry=registry,
        )

    def ended(self, run: Run) -> None:
        """Count one run that has ended."""
        self._runs.labels(_basis(run), run.status).inc()
        if run.started_at is not None and run.ended_at is not None:
            self._seconds.labels(_basis(run)).observe((run.ended_at - run.started_at).total_seconds())


def _basis(run: Run) -> str:
    """Return the label: few values, whatever clusters there are."""
    return run.request.subject if run.kind is RunKind.CLUSTERS else run.kind
