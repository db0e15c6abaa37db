"""Puts the profiles service together."""

import re

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.profiles.api import ROUTERS
from services.profiles.resources import open_resources
from services.profiles.settings import ProfilesSettings
from services.profiles.transfer.table import MEDIA_TYPES, Format
from shared.clock import Clock, SystemClock
from shared.peers import Transports
from shared.web.application import build_app


def create_app(
    settings: ProfilesSettings,
    transports: Transports | None = None,  # noqa: ARG001 - the four services are built alike; this one calls no peer
    clock: Clock | None = None,
) -> FastAPI:
    """Return the service; `clock` is the machine's but in tests.

    Raises SettingsError where the settings forbid a start.
    """
    settings.parsed_store()
    settings.webhook_secret()
    registry = CollectorRegistry()
    return build_app(
        "profiles",
        "One profile an author and brand, folded from analyzed posts, each counted once",
        settings,
        ROUTERS,
        registry,
        lambda: open_resources(settings, registry, clock or SystemClock()),
        unlimited=re.compile(r"/v1/brands/[^/]+/import$"),
        upload_type=MEDIA_TYPES[Format.PARQUET],
    )
