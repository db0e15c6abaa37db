"""How each service's FastAPI application is put together around its own routes."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Protocol

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route, request_response

from shared.settings import ServiceSettings
from shared.web.auth import Authentication, parse_rate
from shared.web.body_limit import BodyLimit
from shared.web.dependencies import resources_of
from shared.web.health import Check, health_router
from shared.web.media_type import CSV, JSON, MediaType
from shared.web.metrics import RequestMetrics, metrics_router
from shared.web.problems import install_problems
from shared.web.requests import RequestContext
from shared.web.routes import guarded


class OpenedResources(Protocol):
    """What a service's lifespan opens, found on `app.state.resources` from then on."""

    def checks(self) -> Mapping[str, Check]:
        """Return what must be ready for `/readyz`, by name."""


def build_app(
    service: str,
    summary: str,
    settings: ServiceSettings,
    routers: Sequence[APIRouter],
    registry: CollectorRegistry,
    open_resources: Callable[[], AbstractAsyncContextManager[OpenedResources]],
    unlimited: re.Pattern[str] | None = None,
    upload_type: str = JSON,
    tables: re.Pattern[str] | None = None,
) -> FastAPI:
    """Return the application: routes, health, metrics, problems, and the middleware around them.

    Its lifespan opens the resources, and nothing is opened before.
    The middleware from outside in: request id and last resort, CORS, authentication, body size, media type. Routes
    whose paths `unlimited` finds limit their bodies themselves, and take `upload_type`; the others take JSON, and those
    that `tables` finds CSV too.
    Raises SettingsError where the settings forbid a start.
    """
    keyring, rate = settings.keyring(), parse_rate(settings.rate_limit)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources() as resources:
            app.state.resources = resources
            yield

    app = FastAPIOffline(
        docs_url="/docs",
        redoc_url=None,
        title=f"voxpop {service}",
        summary=summary,
        version=version("voxpop"),
        lifespan=lifespan,
    )
    _write_once(app)
    install_problems(app)
    uploads = {unlimited: (upload_type,), tables: (JSON, CSV)}
    app.add_middleware(MediaType, uploads={path: media for path, media in uploads.items() if path is not None})
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes, unlimited=unlimited)
    app.add_middleware(Authentication, keyring=keyring, rate=rate)
    if origins := settings.listed_origins():
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["authorization", "content-type", "x-request-id"],
            expose_headers=["x-request-id", "retry-after"],
        )
    app.add_middleware(RequestContext, service=service, metrics=RequestMetrics(registry))
    # The routes are whole: include_router would work each out anew for every application. Those of health and metrics
    # take any parameter: load balancers and scrapers add their own.
    turn = asyncio.Semaphore(1)
    for router in routers:
        app.routes.extend(guarded(route, turn) for route in router.routes)
    for router in (health_router(lambda: resources_of(app).checks()), metrics_router(registry)):
        app.routes.extend(router.routes)
    return app


def _write_once(app: FastAPI) -> None:
    """Keep the bytes of the OpenAPI document: 75 kB, which take 2 ms to write and are there without a key."""
    (route,) = [route for route in app.routes if isinstance(route, Route) and route.path == app.openapi_url]
    written: dict[str, bytes] = {}

    async def document(request: Request) -> Response:
        mounted_at = request.scope.get("root_path", "")
        if mounted_at not in written:
            first: Response = await route.endpoint(request)
            written[mounted_at] = bytes(first.body)
        return Response(written[mounted_at], media_type=JSON)

    route.app = request_response(document)
