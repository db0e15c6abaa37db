"""Puts the sentiment service together."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.sentiment.api import ROUTERS
from services.sentiment.resources import Resources, open_resources
from services.sentiment.settings import SentimentSettings
from shared.errors import OverloadedError
from shared.web.application import Transports, build_app
from shared.web.health import Check


def create_app(settings: SentimentSettings, transports: Transports | None = None) -> FastAPI:  # noqa: ARG001 - every service is made alike; this one has no peers
    """Return the service; its model is loaded and warmed up by the lifespan, before anything is answered.

    Raises SettingsError where the settings forbid a start; the lifespan raises it where the model or
    the device cannot be had.
    """
    settings.parsed_store()
    registry = CollectorRegistry()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings, registry) as resources:
            app.state.resources = resources
            yield

    return build_app(
        "sentiment",
        "Reads texts: sentiment, subjectivity, language.",
        settings,
        ROUTERS,
        lifespan,
        registry,
        _checks,
    )


def _checks(app: FastAPI) -> Mapping[str, Check]:
    resources: Resources | None = getattr(app.state, "resources", None)
    if resources is None:
        return {"model": _not_loaded}
    return {"model": resources.check_model, "category_sets": resources.catalog.check_following}


async def _not_loaded() -> None:
    raise OverloadedError("the model is being loaded")
