"""The profiles service, put together."""

import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.profiles.alerts.opening import Alerts, build_alerts, keep_alerts
from services.profiles.api import ROUTERS
from services.profiles.importing.receiving import ImportRoom
from services.profiles.resources import FoldMetrics, Resources
from services.profiles.settings import ProfilesSettings
from services.profiles.stores.opening import Stores, open_stores
from services.profiles.sweeping import sweep_texts
from shared.background import running
from shared.clock import Clock, SystemClock
from shared.rounds.keeping import Round, keep_round
from shared.web.application import Transports, build_app
from shared.web.health import Check

SWEEP_EVERY: Final = timedelta(hours=1)
SWEEP_AGAIN: Final = timedelta(minutes=5)
SWEEP_LASTING: Final = timedelta(minutes=30)


def create_app(
    settings: ProfilesSettings,
    transports: Transports | None = None,  # noqa: ARG001 - the four services are built alike; this one calls no peer
    clock: Clock | None = None,
) -> FastAPI:
    """Return the application; its lifespan opens the store. `clock` is the machine's but in tests.

    Raises SettingsError.
    """
    url = settings.parsed_store()
    settings.webhook_secret()
    registry = CollectorRegistry()
    metrics = FoldMetrics(registry)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        now = clock or SystemClock()
        async with open_stores(url, now) as stores:
            alerts = build_alerts(settings, stores.alerts, now)
            room = ImportRoom(settings.data_dir, settings.import_bytes)
            app.state.resources = Resources(stores.profiles, alerts, room, metrics, now)
            async with running(_work(settings, stores, alerts, now), now):
                yield

    return build_app(
        "profiles",
        "One profile an author and brand, folded from analyzed posts, each counted once",
        settings,
        ROUTERS,
        lifespan,
        registry,
        _checks,
        unlimited=re.compile(r"/v1/brands/[^/]+/import$"),
    )


def _work(
    settings: ProfilesSettings, stores: Stores, alerts: Alerts, clock: Clock
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    owner = uuid.uuid4().hex
    sweeping = partial(sweep_texts, stores.profiles, clock, settings.text_time())
    sweep = Round("text-sweep", sweeping, every=SWEEP_EVERY, again=SWEEP_AGAIN, lasting=SWEEP_LASTING)
    return {
        "text-sweep": partial(keep_round, sweep, stores.rounds, owner, clock),
        "alerts": partial(keep_alerts, alerts, stores.profiles, stores.rounds, owner),
    }


def _checks(app: FastAPI) -> Mapping[str, Check]:
    resources: Resources | None = getattr(app.state, "resources", None)
    return {"store": resources.store.check_ready if resources else _not_open}


async def _not_open() -> None:
    raise RuntimeError("the store is not open yet")
