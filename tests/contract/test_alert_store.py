"""The contract of `AlertStore` about rules and what they raised, the same for every store."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.profiles.alerts.heartbeat import Heartbeat
from services.profiles.alerts.rule import KeptRule, Standing
from services.profiles.alerts.stores.base import AlertStore, place_of
from shared.store_url import MongoUrl, SqliteUrl
from tests.contract.alert_stores import HOUR, JUDGED, NOW, a_rule, moved, opened, raised

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.mongo)])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[AlertStore]]:
    """Yield one empty store, opened twice, as two replicas do."""
    url: SqliteUrl | MongoUrl = SqliteUrl(tmp_path / "profiles.db")
    if request.param == "mongo":
        url = request.getfixturevalue("mongo_url")
    async with opened(url) as one, opened(url) as other:
        yield [one, other]


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
    """By brand and name, in pages that go on after a pair of them."""
    for brand, name in (("b", "x"), ("a", "y"), ("a", "x"), ("b-1", "a")):
        await stores[0].put_rule(a_rule(name, brand), JUDGED)
    ahead = await stores[0].put_rule(a_rule("z", "a"), JUDGED)
    await stores[0].record(ahead, moved(1), None)
    first = await stores[1].due_rules(JUDGED + HOUR, None, 2)
    rest = await stores[1].due_rules(JUDGED + HOUR, ("a", "y"), 9)
    assert [(kept.rule.brand, kept.rule.name) for kept in first + rest] == [
        ("a", "x"),
        ("a", "y"),
        ("b", "x"),
        ("b-1", "a"),
    ]
    assert await stores[1].due_rules(JUDGED, None, 9) == []


async def test_an_hour_is_recorded_once_however_many_judge_it(stores: list[AlertStore]) -> None:
    """Of eight recorders that read the same standing one has its way; the alert is there once."""
    kept = await stores[0].put_rule(a_rule(), JUDGED)
    tries = [store.record(kept, moved(1), raised(after=n * MINUTE)) for n in range(4) for store in stores]
    assert sum(await asyncio.gather(*tries)) == 1
    assert len(await stores[0].alerts("acme", None, 9)) == 1
    found = await stores[1].rule("acme", "volume")
    assert found is not None
    assert found.standing == moved(1)


async def test_who_judged_too_late_raises_nothing(stores: list[AlertStore]) -> None:
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
    kept = await stores[0].put_rule(a_rule(), JUDGED)
    for n, alert in enumerate(every):
        assert await stores[0].record(kept, moved(n + 1), alert)
        kept = kept.model_copy(update={"standing": moved(n + 1)})
    other = await stores[0].put_rule(a_rule(brand="other"), JUDGED)
    await stores[0].record(other, moved(1), raised(brand="other"))
    found = await stores[1].alerts("acme", None, 2)
    while page := await stores[1].alerts("acme", place_of(found[-1]), 2):
        found += page
    assert found == sorted(every, key=lambda alert: (alert.alert.raised_at, alert.id), reverse=True)


async def test_old_alerts_are_swept(stores: list[AlertStore]) -> None:
    """As many as are asked for at a time, and none that is younger; their deliveries go with them."""
    kept = await stores[0].put_rule(a_rule(), JUDGED)
    for n in range(4):
        await stores[0].record(kept, moved(n + 1), raised(n, after=n * MINUTE))
        kept = kept.model_copy(update={"standing": moved(n + 1)})
    before = NOW + 3 * MINUTE
    assert [await store.sweep(before, 2) for store in (*stores, stores[0])] == [2, 1, 0]
    assert await stores[1].alerts("acme", None, 9) == [raised(3, after=3 * MINUTE)]
    leased = await stores[1].lease_delivery(NOW + 9 * MINUTE, NOW + 10 * MINUTE)
    assert leased is not None
    assert leased.id == raised(3).id
    assert await stores[1].lease_delivery(NOW + 9 * MINUTE, NOW + 10 * MINUTE) is None


async def test_a_heartbeat_comes_back_as_it_was_put(stores: list[AlertStore]) -> None:
    """To every replica, to the millisecond; the last one alone is kept, and of several first ones one is."""
    assert await stores[0].heartbeat() is None
    first = [Heartbeat(NOW + n * MINUTE, NOW - n * MINUTE) for n in range(8)]
    await asyncio.gather(*(stores[n % 2].put_heartbeat(heartbeat) for n, heartbeat in enumerate(first)))
    assert await stores[0].heartbeat() in first
    later = Heartbeat(NOW + timedelta(milliseconds=1, microseconds=999), NOW + 60 * MINUTE)
    await stores[1].put_heartbeat(later)
    assert await stores[0].heartbeat() == Heartbeat(NOW + timedelta(milliseconds=1), NOW + 60 * MINUTE)
