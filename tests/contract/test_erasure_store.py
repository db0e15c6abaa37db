"""The contract of `ErasureStore`, the same for every store."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.ingest.erasures.erasure import Erasure, completed, postponed
from services.ingest.erasures.stores.base import ErasureStore
from services.ingest.stores.opening import open_store
from shared.erasure import ErasedOfBrand
from shared.errors import NotFoundError
from shared.store_url import MongoUrl, SqliteUrl

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.mongo)])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[ErasureStore]]:
    """Yield one empty store, opened twice, as two replicas do."""
    url: SqliteUrl | MongoUrl = SqliteUrl(tmp_path / "ingest.db")
    if request.param == "mongo":
        url = request.getfixturevalue("mongo_url")
    async with open_store(url) as one, open_store(url) as other:
        yield [one.erasures, other.erasures]


def an_erasure(author: int = 1, **changes: Any) -> Erasure:
    """Return a queued erasure of an author; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "id": f"{author + 5000:032x}",
        "author_key": f"{author:032x}",
        "reply_author": f"{author + 9000:032x}",
        "asked_at": NOW,
        "due_at": NOW,
        "leased_until": NOW,
    }
    return Erasure.model_validate(fields | changes)


async def test_an_author_has_one_erasure(stores: list[ErasureStore]) -> None:
    """Of many askings at once, by two replicas, one is kept, and all are told of it; it comes back as it was."""
    asked = [an_erasure(1, id=f"{turn:032x}") for turn in range(8)]
    kept = await asyncio.gather(*(stores[turn % 2].ask(one) for turn, one in enumerate(asked)))
    assert len({one.id for one in kept}) == 1
    assert await stores[1].find(kept[0].id) == kept[0]
    with pytest.raises(NotFoundError, match="no erasure"):
        await stores[0].find("f" * 32)


async def test_an_author_is_known_as_erased_from_the_asking_on(stores: list[ErasureStore]) -> None:
    """Every replica tells them from others, before the erasure is carried out and ever after."""
    one, other = stores
    wanted = await one.ask(an_erasure(1))
    asked = [f"{author:032x}" for author in range(3)]
    assert await other.erased(asked) == {wanted.author_key}
    leased = await one.lease(NOW, NOW + MINUTE)
    assert leased is not None
    await one.record(completed(completed(leased, NOW), NOW + MINUTE))
    assert await other.erased(asked) == {wanted.author_key}
    assert await other.erased([]) == set()


async def test_no_erasure_is_leased_twice(stores: list[ErasureStore]) -> None:
    """Of many who look at once each erasure goes to one, the one due longest first."""
    for author in range(3):
        await stores[0].ask(an_erasure(author, due_at=NOW - author * MINUTE))
    first = await stores[0].lease(NOW, NOW + MINUTE)
    assert first is not None
    assert (first.author_key, first.state, first.token) == (f"{2:032x}", "running", 1)
    rest = await asyncio.gather(*(stores[turn % 2].lease(NOW, NOW + MINUTE) for turn in range(6)))
    others = [one.author_key for one in rest if one is not None]
    assert len(others) == len(set(others))
    while more := await stores[0].lease(NOW, NOW + MINUTE):
        others.append(more.author_key)
    assert sorted(others) == [f"{0:032x}", f"{1:032x}"]


async def test_a_lapsed_lease_is_somebody_elses(stores: list[ErasureStore]) -> None:
    """It is taken over with a higher token, and what the first holder then writes changes nothing."""
    one, other = stores
    asked = await one.ask(an_erasure())
    first = await one.lease(NOW, NOW + MINUTE)
    assert first is not None
    assert await other.lease(NOW + MINUTE / 2, NOW + 2 * MINUTE) is None
    second = await other.lease(NOW + MINUTE, NOW + 2 * MINUTE)
    assert second is not None
    assert second.token == first.token + 1
    assert not await one.record(completed(first, NOW))
    assert (await one.find(asked.id)).state == "running"
    assert await other.record(completed(second, NOW))
    assert (await one.find(asked.id)).state == "done"


async def test_one_that_waits_is_due_when_it_says(stores: list[ErasureStore]) -> None:
    """Not before, and with all that is known of it."""
    one, other = stores
    asked = await one.ask(an_erasure())
    leased = await one.lease(NOW, NOW + MINUTE)
    assert leased is not None
    counts = ErasedOfBrand(brand="acme", posts=1, texts=2, assignments=3)
    waiting = postponed(leased.model_copy(update={"profiles": (counts,)}), NOW, "profiles", "profiles is away")
    assert await one.record(waiting)
    assert await other.find(asked.id) == waiting
    assert waiting.due_at is not None
    assert await other.lease(waiting.due_at - timedelta(milliseconds=1), NOW + MINUTE) is None
    assert await other.lease(waiting.due_at, NOW + MINUTE) is not None


async def test_one_that_is_done_is_queued_by_asking_again(stores: list[ErasureStore]) -> None:
    """Under its id, with its counts and a new token; one that is not done stays as it is."""
    one, other = stores
    asked = await one.ask(an_erasure())
    assert await other.ask(an_erasure(id="e" * 32)) == asked
    leased = await one.lease(NOW, NOW + MINUTE)
    assert leased is not None
    await one.record(completed(completed(leased, NOW), NOW + MINUTE))
    assert await one.lease(NOW + 1000 * MINUTE, NOW + 1001 * MINUTE) is None
    again = await other.ask(an_erasure(id="e" * 32, due_at=NOW + MINUTE))
    assert (again.id, again.state, again.reply_author) == (asked.id, "queued", asked.reply_author)
    assert again.token > leased.token
    assert await one.find(asked.id) == again
    assert await one.lease(NOW + MINUTE, NOW + 2 * MINUTE) is not None
