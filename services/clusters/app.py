"""Puts the clusters service together."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.clusters.api import router
from services.clusters.metrics import RunMetrics
from services.clusters.resources import Resources, open_resources
from services.clusters.settings import ClustersSettings
from shared.errors import OverloadedError
from shared.web.application import Transports, build_app, peer_http
from shared.web.health import Check


def create_app(settings: ClustersSettings, transports: Transports | None = None) -> FastAPI:
    """Return the service; `transports` reach peers of the same process.

    Raises SettingsError where the settings forbid a start.
    """
    settings.parsed_store()
    registry = CollectorRegistry()
    metrics = RunMetrics(registry)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with peer_http(transports) as http, open_resources(settings, http, metrics) as resources:
            app.state.resources = resources
            yield

    return build_app(
        "clusters",
        "Groups a brand's authors into clusters.",
        settings,
        [router],
        lifespan,
        registry,
        _checks,
    )


def _checks(app: FastAPI) -> Mapping[str, Check]:
    resources: Resources | None = getattr(app.state, "resources", None)
    if resources is None:
        return {"store": _not_open}
    return {"store": resources.store.check_ready, "profiles": resources.profiles.check_ready}


async def _not_open() -> None:
    raise OverloadedError("the store is being opened")
