"""The contract of `AlertStore` about webhooks and deliveries, the same for every store."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.profiles.alerts.alert import RaisedAlert
from services.profiles.alerts.stores.base import AlertStore
from services.profiles.alerts.webhook import Webhook
from shared.store_url import MongoUrl, SqliteUrl
from shared.webhooks.delivery import Outcome
from tests.contract.alert_stores import JUDGED, NOW, a_rule, moved, opened, raised

MINUTE = timedelta(minutes=1)
DESK = Webhook("desk", "https://hooks.example/take?a=b", NOW)


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.mongo)])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[AlertStore]]:
    """Yield one empty store, opened twice, as two replicas do."""
    url: SqliteUrl | MongoUrl = SqliteUrl(tmp_path / "profiles.db")
    if request.param == "mongo":
        url = request.getfixturevalue("mongo_url")
    async with opened(url) as one, opened(url) as other:
        yield [one, other]


async def keep(store: AlertStore, *alerts: RaisedAlert) -> None:
    """Record alerts, an hour each."""
    kept = await store.put_rule(a_rule(), JUDGED)
    for n, alert in enumerate(alerts):
        assert await store.record(kept, moved(n + 1), alert)
        kept = kept.model_copy(update={"standing": moved(n + 1)})


async def leased(store: AlertStore, at: timedelta = timedelta()) -> RaisedAlert | None:
    """Lease what is due, for a minute."""
    return await store.lease_delivery(NOW + at, NOW + at + MINUTE)


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


async def test_a_delivery_is_leased_to_one(stores: list[AlertStore]) -> None:
    """Of many that ask at once one has it; each lease is an attempt with a token of its own."""
    await keep(stores[0], raised())
    found = [lease for lease in await asyncio.gather(*[leased(store) for _ in range(4) for store in stores]) if lease]
    (lease,) = found
    assert lease == raised().leased(NOW + MINUTE)
    assert (lease.attempts, lease.token) == (1, 1)
    again = await leased(stores[1], MINUTE)
    assert again is not None
    assert (again.attempts, again.token) == (2, 2)


async def test_those_due_longest_come_first(stores: list[AlertStore]) -> None:
    """What is not due yet, or goes nowhere, is not leased."""
    late, early = raised(0, after=2 * MINUTE), raised(1, after=MINUTE)
    await keep(stores[0], late, early, raised(2, way=False), raised(3, after=9 * MINUTE))
    found = [await leased(stores[1], 3 * MINUTE) for _ in range(3)]
    assert [lease and lease.id for lease in found] == [early.id, late.id, None]


async def test_a_settled_delivery_is_not_sent_again(stores: list[AlertStore]) -> None:
    """What came of it is shown, and nothing changes it any more."""
    await keep(stores[0], raised())
    lease = await leased(stores[0])
    assert lease is not None
    done = lease.settled(Outcome("delivered", "answered 204"), NOW)
    assert await stores[1].settle_delivery(done)
    assert await stores[0].alerts("acme", None, 9) == [done]
    assert await leased(stores[0], 99 * MINUTE) is None
    assert not await stores[0].settle_delivery(lease.settled(Outcome("failed", "late"), NOW))


async def test_a_delivery_waits_again_until_it_is_due(stores: list[AlertStore]) -> None:
    """It is free from then on, whatever its lease was."""
    await keep(stores[0], raised())
    lease = await leased(stores[0])
    assert lease is not None
    await stores[0].settle_delivery(lease.settled(Outcome("waiting", "answered 500", NOW + 5 * MINUTE), NOW))
    assert await leased(stores[1], 4 * MINUTE) is None
    assert await leased(stores[1], 5 * MINUTE) is not None


async def test_who_lost_the_lease_settles_nothing(stores: list[AlertStore]) -> None:
    """The one who took it over tells what came of it."""
    await keep(stores[0], raised())
    first, second = await leased(stores[0]), await leased(stores[1], MINUTE)
    assert first is not None
    assert second is not None
    assert not await stores[0].settle_delivery(first.settled(Outcome("failed", "late"), NOW))
    assert await stores[1].settle_delivery(second.settled(Outcome("delivered", "answered 200"), NOW))
