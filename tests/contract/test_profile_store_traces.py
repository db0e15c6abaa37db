"""The contract of `ProfileStore.erase`: nothing of an author is left where nothing else is left of them either."""

import pytest

from services.profiles.author_sketch import joined, sketch
from services.profiles.folding import LATEST
from services.profiles.stores.base import ProfileStore
from tests.contract import test_profile_store as contract
from tests.contract.test_profile_store_erasure import AUTHOR
from tests.unit.profiles.posts import key, post

store = contract.store


async def in_sketches(store: ProfileStore, brand: str, author_key: str) -> bool:
    """Tell whether any hour or day of the brand still has the author's number."""
    everybody = joined(bucket.rollup.authors for bucket in await store.kept_buckets(brand))
    return joined([everybody, sketch([author_key])]).kept == everybody.kept


@pytest.mark.parametrize("named", ["posts", "author"])
async def test_an_author_who_was_removed_after_expiry_leaves_no_number_in_hours(
    store: ProfileStore, named: str
) -> None:
    """Expired posts stay in hours after their removal; an erasure that finds no profile takes the number out too."""
    await store.fold("acme", [post(1, 2, hours=3), post(2, 5)])
    await store.sweep(LATEST, 100)
    await store.remove("acme", [key(1)] if named == "posts" else [], {} if named == "posts" else {AUTHOR: LATEST - 1})
    await store.erase(AUTHOR)
    assert not await in_sketches(store, "acme", AUTHOR)
    assert await in_sketches(store, "acme", key(5))


async def test_an_author_whose_old_posts_were_removed_leaves_no_number_in_their_hours(store: ProfileStore) -> None:
    """A profile that begins later, since what expired was removed, does not hide the hours before from an erasure."""
    await store.fold("acme", [post(1, 2, hours=3), post(2, 5)])
    await store.sweep(LATEST, 100)
    await store.fold("acme", [post(3, 2, hours=500)])
    await store.remove("acme", [key(1)], {})
    await store.erase(AUTHOR)
    assert not await in_sketches(store, "acme", AUTHOR)


async def test_clusters_go_with_the_last_post(store: ProfileStore) -> None:
    """Nothing of an author is left in a run by which an erasure could tell that there was one."""
    await store.fold("acme", [post(1, 2), post(2, 5)])
    await store.stage("acme", "behaviour", "run-1", {AUTHOR: 1, key(5): 0})
    await store.publish("acme", "behaviour", "run-1", 2)
    await store.remove("acme", [key(1), key(2)], {})
    assert await store.assignments("acme", "behaviour", "run-1", None, 10) == []
    assert await store.erase(AUTHOR) == []
