"""The contract of `ProfileStore.changes` and the pages of changes, the same for every store: no change is missed."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from services.profiles.embedding import EmbeddingSpace, dequantised, quantised
from services.profiles.feature_page import ChangedSpan, NamedAuthors
from services.profiles.feature_record import RECORD
from services.profiles.stores.base import ProfileStore
from services.profiles.stores.database import open_store
from shared.analyzed_post import AnalyzedPost
from shared.errors import PeerUnavailableError
from tests.contract import test_profile_store as contract
from tests.contract.profile_crashes import Crash, crashing
from tests.contract.test_profile_store import StoreUrl
from tests.contract.told_features import told
from tests.unit.profiles.posts import analysis, key, post

store = contract.store

LAST = "g"
SMALL = 3


@dataclass
class Follower:
    """Keeps the records of every brand's profiles by asking for changes alone, a few rows at a time."""

    next: int = 0
    told: dict[str, int] = field(default_factory=dict)
    records: dict[str, dict[str, bytes]] = field(default_factory=dict)
    read: int = 0

    async def poll(self, store: ProfileStore) -> set[str]:
        """Ask once, and read what changed; return the brands that did."""
        changes = await store.changes(self.next)
        for brand, number in changes.brands.items():
            place = ChangedSpan(self.told.get(brand, 0), LAST, number)
            while rows := await store.features(brand, place, SMALL):
                self.records.setdefault(brand, {}).update(told(rows))
                self.read += len(rows)
                place = ChangedSpan(*rows.last(), number)
            self.told[brand] = number
        self.next = changes.next
        return set(changes.brands)


async def assert_knows(follower: Follower, store: ProfileStore, *brands: str) -> None:
    """Assert that the follower has every profile as it is now."""
    for brand in brands:
        now = told(await store.features(brand, "", 10_000))
        known = follower.records.get(brand, {})
        assert {author: known.get(author) for author in now} == now


@pytest.fixture
async def others(store_url: StoreUrl) -> AsyncIterator[list[ProfileStore]]:
    """Yield two more stores on the same database, as other processes have them."""
    async with open_store(store_url) as one, open_store(store_url) as two:
        yield [one, two]


async def test_whatever_changes_a_profile_is_told(store: ProfileStore) -> None:
    """Folds, removals, erasures and restores give the profiles that they touch, and no others, a new number."""
    follower = Follower()
    assert await follower.poll(store) == set()
    await store.fold("acme", [post(number, number) for number in range(6)])
    await store.fold("bolt", [post(1, 1)])
    assert await follower.poll(store) == {"acme", "bolt"}
    await assert_knows(follower, store, "acme", "bolt")
    read = follower.read
    await store.fold("acme", [post(10, 2), post(11, 7)])
    assert await follower.poll(store) == {"acme"}
    assert follower.read == read + 2
    await store.remove("acme", [key(10)], {})
    assert await follower.poll(store) == {"acme"}
    await store.erase(key(1))
    assert await follower.poll(store) == {"acme", "bolt"}
    assert follower.read == read + 3
    kept = [one for one in await store.kept_profiles("acme", None, 100) if one.profile.author_key != key(1)]
    await store.restore_profiles("copy", kept)
    assert await follower.poll(store) == {"copy"}
    assert follower.read == read + 3 + len(kept)
    await assert_knows(follower, store, "acme", "bolt", "copy")
    assert await follower.poll(store) == set()


async def test_what_changes_nothing_is_not_told(store: ProfileStore) -> None:
    """A replay touches no profile."""
    follower = Follower()
    await store.fold("acme", [post(1, 1)])
    await follower.poll(store)
    await store.fold("acme", [post(1, 1)])
    assert await follower.poll(store) == set()


async def test_a_profile_that_changes_while_pages_are_read_is_told_again(store: ProfileStore) -> None:
    """It leaves the pages that go up to an earlier number, and is among those after it."""
    await store.fold("acme", [post(number, number) for number in range(4)])
    through = await store.last_change("acme")
    first = await store.features("acme", ChangedSpan(0, LAST, through), 2)
    await store.fold("acme", [post(9, 3)])
    rest = await store.features("acme", ChangedSpan(*first.last(), through), 9)
    assert [*first.author_keys, *rest.author_keys] == [key(0), key(1), key(2)]
    later = await store.features("acme", ChangedSpan(through, LAST, await store.last_change("acme")), 9)
    assert list(later.author_keys) == [key(3)]


async def test_an_author_who_is_gone_is_in_no_page(store: ProfileStore) -> None:
    """Nothing but the brand's number tells of the erased, and of those without a post that is left."""
    await store.fold("acme", [post(1, 1), post(2, 2), post(3, 3)])
    before = await store.last_change("acme")
    await store.erase(key(1))
    await store.remove("acme", [], {key(2): 10**10})
    number = await store.last_change("acme")
    assert number > before
    assert list((await store.features("acme", ChangedSpan(0, LAST, number), 9)).author_keys) == [key(3)]
    assert list((await store.features("acme", "", 9)).author_keys) == [key(3)]


@pytest.mark.parametrize("seed", range(3))
async def test_no_change_is_missed_whoever_writes(store: ProfileStore, others: list[ProfileStore], seed: int) -> None:
    """Three processes fold and remove at the same time, and one asks all the while."""
    rng = random.Random(seed)  # noqa: S311 - any order will do
    stores, follower, done = [store, *others], Follower(), asyncio.Event()

    async def write(number: int) -> None:
        for batch in range(8):
            brand, first = rng.choice(["acme", "bolt"]), 1000 * number + 10 * batch
            await stores[number].fold(brand, [post(first + at, rng.randrange(12)) for at in range(5)])
            await stores[number].remove(brand, [key(first)], {})

    async def follow() -> None:
        while not done.is_set():
            await follower.poll(store)

    following = asyncio.create_task(follow())
    await asyncio.gather(*(write(number) for number in range(3)))
    done.set()
    await following
    await follower.poll(store)
    await assert_knows(follower, store, "acme", "bolt")


async def test_a_crash_loses_no_change(store: ProfileStore) -> None:
    """Wherever a fold is cut off, what it left is told, and so is what it does when it is made again."""
    follower, step, happened = Follower(), 0, True
    while happened:
        crash = Crash(step)
        batch = [post(100 * step + number, number + step) for number in range(3)]
        with suppress(PeerUnavailableError):
            await crashing(store, crash).fold("acme", batch)
        await follower.poll(store)
        await assert_knows(follower, store, "acme")
        await store.fold("acme", batch)
        await follower.poll(store)
        await assert_knows(follower, store, "acme")
        step, happened = step + 1, crash.happened
    assert step > 5


def embedded(number: int, author: int, numbers: Sequence[float], version: str, hours: int = 0) -> AnalyzedPost:
    """Return a post with an embedding."""
    more: dict[str, Any] = {"analyzed": analysis(embedding=list(numbers)), "embedding_version": version}
    return post(number, author, hours, **more)


async def test_embeddings_of_the_latest_version_come_by_author(store: ProfileStore) -> None:
    """Those of the version of the latest posts, summed by author; others have none, and no versions are mixed."""
    assert await store.embedding_space("acme") is None
    old = [embedded(number, number, (1, 2, 3), "v1") for number in range(4)]
    new = [embedded(10, 1, (3, 4), "v2", 5), embedded(11, 1, (4, 3), "v2", 1), embedded(12, 2, (0, 1), "v2")]
    await store.fold("acme", old)
    assert await store.embedding_space("acme") == EmbeddingSpace("v1", 3)
    await store.fold("acme", new)
    assert await store.embedding_space("acme") == EmbeddingSpace("v2", 2)
    assert await store.embedding_space("bolt") is None
    rows = await store.features("acme", "", 9, "v2")
    assert rows.embeddings.keys() == {key(1), key(2)}
    mean = np.mean([dequantised(quantised(numbers)) for numbers in ((3.0, 4.0), (4.0, 3.0))], axis=0)
    assert rows.embeddings[key(1)].posts == 2
    assert np.allclose(rows.embeddings[key(1)].mean(), mean)
    assert not (await store.features("acme", "", 9)).embeddings
    await store.remove("acme", [key(10), key(11), key(12)], {})
    assert await store.embedding_space("acme") == EmbeddingSpace("v1", 3)


async def test_of_versions_with_the_same_latest_hour_the_larger_counts(store: ProfileStore) -> None:
    """Of one hour the version of more posts is told, in a restored brand and after an erasure too."""
    posts = [embedded(1, 1, (1, 2), "v1"), embedded(2, 2, (1, 2), "v2"), embedded(3, 3, (1, 2), "v2")]
    await store.fold("acme", posts)
    assert await store.embedding_space("acme") == EmbeddingSpace("v2", 2)
    await store.restore_profiles("copy", await store.kept_profiles("acme", None, 9))
    assert await store.embedding_space("copy") == EmbeddingSpace("v2", 2)
    await store.erase(key(2))
    await store.erase(key(3))
    assert await store.embedding_space("acme") == await store.embedding_space("copy") == EmbeddingSpace("v1", 2)


async def test_features_of_some_authors_are_those_that_their_pages_tell(store: ProfileStore) -> None:
    """By author, whatever order they are named in; who has no profile is left out, and so is another brand's."""
    await store.fold("acme", [post(number, number) for number in range(4)])
    await store.fold("other", [post(9, 9)])
    everyone = await store.features("acme", "", 10)
    named = await store.features("acme", NamedAuthors([key(3), key(9), key(1)]), 10)
    assert named.author_keys == everyone.author_keys[1::2]
    size = RECORD.itemsize
    assert named.records == everyone.records[size : 2 * size] + everyone.records[3 * size :]
