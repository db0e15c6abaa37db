"""The contract of `RoundStore`, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.documents.backend import open_documents
from shared.rounds import ROUNDS, RoundStore
from shared.store_url import MongoUrl, SqliteUrl

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def stores(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[list[RoundStore]]:
    """Yield one empty store, opened twice, as two replicas do."""
    async with open_documents(store_url, (ROUNDS,)) as one, open_documents(store_url, (ROUNDS,)) as other:
        yield [RoundStore(one), RoundStore(other)]


async def test_of_many_one_begins(stores: list[RoundStore]) -> None:
    """A round is made by one replica at a time, from the first on."""
    begun = await asyncio.gather(
        *(store.begin("daily", f"replica-{n}", NOW, NOW + HOUR) for n in range(8) for store in stores)
    )
    assert sum(lease is not None for lease in begun) == 1
    assert await stores[0].begin("other", "replica-1", NOW, NOW + HOUR)


async def test_an_ended_round_is_due_when_it_says(stores: list[RoundStore]) -> None:
    """Not before, and then for any replica."""
    one, other = stores
    lease = await one.begin("daily", "replica-1", NOW, NOW + HOUR)
    assert lease is not None
    await one.end(lease, NOW + 24 * HOUR)
    assert not await other.begin("daily", "replica-2", NOW + 23 * HOUR, NOW + 24 * HOUR)
    assert await other.begin("daily", "replica-2", NOW + 24 * HOUR, NOW + 25 * HOUR)


async def test_a_lapsed_round_goes_to_another_replica(stores: list[RoundStore]) -> None:
    """A replica that was gone too long ends nothing any more."""
    one, other = stores
    lease = await one.begin("daily", "replica-1", NOW, NOW + HOUR)
    assert lease is not None
    assert not await other.begin("daily", "replica-2", NOW + HOUR / 2, NOW + 2 * HOUR)
    assert await other.begin("daily", "replica-2", NOW + HOUR, NOW + 2 * HOUR)
    await one.end(lease, NOW)
    assert not await one.begin("daily", "replica-1", NOW + HOUR, NOW + 3 * HOUR)
