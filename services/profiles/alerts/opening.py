"""Alerts put together out of settings and a store, and the work that goes on beside the requests."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import httpx

from services.profiles.alerts.carrying import AlertDeliveries
from services.profiles.alerts.evaluating import Evaluation
from services.profiles.alerts.history import Rollups
from services.profiles.alerts.settings import AlertSettings
from services.profiles.alerts.stores.base import AlertStore
from shared.clock import Clock
from shared.reach import InternetOnly
from shared.rounds import Round, RoundStore, keep_round
from shared.webhooks.courier import Courier

COURIERS: Final = 4
"""Deliveries that a replica makes at a time: one webhook that is slow holds up a quarter of them."""
EVERY: Final = timedelta(minutes=2)
AGAIN: Final = timedelta(minutes=1)
LASTING: Final = timedelta(minutes=15)
LOOK_SECONDS: Final = 60.0
POLL_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Alerts:
    """What the service has of alerts. Without a `secret` nothing is delivered, and no webhook can be declared."""

    store: AlertStore
    clock: Clock
    delay: timedelta
    anywhere: bool
    secret: bytes | None = field(repr=False)


def build_alerts(settings: AlertSettings, store: AlertStore, clock: Clock) -> Alerts:
    """Put alerts together; raises SettingsError where a setting will not do."""
    return Alerts(
        store=store,
        clock=clock,
        delay=settings.alert_delay(),
        anywhere=settings.webhooks_anywhere(),
        secret=settings.webhook_secret(),
    )


async def keep_alerts(alerts: Alerts, rollups: Rollups, rounds: RoundStore, owner: str) -> None:
    """Judge hours as they finish, on one replica at a time, and deliver what is raised, until cancelled.

    `owner` names this replica. No error of the round or of a courier ends the others.
    """
    evaluation = Evaluation(rollups, alerts.store, alerts.clock, alerts.delay)
    judging = Round("alerts", evaluation.round, EVERY, AGAIN, LASTING, LOOK_SECONDS)
    transport = None if alerts.anywhere else InternetOnly()
    async with (
        httpx.AsyncClient(timeout=10.0, trust_env=False, transport=transport) as http,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(keep_round(judging, rounds, owner, alerts.clock), name="alert-round")
        if alerts.secret is not None:
            courier = Courier("alerts", AlertDeliveries(alerts.store), http, alerts.secret, alerts.clock, POLL_SECONDS)
            for number in range(COURIERS):
                tasks.create_task(courier.run(), name=f"alert-courier-{number}")
