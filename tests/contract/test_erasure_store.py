"""The contract of `ErasureStore`, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.ingest.erasures.erasure import Erasure, completed, postponed
from services.ingest.erasures.store import ErasureStore
from services.ingest.store import open_store
from shared.erasure import ErasedOfBrand
from shared.errors import NotFoundError
from shared.leases import LeaseLostError
from shared.store_url import MongoUrl, SqliteUrl

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def stores(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[list[ErasureStore]]:
    """Yield one empty store, opened twice, as two replicas do."""
    async with open_store(store_url) as one, open_store(store_url) as other:
        yield [one.erasures, other.erasures]


def an_erasure(author: int = 1, **changes: Any) -> Erasure:
    """Return a queued erasure of an author; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "id": f"{author + 5000:032x}",
        "author_key": f"{author:032x}",
        "reply_author": f"{author + 9000:032x}",
        "asked_at": NOW,
        "due_at": NOW,
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
    taken = await one.take("one", NOW, NOW + MINUTE)
    assert taken is not None
    await one.settle(taken[0], completed(completed(taken[1], NOW), NOW + MINUTE))
    assert await other.erased(asked) == {wanted.author_key}
    assert await other.erased([]) == set()


async def test_no_erasure_is_leased_twice(stores: list[ErasureStore]) -> None:
    """Of many takers at once each erasure goes to one, the one due longest first."""
    for author in range(3):
        await stores[0].ask(an_erasure(author, due_at=NOW - author * MINUTE))
    first = await stores[0].take("first", NOW, NOW + MINUTE)
    assert first is not None
    assert (first[1].author_key, first[1].state) == (f"{2:032x}", "running")
    rest = await asyncio.gather(*(stores[turn % 2].take(f"{turn}", NOW, NOW + MINUTE) for turn in range(6)))
    others = [one[1].author_key for one in rest if one is not None]
    assert len(others) == len(set(others))
    while more := await stores[0].take("more", NOW, NOW + MINUTE):
        others.append(more[1].author_key)
    assert sorted(others) == [f"{0:032x}", f"{1:032x}"]


async def test_a_lapsed_lease_goes_to_another_replica(stores: list[ErasureStore]) -> None:
    """It is taken over, and what its first owner then writes changes nothing."""
    one, other = stores
    asked = await one.ask(an_erasure())
    first = await one.take("one", NOW, NOW + MINUTE)
    assert first is not None
    assert await other.take("other", NOW + MINUTE / 2, NOW + 2 * MINUTE) is None
    second = await other.take("other", NOW + MINUTE, NOW + 2 * MINUTE)
    assert second is not None
    for write in (one.note, one.settle):
        with pytest.raises(LeaseLostError):
            await write(first[0], completed(first[1], NOW))
    assert (await one.find(asked.id)).state == "running"
    await other.note(second[0], completed(second[1], NOW))
    await other.settle(second[0], completed(second[1], NOW))
    assert (await one.find(asked.id)).state == "done"


async def test_one_that_waits_is_due_when_it_says(stores: list[ErasureStore]) -> None:
    """Not before, and with all that is known of it."""
    one, other = stores
    asked = await one.ask(an_erasure())
    taken = await one.take("one", NOW, NOW + MINUTE)
    assert taken is not None
    counts = ErasedOfBrand(brand="acme", posts=1, texts=2, assignments=3)
    waiting = postponed(taken[1].model_copy(update={"profiles": (counts,)}), NOW, "profiles", "profiles is away")
    await one.settle(taken[0], waiting)
    assert await other.find(asked.id) == waiting
    assert waiting.due_at is not None
    assert await other.take("other", waiting.due_at - timedelta(milliseconds=1), NOW + MINUTE) is None
    assert await other.take("other", waiting.due_at, NOW + MINUTE) is not None


async def test_one_that_is_done_is_queued_by_asking_again(stores: list[ErasureStore]) -> None:
    """Under its id, with its counts; one that is not done stays as it is."""
    one, other = stores
    asked = await one.ask(an_erasure())
    assert await other.ask(an_erasure(id="e" * 32)) == asked
    taken = await one.take("one", NOW, NOW + MINUTE)
    assert taken is not None
    await one.settle(taken[0], completed(completed(taken[1], NOW), NOW + MINUTE))
    assert await one.take("one", NOW + 1000 * MINUTE, NOW + 1001 * MINUTE) is None
    again = await other.ask(an_erasure(id="e" * 32, due_at=NOW + MINUTE))
    assert (again.id, again.state, again.reply_author) == (asked.id, "queued", asked.reply_author)
    assert await one.find(asked.id) == again
    assert await one.take("one", NOW + MINUTE, NOW + 2 * MINUTE) is not None
