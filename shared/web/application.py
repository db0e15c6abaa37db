"""How each service's FastAPI application is put together around its own routes."""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware

from shared.settings import ServiceSettings
from shared.web.auth import Doorkeeper, parse_rate
from shared.web.body_limit import BodyLimit
from shared.web.health import Check, health_router
from shared.web.metrics import RequestMetrics, metrics_router
from shared.web.problems import install_problems
from shared.web.requests import RequestRing

KEEPALIVE_SECONDS = 2.0
"""Less than the 5 s after which uvicorn closes an idle connection: none is used just as it goes away."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Transports = Mapping[str, httpx.AsyncBaseTransport]
"""Transports by URL prefix, such as `http://sentiment`: how a service in the same process is reached."""


def build_app(
    service: str,
    summary: str,
    settings: ServiceSettings,
    routers: Sequence[APIRouter],
    lifespan: Lifespan,
    registry: CollectorRegistry,
    checks: Callable[[FastAPI], Mapping[str, Check]],
    unlimited: re.Pattern[str] | None = None,
) -> FastAPI:
    """Return the application: routes, health, metrics, problems, and the rings around them.

    The rings from outside in: request id and last resort, CORS, who gets in, body size. Routes whose paths
    `unlimited` finds limit their bodies themselves.
    Raises SettingsError where the settings forbid a start.
    """
    keyring, rate = settings.keyring(), parse_rate(settings.rate_limit)
    app = FastAPIOffline(
        docs_url="/docs", redoc_url=None, title=f"voxpop {service}", summary=summary, version="1", lifespan=lifespan
    )
    install_problems(app)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes, unlimited=unlimited)
    app.add_middleware(Doorkeeper, keyring=keyring, rate=rate)
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["authorization", "content-type", "x-request-id"],
            expose_headers=["x-request-id", "retry-after"],
        )
    app.add_middleware(RequestRing, service=service, metrics=RequestMetrics(registry))
    for router in [*routers, health_router(lambda: checks(app)), metrics_router(registry)]:
        app.include_router(router)
    return app


@asynccontextmanager
async def peer_http(transports: Transports | None) -> AsyncIterator[httpx.AsyncClient]:
    """Open the client by which a service reaches its peers.

    `transports` map a peer's URL to an in-process transport; peers that it does not name are reached
    over the network. In-process transports ignore httpx's timeouts: every call brings its own deadline.
    """
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=KEEPALIVE_SECONDS)
    async with httpx.AsyncClient(mounts=dict(transports or {}), limits=limits, timeout=10.0, trust_env=False) as http:
        yield http
