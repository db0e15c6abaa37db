"""Stores of alerts to run the contract on, and what goes into them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from services.profiles.alerts.alert import Alert, Delivery, RaisedAlert, alert_id
from services.profiles.alerts.rule import Rule, Standing
from services.profiles.alerts.stores.base import AlertStore
from services.profiles.alerts.stores.mongo import MongoAlertStore
from services.profiles.alerts.stores.sqlite import SCHEMA, SqliteAlertStore
from shared.mongo import open_mongo
from shared.sqlite import open_sqlite
from shared.store_url import MongoUrl, SqliteUrl

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = 3600
JUDGED = int(NOW.timestamp()) - HOUR


@asynccontextmanager
async def opened(url: SqliteUrl | MongoUrl) -> AsyncIterator[AlertStore]:
    """Open the store that `url` names."""
    if isinstance(url, SqliteUrl):
        async with open_sqlite(url.path, SCHEMA) as file:
            yield SqliteAlertStore(file)
    else:
        async with open_mongo(url) as database:
            store = MongoAlertStore(database)
            await store.prepare()
            yield store


def a_rule(name: str = "volume", brand: str = "acme", **changes: Any) -> Rule:
    """Return a rule."""
    return Rule(brand=brand, name=name, **({"metric": "posts", "webhook": "desk"} | changes))


def raised(number: int = 0, brand: str = "acme", *, after: timedelta = timedelta(), way: bool = True) -> RaisedAlert:
    """Return the alert of an hour, raised `after` NOW, on its way to a webhook or nowhere."""
    hour, at = JUDGED + number * HOUR, NOW + after
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
        raised_at=at,
    )
    return RaisedAlert(alert=alert, delivery=Delivery(webhook="desk", due_at=at, leased_until=at) if way else None)


def moved(hours: int, **changes: Any) -> Standing:
    """Return the standing of a rule that judged `hours` hours more."""
    return Standing(judged=JUDGED + hours * HOUR, **({"state": "watching", "missing": None} | changes))
