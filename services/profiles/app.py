"""The profiles service, put together."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.profiles.api import ROUTERS
from services.profiles.resources import FoldMetrics, Resources
from services.profiles.settings import ProfilesSettings
from services.profiles.stores.opening import open_store
from shared.web.application import Transports, build_app
from shared.web.health import Check


def create_app(settings: ProfilesSettings, transports: Transports | None = None) -> FastAPI:  # noqa: ARG001 - the four services are built alike; this one calls no peer
    """Return the application; its lifespan opens the store. Raises SettingsError."""
    url = settings.parsed_store()
    registry = CollectorRegistry()
    metrics = FoldMetrics(registry)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_store(url) as store:
            app.state.resources = Resources(store, metrics)
            yield

    return build_app(
        "profiles",
        "One profile an author and brand, folded from analyzed posts, each counted once",
        settings,
        ROUTERS,
        lifespan,
        registry,
        _checks,
    )


def _checks(app: FastAPI) -> Mapping[str, Check]:
    resources: Resources | None = getattr(app.state, "resources", None)
    return {"store": resources.store.check_ready if resources else _not_open}


async def _not_open() -> None:
    raise RuntimeError("the store is not open yet")
