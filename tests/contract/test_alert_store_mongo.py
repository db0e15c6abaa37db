"""What a crash between the steps of MongoDB's record leaves, and which index each query goes by."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.profiles.alerts.stores.mongo import MongoAlertStore
from shared.mongo import MongoDatabase, open_mongo
from shared.store_url import MongoUrl
from tests.contract.alert_stores import HOUR, JUDGED, NOW, a_rule, moved, raised

pytestmark = pytest.mark.mongo


class CrashError(Exception):
    """The process ends here."""


@pytest.fixture
async def database(mongo_url: MongoUrl) -> AsyncIterator[MongoDatabase]:
    """Yield an empty database."""
    async with open_mongo(mongo_url) as opened:
        yield opened


@pytest.fixture
async def store(database: MongoDatabase) -> MongoAlertStore:
    """Return a store with its indexes."""
    store = MongoAlertStore(database)
    await store.prepare()
    return store


async def crash(*_: Any) -> None:
    """Stand for a step that is never made."""
    raise CrashError


async def test_an_alert_is_kept_where_its_recorder_dies_before_inserting_it(
    store: MongoAlertStore, database: MongoDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next look for due rules inserts it, also where no rule is due."""
    kept = await store.put_rule(a_rule(), JUDGED)
    monkeypatch.setattr(store, "_insert", crash)
    with pytest.raises(CrashError):
        await store.record(kept, moved(1), raised())
    other = MongoAlertStore(database)
    assert await other.alerts("acme", None, 9) == []
    assert await other.due_rules(JUDGED, None, 9) == []
    assert await other.alerts("acme", None, 9) == [raised()]
    assert await other.lease_delivery(NOW, NOW + timedelta(minutes=1)) is not None


async def test_an_alert_is_inserted_once_where_its_recorder_dies_after_inserting_it(
    store: MongoAlertStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came of it meanwhile stays, and the rule goes on."""
    kept = await store.put_rule(a_rule(), JUDGED)
    insert = store._insert

    async def insert_and_crash(document: dict[str, Any]) -> None:
        await insert(document)
        raise CrashError

    monkeypatch.setattr(store, "_insert", insert_and_crash)
    with pytest.raises(CrashError):
        await store.record(kept, moved(1), raised())
    monkeypatch.undo()
    leased = await store.lease_delivery(NOW, NOW + timedelta(minutes=1))
    (due,) = await store.due_rules(JUDGED + 2 * HOUR, None, 9)
    assert await store.alerts("acme", None, 9) == [leased]
    assert await store.record(due, moved(2), raised(1))
    assert len(await store.alerts("acme", None, 9)) == 2


async def test_a_deleted_rule_leaves_the_alert_it_had_pending(
    store: MongoAlertStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was raised, so it is told."""
    kept = await store.put_rule(a_rule(), JUDGED)
    monkeypatch.setattr(store, "_insert", crash)
    with pytest.raises(CrashError):
        await store.record(kept, moved(1), raised())
    monkeypatch.undo()
    assert await store.delete_rule("acme", "volume")
    assert await store.alerts("acme", None, 9) == [raised()]


async def test_every_query_of_alerts_has_an_index(store: MongoAlertStore, database: MongoDatabase) -> None:
    """Pages of a brand, deliveries that wait, alerts by age, rules by brand; age expires by a TTL index too."""
    await store.put_rule(a_rule(), JUDGED)
    alerts = await database["alerts"].index_information()
    rules = await database["alert_rules"].index_information()
    assert [("brand", 1), ("raised_ms", -1), ("_id", -1)] in [index["key"] for index in alerts.values()]
    assert [("state", 1), ("due_ms", 1)] in [index["key"] for index in alerts.values()]
    assert [("brand", 1), ("name", 1)] in [index["key"] for index in rules.values()]
    (expiring,) = [index for index in alerts.values() if index["key"] == [("raised_at", 1)]]
    assert expiring.get("expireAfterSeconds", 90 * 86_400) == 90 * 86_400
