"""The contract of leases, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from shared.documents.backend import open_documents
from shared.documents.base import Documents
from shared.documents.collection import Collection, Document, Index
from shared.leases import LEASE_FIELDS, LEASE_INDEX, LeaseLostError, Leases, due_of, freed, lease_of, leased
from shared.store_url import MongoUrl, SqliteUrl

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
INDEX: Final = ("wanted", "due_ms")
CHORES: Final = Collection("chores", {"wanted": str, **LEASE_FIELDS}, (Index(INDEX), LEASE_INDEX))


@pytest.fixture
async def replicas(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[tuple[Leases, Leases]]:
    """Yield the leases of one empty store, as each of two replicas has them."""
    async with open_documents(store_url, (CHORES,)) as one, open_documents(store_url, (CHORES,)) as other:
        yield _leases(one), _leases(other)


def _leases(documents: Documents) -> Leases:
    return Leases(documents, CHORES, HOUR, INDEX, ("yes",))


async def add(leases: Leases, key: str, due: datetime | None = NOW, wanted: str = "yes") -> None:
    """Keep a chore."""
    assert await leases.documents.insert(CHORES, freed(Document(key, "new", {"wanted": wanted}), due))


def written(document: Document) -> Document:
    """Return a document with one more letter."""
    return replace(document, body=document.body + "!")


async def test_no_document_is_taken_twice(replicas: tuple[Leases, Leases]) -> None:
    """Of many takers at once each document goes to one, those due longest to the first."""
    for place, key in enumerate("abc"):
        await add(replicas[0], key, NOW - place * MINUTE)
    taken = await asyncio.gather(*(replicas[n % 2].take(f"{n}", NOW, NOW + MINUTE) for n in range(9)))
    leases = [one[0] for one in taken if one is not None]
    assert sorted(lease.key for lease in leases) == ["a", "b", "c"]
    assert {lease.token for lease in leases} == {2}
    assert await replicas[0].take("late", NOW, NOW + MINUTE) is None


async def test_what_is_leased_is_removed_by_its_owner_alone(replicas: tuple[Leases, Leases]) -> None:
    """An owner of before removes nothing."""
    one, other = replicas
    await add(one, "a")
    first = await one.take("slow", NOW, NOW + MINUTE)
    second = await other.take("quick", NOW + MINUTE, NOW + 2 * MINUTE)
    assert first is not None
    assert second is not None
    with pytest.raises(LeaseLostError):
        await one.remove(first[0])
    assert await one.documents.get(CHORES, "a") is not None
    await other.remove(second[0])
    assert await one.documents.get(CHORES, "a") is None
    with pytest.raises(LeaseLostError):
        await other.remove(second[0])


async def test_only_what_is_due_and_wanted_is_taken(replicas: tuple[Leases, Leases]) -> None:
    """Not before its time, never without one, and by its key under the same conditions."""
    one, other = replicas
    await add(one, "later", NOW + MINUTE)
    await add(one, "never", None)
    await add(one, "unwanted", wanted="no")
    assert await other.take("me", NOW, NOW + MINUTE) is None
    for key in ("later", "never", "unwanted", "unknown"):
        assert await other.take_key(key, "me", NOW, NOW + MINUTE) is None
    assert await other.due(NOW + MINUTE, 9, MINUTE) == ["later"]
    taken = await other.take("me", NOW + MINUTE, NOW + 2 * MINUTE, written)
    assert taken is not None
    assert (taken[0].key, taken[0].owner, taken[1].body) == ("later", "me", "new!")
    assert lease_of(taken[1]) == taken[0]
    assert due_of(taken[1]) == NOW + 2 * MINUTE


async def test_what_is_not_there_can_be_taken_as_new(replicas: tuple[Leases, Leases]) -> None:
    """By one of many that try at once."""
    missing = Document("a", "", {"wanted": "yes"})
    taken = await asyncio.gather(
        *(replicas[n % 2].take_key("a", f"{n}", NOW, NOW + MINUTE, missing=missing) for n in range(8))
    )
    assert sum(one is not None for one in taken) == 1


async def test_a_lapsed_lease_is_taken_over_and_lost(replicas: tuple[Leases, Leases]) -> None:
    """The token rises, and what the first owner writes from then on changes nothing."""
    one, other = replicas
    await add(one, "a")
    first = await one.take("one", NOW, NOW + MINUTE)
    assert first is not None
    assert await other.take("other", NOW + MINUTE / 2, NOW + 2 * MINUTE) is None
    second = await other.take("other", NOW + MINUTE, NOW + 2 * MINUTE)
    assert second is not None
    assert second[0].token > first[0].token
    with pytest.raises(LeaseLostError):
        await one.write(first[0], written)
    with pytest.raises(LeaseLostError):
        await one.release(first[0], NOW, written)
    assert await one.documents.get(CHORES, "a") == second[1]
    await other.documents.delete(CHORES, "a")
    with pytest.raises(LeaseLostError):
        await other.write(second[0], written)


async def test_a_renewed_lease_does_not_lapse(replicas: tuple[Leases, Leases]) -> None:
    """It may be written under meanwhile, with and without renewing, also after it lapsed while no other took it."""
    one, other = replicas
    await add(one, "a")
    taken = await one.take("one", NOW, NOW + MINUTE)
    assert taken is not None
    await one.write(taken[0], until=NOW + 3 * MINUTE)
    assert (await one.write(taken[0], written)).body == "new!"
    assert await other.take("other", NOW + 2 * MINUTE, NOW + 9 * MINUTE) is None
    assert await other.due(NOW + 3 * MINUTE, 9, MINUTE) == ["a"]
    assert (await one.write(taken[0], written)).body == "new!!"
    assert await other.take("other", NOW + 3 * MINUTE, NOW + 9 * MINUTE) is not None


async def test_what_is_given_back_is_due_when_it_says(replicas: tuple[Leases, Leases]) -> None:
    """Again at a moment, or never; the lease is over, for its owner too."""
    one, other = replicas
    for due, is_due in ((NOW, True), (None, False)):
        await add(one, str(due))
        taken = await one.take_key(str(due), "one", NOW, NOW + MINUTE)
        assert taken is not None
        assert (await one.release(taken[0], due, written)).body == "new!"
        with pytest.raises(LeaseLostError):
            await one.write(taken[0])
        assert (await other.take_key(str(due), "other", NOW, NOW + MINUTE) is not None) is is_due


async def test_what_others_change_meanwhile_is_not_lost(replicas: tuple[Leases, Leases]) -> None:
    """Neither by the owner's writing nor by the one that gives back; the owner sees it."""
    one, other = replicas
    await add(one, "a")
    taken = await one.take("one", NOW, NOW + MINUTE)
    assert taken is not None

    def unwanted(document: Document | None) -> Document:
        assert document is not None
        return replace(document, fields={**document.fields, "wanted": "no"})

    await asyncio.gather(
        other.documents.update(CHORES, "a", unwanted), *(one.write(taken[0], written) for _ in range(4))
    )
    left = await one.release(taken[0], NOW)
    assert (left.body, left.fields["wanted"]) == ("new!!!!", "no")
    assert await other.due(NOW, 9, MINUTE) == []


async def test_a_lease_can_be_given_and_taken_away(replicas: tuple[Leases, Leases]) -> None:
    """What is kept as leased is its owner's; what is freed is no longer."""
    one, _ = replicas
    document = leased(Document("a", "", {"wanted": "yes"}), "one", NOW + MINUTE)
    await one.documents.insert(CHORES, document)
    lease = lease_of(document)
    assert lease is not None
    kept = await one.write(lease)
    await one.documents.replace(CHORES, freed(kept, NOW))
    with pytest.raises(LeaseLostError):
        await one.write(lease)
