"""Prometheus metrics of one service, in a registry of its own: four services may share a process."""

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


def metrics_router(registry: CollectorRegistry) -> APIRouter:
    """Return `GET /metrics` for a registry."""
    router = APIRouter(tags=["operation"])

    @router.get("/metrics")
    async def metrics() -> Response:
        """Figures in Prometheus' text format."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
