"""The contract of `CategoryStore`, on SQLite and on MongoDB."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import numpy as np
import pytest

from services.sentiment.categories.examples import Example, pack, unpack
from services.sentiment.categories.store import CategoryStore, open_store
from shared.documents.collection import Collection, Document
from shared.documents.query import Query
from shared.errors import NotFoundError
from shared.store_url import MongoUrl, SqliteUrl
from tests.unit.sentiment.categories.sets import category_set, same

Replica = Callable[[], AbstractAsyncContextManager[CategoryStore]]
EXAMPLES = [Example("mein Köfferchen 🧳 ist weg", "bags"), Example("two hours", "late")]
PACKED = pack(EXAMPLES)


@pytest.fixture
def replica(store_url: SqliteUrl | MongoUrl) -> Replica:
    """Return how to open the same store once more, as another process would."""
    return lambda: open_store(store_url)


@pytest.fixture
async def store(replica: Replica) -> AsyncIterator[CategoryStore]:
    """Yield an empty store."""
    async with replica() as opened:
        yield opened


async def test_a_set_comes_back_as_it_was_put(store: CategoryStore) -> None:
    """Numbers, notes and examples are the same to the last bit, and the set has its version."""
    kept = await store.put(category_set(), PACKED)
    assert kept.version == 1
    assert same(await store.find("airline"), kept)
    found, packed = await store.find_with_examples("airline")
    assert same(found, kept)
    assert unpack(packed) == EXAMPLES


async def test_each_put_makes_the_next_version(store: CategoryStore) -> None:
    """Only the latest version is there, with its own examples; other names are not touched."""
    await store.put(category_set("other"), PACKED)
    for notes in ("first", "second", "third"):
        await store.put(category_set(notes=notes), pack([Example(notes, "bags")]))
    found, packed = await store.find_with_examples("airline")
    assert (found.version, found.notes) == (3, "third")
    assert unpack(packed) == [Example("third", "bags")]
    assert await store.versions() == {"airline": 3, "other": 1}


async def test_a_set_that_was_put_stays_when_the_store_is_opened_again(replica: Replica) -> None:
    """What was put is durable, and another replica finds it."""
    async with replica() as store:
        await store.put(category_set(), PACKED)
    async with replica() as store:
        assert (await store.find("airline")).version == 1


async def test_of_puts_at_once_none_is_lost(replica: Replica) -> None:
    """Two replicas that put the same new name many times at once: every put gets a version of its own."""
    async with replica() as one, replica() as other:
        puts = [store.put(category_set(notes=str(turn)), PACKED) for turn in range(10) for store in (one, other)]
        kept = await asyncio.gather(*puts)
        assert sorted(found.version for found in kept) == list(range(1, 21))
        latest = max(kept, key=lambda found: found.version)
        assert same(await one.find("airline"), latest)


async def test_a_deleted_set_is_gone(store: CategoryStore) -> None:
    """It is neither found nor listed, and cannot be deleted again; other names stay."""
    await store.put(category_set(), PACKED)
    await store.put(category_set("other"), PACKED)
    assert await store.delete("airline") == 1
    assert await store.versions() == {"other": 1}
    for absent in (store.find("airline"), store.find_with_examples("airline"), store.delete("airline")):
        with pytest.raises(NotFoundError, match="no category set 'airline'"):
            await absent


async def test_a_deleted_name_goes_on_with_its_versions(replica: Replica) -> None:
    """After a delete, also over an opening, a name's next version is higher than all before."""
    async with replica() as store:
        await store.put(category_set(), PACKED)
        await store.put(category_set(), PACKED)
        await store.delete("airline")
    async with replica() as store:
        assert (await store.put(category_set(), PACKED)).version == 3
        assert await store.versions() == {"airline": 3}


async def test_a_set_that_never_was_is_not_found(store: CategoryStore) -> None:
    """An empty store has no versions and finds nothing."""
    assert await store.versions() == {}
    for absent in (store.find("airline"), store.find_with_examples("airline"), store.delete("airline")):
        with pytest.raises(NotFoundError):
            await absent


async def test_the_largest_set_fits(store: CategoryStore) -> None:
    """64 labels over 1,024 dimensions and 20,000 examples are kept in one piece."""
    labels = tuple(f"label {number:02}" for number in range(64))
    numbers = np.random.default_rng(1).standard_normal((64, 1024)).astype(np.float32)
    large = category_set(
        labels=labels,
        counts=(9,) * 64,
        label_f1=(0.5,) * 64,
        coefficients=numbers,
        intercepts=numbers[:, 0].copy(),
    )
    examples = [Example(f"example {number} " + "ä" * (number % 200), labels[number % 64]) for number in range(20_000)]
    await store.put(large, pack(examples))
    found, packed = await store.find_with_examples("airline")
    assert found.coefficients.tobytes() == numbers.tobytes()
    assert unpack(packed) == examples


async def test_versions_are_answered_from_an_index_alone(store: CategoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked every other second reads no set and no examples, of which there may be many megabytes."""
    await store.put(category_set(), PACKED)
    asked: list[Query] = []
    find = store._documents.find

    async def seen(collection: Collection, query: Query, limit: int) -> list[Document]:
        asked.append(query)
        return await find(collection, query, limit)

    monkeypatch.setattr(store._documents, "find", seen)
    assert await store.versions() == {"airline": 1}
    assert [(query.index, query.bodies) for query in asked] == [(("kept", "number"), False)]
