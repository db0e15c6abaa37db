"""Construction of the ingest service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.ingest.api import ROUTERS
from services.ingest.opening import open_resources
from services.ingest.resources import Resources
from services.ingest.settings import IngestSettings
from shared.clock import Clock, SystemClock
from shared.web.application import Transports, build_app, peer_http
from shared.web.health import Check


def create_app(settings: IngestSettings, transports: Transports | None = None, clock: Clock | None = None) -> FastAPI:
    """Return the service; `clock` is the machine's but in tests.

    Raises SettingsError where the settings forbid a start.
    """
    registry = CollectorRegistry()
    settings.require_pseudonym_key()
    settings.vault_cipher()
    settings.parsed_store()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            peer_http(transports) as http,
            open_resources(settings, http, registry, clock or SystemClock()) as resources,
        ):
            app.state.resources = resources
            yield

    summary = "Takes posts in, listens to networks, pseudonymises what comes and has it folded."
    return build_app("ingest", summary, settings, ROUTERS, lifespan, registry, _checks)


def _checks(app: FastAPI) -> Mapping[str, Check]:
    resources: Resources = app.state.resources
    return {
        "sentiment": resources.pipeline.sentiment.check_ready,
        "profiles": resources.pipeline.profiles.check_ready,
        "store": resources.store.check_ready,
    }
