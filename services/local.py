"""The composition root: the four services in one process, on one port."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.clusters.app import create_app as create_clusters
from services.clusters.settings import ClustersSettings
from services.ingest.app import create_app as create_ingest
from services.ingest.settings import IngestSettings
from services.profiles.app import create_app as create_profiles
from services.profiles.settings import ProfilesSettings
from services.sentiment.app import create_app as create_sentiment
from services.sentiment.settings import SentimentSettings
from shared.clock import Clock
from shared.settings import ServiceSettings
from shared.web.metrics import RequestMetrics
from shared.web.problems import install_problems
from shared.web.requests import RequestContext

SERVICES = ("sentiment", "profiles", "ingest", "clusters")
"""In the order in which they depend on one another."""


@dataclass(frozen=True)
class LocalSettings:
    """The settings of the four services."""

    sentiment: SentimentSettings
    profiles: ProfilesSettings
    ingest: IngestSettings
    clusters: ClustersSettings

    def of(self, service: str) -> ServiceSettings:
        """Return one service's settings."""
        settings: ServiceSettings = getattr(self, service)
        return settings


def local_settings(**overrides: Any) -> LocalSettings:
    """Read the settings from the environment, `overrides` (by field name) before it.

    Where no service key is set, one is made for the life of the process: no other process needs it.
    """
    common = {name: value for name, value in overrides.items() if value is not None}
    if ServiceSettings(**common).service_key is None:
        common["service_key"] = SecretStr(secrets.token_urlsafe(32))
    return LocalSettings(
        SentimentSettings(**common), ProfilesSettings(**common), IngestSettings(**common), ClustersSettings(**common)
    )


def create_local_app(settings: LocalSettings, clock: Clock | None = None) -> FastAPI:
    """Return one application with the services mounted under their names; `clock` is the machine's but in tests.

    They reach one another by the host names that Compose and Kubernetes use, through transports that
    call the application directly. Raises SettingsError where the settings forbid a start.
    """
    transports: dict[str, httpx.AsyncBaseTransport] = {}
    apps = {
        "sentiment": create_sentiment(settings.sentiment, transports),
        "profiles": create_profiles(settings.profiles, transports, clock),
        "ingest": create_ingest(settings.ingest, transports, clock),
        "clusters": create_clusters(settings.clusters, transports),
    }
    for name, app in apps.items():
        transports[f"http://{name}"] = httpx.ASGITransport(app, raise_app_exceptions=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for name in SERVICES:
                await stack.enter_async_context(apps[name].router.lifespan_context(apps[name]))
            yield

    parent = FastAPI(title="voxpop", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    for name, app in apps.items():
        parent.mount(f"/{name}", app)
    front = _front(list(apps))
    parent.mount("/", front)
    parent.router.default = front
    return parent


def _front(names: list[str]) -> FastAPI:
    """Return what answers outside the services: an index, and problems with request ids for everything else."""
    front = FastAPI(title="voxpop", docs_url=None, redoc_url=None, openapi_url=None)
    install_problems(front)
    front.add_middleware(RequestContext, service="voxpop", metrics=RequestMetrics(CollectorRegistry()))

    @front.get("/")
    async def index() -> dict[str, dict[str, str]]:
        return {name: {"docs": f"/{name}/docs", "ready": f"/{name}/readyz"} for name in names}

    return front
