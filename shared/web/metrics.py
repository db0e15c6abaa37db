"""Prometheus metrics of one service, in a registry of its own: four services may share a process."""

import asyncio
from http import HTTPMethod

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

_METHODS = frozenset(HTTPMethod)


class RequestMetrics:
    """Requests by method, route template and status, and their seconds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the two metrics."""
        self._requests = Counter(
            "voxpop_requests_total", "Requests answered", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram("voxpop_request_seconds", "Seconds to answer", ("method", "route"), registry=registry)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; a method that HTTP does not name is counted as `other`, since a client can invent one."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


class MetricsText:
    """The figures in Prometheus' text format, written in a thread: it takes milliseconds, and needs no key."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Tell of a registry."""
        self._registry = registry
        self._writing: asyncio.Task[bytes] | None = None

    async def read(self) -> bytes:
        """Return the figures; whatever is asked while they are written gets the same."""
        if self._writing is None:
            self._writing = asyncio.create_task(asyncio.to_thread(generate_latest, self._registry))
            self._writing.add_done_callback(self._written)
        return await asyncio.shield(self._writing)

    def _written(self, _: object) -> None:
        self._writing = None


def metrics_router(registry: CollectorRegistry) -> APIRouter:
    """Return `GET /metrics` for a registry."""
    router = APIRouter(tags=["operation"])
    text = MetricsText(registry)

    @router.get("/metrics")
    async def metrics() -> Response:
        """Figures in Prometheus' text format."""
        return Response(await text.read(), media_type=CONTENT_TYPE_LATEST)

    return router
