"""Alerts as a running service has them: from an hour that finishes to a webhook that is called."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from services.profiles.alerts.webhook import Webhook
from services.profiles.alerts.workers import Alerts, keep_alerts
from shared.outbox import OutboxRow
from tests.unit.profiles.alerts.conftest import DELAY, Watch

KEY = b"0123456789abcdef-a-key-of-tests-0123456789"
MINUTES = 600


class Receiver(httpx.MockTransport):
    """A webhook: it answers `answers` one after the other, None by breaking off, then always 200."""

    def __init__(self, *answers: int | None) -> None:
        """Begin with nothing received."""
        super().__init__(self._answer)
        self.answers, self.got = list(answers), list[httpx.Request]()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        status = self.answers.pop(0) if self.answers else 200
        if status is None:
            raise httpx.ReadError("broken off", request=request)
        return httpx.Response(status)


@asynccontextmanager
async def kept(
    watch: Watch,
    receiver: Receiver | None,
    replicas: int = 1,
    *,
    anywhere: bool = True,
    secret: bytes | None = KEY,
    declared: bool = True,
) -> AsyncIterator[None]:
    """Run alerts on replicas with a rule whose next hour is odd, from half a minute before it counts as finished."""
    watch.hours.weeks_before(watch.hour, 100)
    watch.hours.have(watch.hour, 200)
    await watch.rule(webhook="desk")
    if declared:
        await watch.store.put_webhook(Webhook("desk", "http://127.0.0.1:9/take", watch.clock.now()))
    await watch.clock.advance(3570)
    alerts = Alerts(watch.store, watch.clock, DELAY, anywhere, secret)
    tasks = [
        asyncio.create_task(keep_alerts(alerts, watch.hours, watch.rounds, f"replica-{n}", receiver))
        for n in range(replicas)
    ]
    try:
        yield
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def delivery(watch: Watch) -> OutboxRow:
    """Return the delivery of the only alert."""
    (found,) = await watch.raised()
    assert found.delivery is not None
    return found.delivery


async def test_an_alert_reaches_its_webhook_once_and_signed(watch: Watch) -> None:
    """From three replicas, within minutes after the hour counts as finished."""
    receiver = Receiver()
    async with kept(watch, receiver, replicas=3):
        await watch.clock.advance(29)
        assert receiver.got == []
        await watch.clock.advance(MINUTES)
    (request,) = receiver.got
    (found,) = await watch.raised()
    assert found.delivery is not None
    assert found.delivery.state == "delivered"
    alert = found.alert.model_dump(mode="json")
    assert json.loads(request.content) == {"type": "alert.raised", "timestamp": alert["raised_at"], "data": alert}
    assert request.headers["webhook-id"] == request.headers["idempotency-key"] == found.alert.id
    signed = f"{found.alert.id}.{request.headers['webhook-timestamp']}.".encode() + request.content
    digest = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    assert request.headers["webhook-signature"] == f"v1,{digest}"


async def test_a_webhook_that_fails_is_tried_again_with_the_same_id(watch: Watch) -> None:
    """Until it answers 2xx, and then never again."""
    receiver = Receiver(503, None)
    async with kept(watch, receiver, replicas=2):
        await watch.clock.advance(MINUTES)
    assert len({request.headers["webhook-id"] for request in receiver.got}) == 1
    found = await delivery(watch)
    assert (len(receiver.got), found.attempts, found.state, found.known) == (3, 3, "delivered", "answered 200")


async def test_a_webhook_that_was_deleted_is_not_called(watch: Watch) -> None:
    """The alert is listed, and says why it was not delivered."""
    receiver = Receiver()
    async with kept(watch, receiver, declared=False):
        await watch.clock.advance(MINUTES)
    found = await delivery(watch)
    assert (found.state, found.known) == ("failed", "webhook 'desk' is not declared any more")
    assert receiver.got == []


async def test_a_webhook_inside_the_network_is_not_called(watch: Watch) -> None:
    """Unless the service stands on loopback or a setting allows it."""
    async with kept(watch, None, anywhere=False):
        await watch.clock.advance(MINUTES)
    found = await delivery(watch)
    assert found.state == "failed"
    assert "was not called" in found.known


async def test_without_a_key_alerts_are_listed_and_none_is_sent(watch: Watch) -> None:
    """What waits is delivered once there is one."""
    receiver = Receiver()
    async with kept(watch, receiver, secret=None):
        await watch.clock.advance(MINUTES)
    found = await delivery(watch)
    assert (found.state, found.attempts, receiver.got) == ("waiting", 0, [])
    assert "key-of-tests" not in repr(Alerts(watch.store, watch.clock, DELAY, anywhere=True, secret=KEY))
