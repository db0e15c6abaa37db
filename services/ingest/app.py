"""Puts the ingest service together."""

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.ingest.api import ROUTERS
from services.ingest.resources import open_resources
from services.ingest.settings import IngestSettings
from shared.clock import Clock, SystemClock
from shared.peers import Transports
from shared.web.application import build_app


def create_app(settings: IngestSettings, transports: Transports | None = None, clock: Clock | None = None) -> FastAPI:
    """Return the service; `transports` reach peers of the same process, `clock` is the machine's but in tests.

    Raises SettingsError where the settings forbid a start.
    """
    settings.require_pseudonym_key()
    settings.vault_cipher()
    settings.parsed_store()
    registry = CollectorRegistry()
    return build_app(
        "ingest",
        "Takes posts in, listens to networks, pseudonymises what comes and has it folded.",
        settings,
        ROUTERS,
        registry,
        lambda: open_resources(settings, transports, registry, clock or SystemClock()),
    )
