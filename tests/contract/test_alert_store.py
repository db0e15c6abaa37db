"""The contract of `AlertStore`, the same on SQLite and MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.profiles.alerts.alert import Alert, RaisedAlert, alert_id
from services.profiles.alerts.alert_rule import AlertRule, KeptRule, Standing
from services.profiles.alerts.heartbeat import Heartbeat
from services.profiles.alerts.store import COLLECTIONS, AlertStore
from services.profiles.alerts.webhook import Webhook
from shared.documents.backend import open_documents
from shared.outbox import Outbox
from shared.store_url import MongoUrl, SqliteUrl

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = 3600
JUDGED = int(NOW.timestamp()) - HOUR
MINUTE = timedelta(minutes=1)
DESK = Webhook("desk", "https://hooks.example/take?a=b", NOW)


def a_rule(name: str = "volume", brand: str = "acme", **changes: Any) -> AlertRule:
    """Return a rule."""
    return AlertRule(brand=brand, name=name, **({"metric": "posts", "webhook": "desk"} | changes))


def raised(number: int = 0, brand: str = "acme", *, after: timedelta = timedelta(), way: bool = True) -> RaisedAlert:
    """Return the alert of an hour, raised `after` NOW, on its way to a webhook or nowhere."""
    hour = JUDGED + number * HOUR
    alert = Alert(
        id=alert_id(brand, "volume", hour),
        brand=brand,
        rule="volume",
        metric="posts",
        direction="above",
        voice=None,
        hour=datetime.fromtimestamp(hour, UTC),
        posts=90,
        value=90.0,
        expected=10.0,
        low=0.0,
        high=21.5,
        z=25.25,
        threshold=3.5,
        raised_at=NOW + after,
    )
    return RaisedAlert.of(alert, "desk" if way else None)


def moved(hours: int, **changes: Any) -> Standing:
    """Return the standing of a rule that judged `hours` hours more."""
    return Standing(judged=JUDGED + hours * HOUR, **({"state": "watching", "missing": None} | changes))


async def keep(store: AlertStore, *alerts: RaisedAlert) -> None:
    """Record alerts, an hour each."""
    kept = await store.put_rule(a_rule(), JUDGED)
    for n, alert in enumerate(alerts):
        assert await store.record(kept, moved(n + 1), alert)
        kept = kept.model_copy(update={"standing": moved(n + 1)})


async def taken(store: AlertStore, at: timedelta) -> str | None:
    """Take a delivery that is due, and return its id."""
    found = await store.outbox.take("replica", NOW + at, NOW + at + MINUTE)
    return found[1].id if found is not None else None


@pytest.fixture
async def stores(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[list[AlertStore]]:
    """Yield one empty store, opened twice, as two replicas do."""
    async with open_documents(store_url, COLLECTIONS) as one, open_documents(store_url, COLLECTIONS) as other:
        yield [AlertStore(one), AlertStore(other)]


async def test_a_rule_comes_back_as_it_was_put(stores: list[AlertStore]) -> None:
    """With the standing of one that has judged nothing yet, to another replica too."""
    kept = await stores[0].put_rule(a_rule(voice="internal"), JUDGED)
    assert kept == KeptRule(rule=a_rule(voice="internal"), standing=Standing(judged=JUDGED))
    assert await stores[1].rule("acme", "volume") == kept
    assert await stores[1].rule("acme", "other") is None
    assert await stores[1].rule("other", "volume") is None


async def test_a_rule_that_is_put_again_keeps_its_standing(stores: list[AlertStore]) -> None:
    """What it judged and raised is not forgotten by a change of its threshold."""
    kept = await stores[0].put_rule(a_rule(), JUDGED)
    await stores[0].record(kept, moved(1, raised={"above": JUDGED + HOUR}), None)
    again = await stores[1].put_rule(a_rule(threshold=5), JUDGED + 9 * HOUR)
    assert again == KeptRule(rule=a_rule(threshold=5), standing=moved(1, raised={"above": JUDGED + HOUR}))


async def test_rules_are_listed_by_brand_and_name(stores: list[AlertStore]) -> None:
    """In pages, and none of another brand."""
    for brand, name in (("acme", "b"), ("acme", "a"), ("acme", "c"), ("bcme", "a")):
        await stores[0].put_rule(a_rule(name, brand), JUDGED)
    first = await stores[1].rules("acme", "", 2)
    assert [kept.rule.name for kept in first] == ["a", "b"]
    assert [kept.rule.name for kept in await stores[1].rules("acme", "b", 9)] == ["c"]


async def test_a_deleted_rule_is_gone_and_its_alerts_are_not(stores: list[AlertStore]) -> None:
    """Deleting tells whether it was there."""
    kept = await stores[0].put_rule(a_rule(), JUDGED)
    assert await stores[0].record(kept, moved(1), raised())
    assert [await store.delete_rule("acme", "volume") for store in stores] == [True, False]
    assert await stores[1].rules("acme", "", 9) == []
    assert await stores[1].alerts("acme", None, 9) == [raised()]
    assert not await stores[1].record(kept, moved(1), None)


async def test_rules_are_due_until_they_have_judged(stores: list[AlertStore]) -> None:
    """Those furthest behind first, of one hour by brand and name, in pages that go on after a rule."""
    for brand, name in (("b", "x"), ("a", "y"), ("a", "x"), ("b-1", "a")):
        await stores[0].put_rule(a_rule(name, brand), JUDGED)
    await stores[0].put_rule(a_rule("z", "z"), JUDGED - HOUR)
    ahead = await stores[0].put_rule(a_rule("z", "a"), JUDGED)
    await stores[0].record(ahead, moved(1), None)
    first = await stores[1].due_rules(JUDGED + HOUR, None, 2)
    rest = await stores[1].due_rules(JUDGED + HOUR, first[-1], 9)
    assert [(kept.rule.brand, kept.rule.name) for kept in first + rest] == [
        ("z", "z"),
        ("a", "x"),
        ("a", "y"),
        ("b", "x"),
        ("b-1", "a"),
    ]
    assert await stores[1].due_rules(JUDGED - HOUR, None, 9) == []


async def test_an_hour_is_recorded_once_however_many_judge_it(stores: list[AlertStore]) -> None:
    """Of eight recorders that read the same standing one has its way; the alert is there once."""
    kept = await stores[0].put_rule(a_rule(), JUDGED)
    tries = [store.record(kept, moved(1), raised(after=n * MINUTE)) for n in range(4) for store in stores]
    assert sum(await asyncio.gather(*tries)) == 1
    assert len(await stores[0].alerts("acme", None, 9)) == 1
    found = await stores[1].rule("acme", "volume")
    assert found is not None
    assert found.standing == moved(1)


async def test_a_replica_that_judged_too_late_raises_nothing(stores: list[AlertStore]) -> None:
    """A replica that stalled cannot bring back an hour that the other one judged and passed."""
    kept = await stores[0].put_rule(a_rule(), JUDGED)
    assert await stores[1].record(kept, moved(1), None)
    assert not await stores[0].record(kept, moved(1), raised(1))
    assert await stores[0].alerts("acme", None, 9) == []


async def test_an_alert_whose_id_was_there_stays_as_it_was(stores: list[AlertStore]) -> None:
    """Where a rule is deleted and made again, say."""
    kept = await stores[0].put_rule(a_rule(), JUDGED)
    await stores[0].record(kept, moved(1), raised())
    await stores[0].delete_rule("acme", "volume")
    kept = await stores[0].put_rule(a_rule(), JUDGED)
    assert await stores[1].record(kept, moved(1), raised(after=MINUTE, way=False))
    assert await stores[1].alerts("acme", None, 9) == [raised()]


async def test_alerts_are_listed_the_latest_first(stores: list[AlertStore]) -> None:
    """In pages that hold each once, also where several were raised at one moment; a brand sees its own."""
    every = [raised(n, after=(n // 2) * MINUTE, way=n % 2 == 0) for n in range(5)]
    await keep(stores[0], *every)
    other = await stores[0].put_rule(a_rule(brand="other"), JUDGED)
    await stores[0].record(other, moved(1), raised(brand="other"))
    found = await stores[1].alerts("acme", None, 2)
    while page := await stores[1].alerts("acme", found[-1].position, 2):
        found += page
    assert found == sorted(every, key=lambda alert: alert.position, reverse=True)


async def test_old_alerts_are_swept(stores: list[AlertStore]) -> None:
    """As many as are asked for at a time, and none that is younger; their deliveries go with them."""
    await keep(stores[0], *(raised(n, after=n * MINUTE) for n in range(4)))
    before = NOW + 3 * MINUTE
    assert [await store.sweep(before, 2) for store in (*stores, stores[0])] == [2, 1, 0]
    assert await stores[1].alerts("acme", None, 9) == [raised(3, after=3 * MINUTE)]
    assert [await taken(stores[1], 9 * MINUTE) for _ in range(2)] == [raised(3).alert.id, None]


async def test_a_heartbeat_comes_back_as_it_was_put(stores: list[AlertStore]) -> None:
    """To every replica, to the millisecond; the last one alone is kept, and of several first ones one is."""
    assert await stores[0].heartbeat() is None
    first = [Heartbeat(NOW + n * MINUTE, NOW - n * MINUTE) for n in range(8)]
    await asyncio.gather(*(stores[n % 2].put_heartbeat(heartbeat) for n, heartbeat in enumerate(first)))
    assert await stores[0].heartbeat() in first
    later = Heartbeat(NOW + timedelta(milliseconds=1, microseconds=999), NOW + 60 * MINUTE)
    await stores[1].put_heartbeat(later)
    assert await stores[0].heartbeat() == Heartbeat(NOW + timedelta(milliseconds=1), NOW + 60 * MINUTE)


async def test_a_record_that_fails_in_the_middle_leaves_nothing(
    stores: list[AlertStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the alert nor the standing is kept without the delivery; recorded again, all three are."""
    kept = await stores[0].put_rule(a_rule(), JUDGED)

    async def failing(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(Outbox, "add", failing)
        with pytest.raises(RuntimeError):
            await stores[0].record(kept, moved(1), raised())
    assert await stores[1].rule("acme", "volume") == kept
    assert await stores[1].alerts("acme", None, 9) == []
    assert await stores[1].record(kept, moved(1), raised())
    assert await stores[0].alerts("acme", None, 9) == [raised()]


async def test_an_alert_is_delivered_once_it_was_raised(stores: list[AlertStore]) -> None:
    """Those raised first come first; one that goes nowhere is never due."""
    late, early = raised(0, after=2 * MINUTE), raised(1, after=MINUTE)
    await keep(stores[0], late, early, raised(2, way=False), raised(3, after=9 * MINUTE))
    assert [await taken(stores[1], 3 * MINUTE) for _ in range(3)] == [early.alert.id, late.alert.id, None]
    assert await stores[1].alert(early.alert.id) == early.alert
    assert await stores[1].alert("0" * 32) is None


async def test_a_webhook_comes_back_as_it_was_put(stores: list[AlertStore]) -> None:
    """A later one takes the name over; deleting tells whether it was there."""
    await stores[0].put_webhook(DESK)
    assert await stores[1].webhook("desk") == DESK
    later = Webhook("desk", "https://hooks.example/other", NOW + MINUTE)
    await stores[1].put_webhook(later)
    assert await stores[0].webhook("desk") == later
    assert [await store.delete_webhook("desk") for store in stores] == [True, False]
    assert await stores[0].webhook("desk") is None


async def test_webhooks_are_listed_by_name(stores: list[AlertStore]) -> None:
    """In pages."""
    for name in ("b", "a", "c"):
        await stores[0].put_webhook(Webhook(name, DESK.url, NOW))
    assert [webhook.name for webhook in await stores[1].webhooks("", 2)] == ["a", "b"]
    assert [webhook.name for webhook in await stores[1].webhooks("b", 2)] == ["c"]
