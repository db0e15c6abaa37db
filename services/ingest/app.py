"""Construction of the ingest service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.ingest.api import router
from services.ingest.identity import Pseudonymizer
from services.ingest.pipeline import Pipeline
from services.ingest.resources import IngestMetrics, Resources
from services.ingest.settings import IngestSettings
from shared.peers import Peer
from shared.web.application import Transports, build_app, peer_http
from shared.web.health import Check


def create_app(settings: IngestSettings, transports: Transports | None = None) -> FastAPI:
    """Return the service; raises SettingsError where the settings forbid a start."""
    registry = CollectorRegistry()
    metrics = IngestMetrics(registry)
    pseudonymizer = Pseudonymizer(settings.require_pseudonym_key(), settings.pseudonym_key_version)
    service_key = settings.service_key.get_secret_value() if settings.service_key else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with peer_http(transports) as http:

            def peer(name: str, url: str) -> Peer:
                return Peer(name, url, http, service_key=service_key, deadline=settings.peer_deadline)

            pipeline = Pipeline(
                pseudonymizer=pseudonymizer,
                sentiment=peer("sentiment", settings.sentiment_url),
                profiles=peer("profiles", settings.profiles_url),
                now=lambda: datetime.now(UTC),
                timed=metrics.timed,
                analyze_batch=settings.analyze_batch,
                max_posts_in_flight=settings.max_posts_in_flight,
            )
            app.state.resources = Resources(pipeline, metrics)
            yield

    summary = "Takes posts in, pseudonymises them and has them folded."
    return build_app("ingest", summary, settings, [router], lifespan, registry, _checks)


def _checks(app: FastAPI) -> Mapping[str, Check]:
    pipeline: Pipeline = app.state.resources.pipeline
    return {"sentiment": pipeline.sentiment.check_ready, "profiles": pipeline.profiles.check_ready}
