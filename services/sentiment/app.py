"""Puts the sentiment service together."""

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.sentiment.api import ROUTERS
from services.sentiment.resources import open_resources
from services.sentiment.settings import SentimentSettings
from shared.clock import Clock
from shared.peers import Transports
from shared.web.application import build_app
from shared.web.auth import parse_rate


def create_app(
    settings: SentimentSettings,
    transports: Transports | None = None,  # noqa: ARG001 - the four services are built alike; this one calls no peer
    clock: Clock | None = None,  # noqa: ARG001 - and no answer of it depends on the time
) -> FastAPI:
    """Return the service; its model is loaded and warmed up by the lifespan, before anything is answered.

    Raises SettingsError where the settings forbid a start; the lifespan raises it where the model or
    the device cannot be had.
    """
    settings.parsed_store()
    parse_rate(settings.token_rate, "SENTIMENT_TOKEN_RATE")
    registry = CollectorRegistry()
    return build_app(
        "sentiment",
        "Reads texts: sentiment, subjectivity, language.",
        settings,
        ROUTERS,
        registry,
        lambda: open_resources(settings, registry),
    )
