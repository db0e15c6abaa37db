"""Alerts as a running service has them: from an hour that finishes to a webhook that is called."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from services.profiles.alerts.alert import Delivery, RaisedAlert
from services.profiles.alerts.opening import Alerts, keep_alerts
from services.profiles.alerts.webhook import Webhook
from tests.unit.ingest.replies.local_server import LocalServer, Told, local_server
from tests.unit.profiles.alerts.conftest import DELAY, Watch

KEY = b"0123456789abcdef-a-key-of-tests-0123456789"


@pytest.fixture
async def server() -> AsyncIterator[LocalServer]:
    """Yield a receiver."""
    async with local_server() as opened:
        yield opened


@asynccontextmanager
async def kept(
    watch: Watch, replicas: int = 1, *, anywhere: bool = True, secret: bytes | None = KEY
) -> AsyncIterator[None]:
    """Run alerts on some replicas, from half a minute before the hour counts as finished."""
    await watch.clock.advance(3570)
    alerts = Alerts(watch.store, watch.clock, DELAY, anywhere, secret)
    tasks = [
        asyncio.create_task(keep_alerts(alerts, watch.hours, watch.rounds, f"replica-{n}")) for n in range(replicas)
    ]
    try:
        yield
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def prepared(watch: Watch, url: str) -> None:
    """Keep a rule and its webhook, and say that the next hour is odd."""
    watch.hours.weeks_before(watch.hour, 100)
    watch.hours.have(watch.hour, 200)
    await watch.store.put_webhook(Webhook("desk", url, watch.clock.now()))
    await watch.rule(webhook="desk")


async def way(watch: Watch) -> Delivery | None:
    """Return the delivery of the only alert."""
    found = await watch.raised()
    return found[0].delivery if found else None


@pytest.fixture
def settled(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Return what is set whenever an attempt at a delivery has ended."""
    event, settle = asyncio.Event(), watch.store.settle_delivery

    async def told(raised: RaisedAlert) -> bool:
        done = await settle(raised)
        event.set()
        return done

    monkeypatch.setattr(watch.store, "settle_delivery", told)
    return event


async def until_state(watch: Watch, settled: asyncio.Event, wanted: str) -> Delivery:
    """Let time pass, a second a look, until the delivery is in a state; none passes while an attempt is under way."""
    latest = watch.clock.now() + timedelta(hours=1)
    while True:
        found = await way(watch)
        if found is not None and found.state == wanted:
            return found
        if found is not None and found.leased_until > watch.clock.now():
            await settled.wait()
            settled.clear()
        else:
            assert watch.clock.now() < latest, f"the delivery was never {wanted}"
            await watch.clock.advance(1)


async def test_an_alert_reaches_its_webhook_once_and_signed(
    watch: Watch, server: LocalServer, settled: asyncio.Event
) -> None:
    """From three replicas, within minutes after the hour counts as finished."""
    await prepared(watch, server.url)
    async with kept(watch, replicas=3):
        await watch.clock.advance(29)
        assert server.got == []
        await until_state(watch, settled, "delivered")
        await watch.clock.advance(300)
    ((headers, body, raw),) = server.got
    (found,) = await watch.raised()
    assert body == {
        "type": "alert.raised",
        "timestamp": found.alert.model_dump(mode="json")["raised_at"],
        "data": found.alert.model_dump(mode="json"),
    }
    assert headers["webhook-id"] == headers["idempotency-key"] == found.alert.id
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
    digest = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"


async def test_a_webhook_that_fails_is_tried_again_with_the_same_id(
    watch: Watch, server: LocalServer, settled: asyncio.Event
) -> None:
    """Until it answers 2xx, and then never again."""
    server.answers = [Told(status=503), Told(drop=True)]
    await prepared(watch, server.url)
    async with kept(watch, replicas=2):
        await until_state(watch, settled, "delivered")
        await watch.clock.advance(300)
    assert len({headers["webhook-id"] for headers, _, _ in server.got}) == 1
    found = await way(watch)
    assert found is not None
    assert (len(server.got), found.attempts, found.known) == (3, 3, "answered 200")


async def test_a_webhook_that_was_deleted_is_not_called(
    watch: Watch, server: LocalServer, settled: asyncio.Event
) -> None:
    """The alert is listed, and says why it was not delivered."""
    await prepared(watch, server.url)
    await watch.store.delete_webhook("desk")
    async with kept(watch):
        found = await until_state(watch, settled, "failed")
    assert found.known == "webhook 'desk' is not declared any more"
    assert server.got == []


async def test_a_webhook_inside_the_network_is_not_called(
    watch: Watch, server: LocalServer, settled: asyncio.Event
) -> None:
    """Unless the service stands on loopback or a setting allows it."""
    await prepared(watch, server.url)
    async with kept(watch, anywhere=False):
        await until_state(watch, settled, "failed")
    assert server.got == []


async def test_without_a_key_alerts_are_listed_and_none_is_sent(watch: Watch, server: LocalServer) -> None:
    """What waits is delivered once there is one."""
    await prepared(watch, server.url)
    async with kept(watch, secret=None):
        await watch.clock.advance(300)
    found = await way(watch)
    assert found is not None
    assert (found.state, found.attempts) == ("waiting", 0)
    assert server.got == []
    assert "key-of-tests" not in repr(Alerts(watch.store, watch.clock, DELAY, anywhere=True, secret=KEY))
