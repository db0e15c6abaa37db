"""Puts the clusters service together."""

import re

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.clusters.api import ROUTERS
from services.clusters.resources import open_resources
from services.clusters.settings import ClustersSettings
from shared.clock import Clock, SystemClock
from shared.peers import Transports
from shared.web.application import build_app


def create_app(settings: ClustersSettings, transports: Transports | None = None, clock: Clock | None = None) -> FastAPI:
    """Return the service; `transports` reach peers of the same process, `clock` is the machine's but in tests.

    Raises SettingsError where the settings forbid a start.
    """
    settings.parsed_store()
    registry = CollectorRegistry()
    return build_app(
        "clusters",
        "Groups a brand's authors into clusters.",
        settings,
        ROUTERS,
        registry,
        lambda: open_resources(settings, transports, registry, clock or SystemClock()),
        tables=re.compile(r"/v1/brands/[^/]+/catalog$"),
    )
