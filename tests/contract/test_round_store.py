"""The contract of `RoundStore`, the same for every store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.mongo import open_mongo
from shared.rounds.stores.base import RoundStore
from shared.rounds.stores.mongo import MongoRoundStore
from shared.rounds.stores.sqlite import SCHEMA, SqliteRoundStore
from shared.sqlite import open_sqlite
from shared.store_url import MongoUrl, SqliteUrl

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@asynccontextmanager
async def opened(url: SqliteUrl | MongoUrl) -> AsyncIterator[RoundStore]:
    """Open the store that `url` names."""
    if isinstance(url, SqliteUrl):
        async with open_sqlite(url.path, SCHEMA) as file:
            yield SqliteRoundStore(file)
    else:
        async with open_mongo(url) as database:
            store = MongoRoundStore(database)
            await store.prepare()
            yield store


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.mongo)])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[RoundStore]]:
    """Yield one empty store, opened twice, as two replicas do."""
    url: SqliteUrl | MongoUrl = SqliteUrl(tmp_path / "rounds.db")
    if request.param == "mongo":
        url = request.getfixturevalue("mongo_url")
    async with opened(url) as one, opened(url) as other:
        yield [one, other]


async def test_of_many_one_begins(stores: list[RoundStore]) -> None:
    """A round is made by one replica at a time, from the first on."""
    begun = await asyncio.gather(
        *(store.begin("daily", f"replica-{n}", NOW, NOW + HOUR) for n in range(8) for store in stores)
    )
    assert sum(begun) == 1
    assert await stores[0].begin("other", "replica-1", NOW, NOW + HOUR)


async def test_an_ended_round_is_due_when_it_says(stores: list[RoundStore]) -> None:
    """Not before, and then for anybody."""
    one, other = stores
    assert await one.begin("daily", "replica-1", NOW, NOW + HOUR)
    await one.end("daily", "replica-1", NOW + 24 * HOUR)
    assert not await other.begin("daily", "replica-2", NOW + 23 * HOUR, NOW + 24 * HOUR)
    assert await other.begin("daily", "replica-2", NOW + 24 * HOUR, NOW + 25 * HOUR)


async def test_a_lapsed_round_is_somebody_elses(stores: list[RoundStore]) -> None:
    """Who was gone too long ends nothing any more."""
    one, other = stores
    assert await one.begin("daily", "replica-1", NOW, NOW + HOUR)
    assert not await other.begin("daily", "replica-2", NOW + HOUR / 2, NOW + 2 * HOUR)
    assert await other.begin("daily", "replica-2", NOW + HOUR, NOW + 2 * HOUR)
    await one.end("daily", "replica-1", NOW)
    assert not await one.begin("daily", "replica-1", NOW + HOUR, NOW + 3 * HOUR)
