"""Alerts put together out of settings and a store, and the work that goes on beside the requests."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

import httpx

from services.profiles.alerts.evaluation import Rollups, RuleEvaluation
from services.profiles.alerts.explanation import Explain
from services.profiles.alerts.settings import AlertSettings
from services.profiles.alerts.store import AlertStore
from shared.clock import Clock
from shared.outbox import OutboxRow
from shared.reach import InternetOnly
from shared.rounds import Round, RoundStore, keep_round
from shared.webhooks.sender import Unsendable, WebhookRequest, WebhookSender

SENDERS: Final = 4
"""Deliveries that a replica makes at a time: a slow webhook takes up a quarter of them."""
EVERY: Final = timedelta(minutes=2)
AGAIN: Final = timedelta(minutes=1)
LASTING: Final = timedelta(minutes=15)
LOOK_SECONDS: Final = 60.0
POLL_SECONDS: Final = 10.0
EVENT: Final = "alert.raised"


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


async def keep_alerts(
    alerts: Alerts,
    rollups: Rollups,
    rounds: RoundStore,
    owner: str,
    transport: httpx.AsyncBaseTransport | None = None,
    explain: Explain | None = None,
) -> None:
    """Judge hours as they finish, on one replica at a time, and deliver what is raised, until cancelled.

    `owner` names this replica; `transport` reaches webhooks in place of the network, and `explain` says what carries
    an alert. No error of the round or of a delivery ends the others.
    """
    evaluation = RuleEvaluation(rollups, alerts.store, alerts.clock, alerts.delay, explain)
    judging = Round("alerts", evaluation.round, EVERY, AGAIN, LASTING, LOOK_SECONDS)
    transport = transport or (None if alerts.anywhere else InternetOnly())
    async with (
        httpx.AsyncClient(timeout=10.0, trust_env=False, transport=transport) as http,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(keep_round(judging, rounds, owner, alerts.clock), name="alert-round")
        if alerts.secret is not None:
            request_of = partial(request_of_alert, alerts.store)
            sender = WebhookSender(
                "alerts", alerts.store.outbox, request_of, http, alerts.secret, alerts.clock, owner, POLL_SECONDS
            )
            for number in range(SENDERS):
                tasks.create_task(sender.run(), name=f"alert-sender-{number}")


async def request_of_alert(store: AlertStore, row: OutboxRow) -> WebhookRequest | Unsendable:
    """Return what is sent of an alert, or why nothing is; the webhook is looked up anew at each attempt."""
    name = row.destination
    webhook, raised = await store.webhook(name), await store.alert(row.subject)
    if webhook is None or raised is None:
        return Unsendable(f"webhook '{name}' is not declared any more")
    alert = raised.model_dump(mode="json")
    return WebhookRequest(
        f"webhook '{name}'", webhook.url, {"type": EVENT, "timestamp": alert["raised_at"], "data": alert}
    )
