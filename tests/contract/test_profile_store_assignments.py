"""The contract of `ProfileStore`: clusters staged and published. The same for every store."""

from itertools import pairwise

import pytest

from services.profiles.listing import ClusterFilter, Listing, Order, Sort
from services.profiles.stores.base import ProfileStore
from shared.errors import ConflictError
from tests.contract import test_profile_store as contract
from tests.contract.test_profile_store import crowd, everything, folded_once
from tests.unit.profiles.posts import key

store = contract.store


async def clusters(store: ProfileStore) -> dict[str, dict[str, int]]:
    """Return the shown clusters of every author who has one."""
    return {
        profile.author_key: dict(profile.clusters)
        for profile in await store.profiles(Listing("acme", 1000))
        if profile.clusters
    }


async def test_staged_assignments_are_not_shown(store: ProfileStore) -> None:
    """Assignments are shown once their run is published, not before."""
    await store.fold("acme", crowd())
    assert await store.stage("acme", "behaviour", "run-1", {key(0): 0, key(1): 3}) == 2
    assert await clusters(store) == {}
    assert await store.publish("acme", "behaviour", "run-1", 2) == 2
    assert await clusters(store) == {key(0): {"behaviour": 0}, key(1): {"behaviour": 3}}


async def test_sizes_are_those_of_published_clusters(store: ProfileStore) -> None:
    """By basis; staged ones do not count, and an erased author is gone at once."""
    await store.fold("acme", crowd())
    await store.stage("acme", "behaviour", "run-1", {key(0): 0, key(1): 3, key(2): 3})
    assert await store.cluster_sizes("acme") == {}
    await store.publish("acme", "behaviour", "run-1", 3)
    await store.stage("acme", "interests", "run-2", {key(0): 1})
    await store.publish("acme", "interests", "run-2", 1)
    await store.stage("acme", "behaviour", "run-3", {key(0): 5})
    assert await store.cluster_sizes("acme") == {"behaviour": {0: 1, 3: 2}, "interests": {1: 1}}
    await store.erase(key(2))
    assert await store.cluster_sizes("acme") == {"behaviour": {0: 1, 3: 1}, "interests": {1: 1}}
    assert await store.cluster_sizes("bolt") == {}


async def test_staging_again_changes_nothing(store: ProfileStore) -> None:
    """A chunk that is sent twice counts once; an author who is sent again gets the later cluster."""
    await store.fold("acme", crowd())
    await store.stage("acme", "behaviour", "run-1", {key(0): 0, key(1): 3})
    await store.stage("acme", "behaviour", "run-1", {key(1): 2, key(4): 2})
    assert await store.publish("acme", "behaviour", "run-1", 3) == 3
    assert await store.publish("acme", "behaviour", "run-1", 3) == 3
    assert (await clusters(store))[key(1)] == {"behaviour": 2}


async def test_a_run_with_a_chunk_missing_is_not_published(store: ProfileStore) -> None:
    """Another count than expected is a conflict, and the run before stays shown."""
    await store.fold("acme", crowd())
    await store.stage("acme", "behaviour", "run-1", {key(0): 1})
    await store.publish("acme", "behaviour", "run-1", 1)
    await store.stage("acme", "behaviour", "run-2", {key(0): 2})
    with pytest.raises(ConflictError, match="1 authors are staged, not 2"):
        await store.publish("acme", "behaviour", "run-2", 2)
    with pytest.raises(ConflictError, match="0 authors are staged"):
        await store.publish("acme", "behaviour", "run-3", 2)
    assert await clusters(store) == {key(0): {"behaviour": 1}}


async def test_a_published_run_takes_the_place_of_the_one_before(store: ProfileStore) -> None:
    """A swap shows the new run alone; the old run's rows are gone, other bases' and brands' are not."""
    await store.fold("acme", crowd())
    await store.fold("other", crowd())
    for brand, basis, run_id, cluster in (
        ("acme", "behaviour", "run-1", 1),
        ("other", "behaviour", "run-1", 5),
        ("acme", "interests", "run-4", 7),
    ):
        await store.stage(brand, basis, run_id, {key(0): cluster, key(1): cluster})  # type: ignore[arg-type]
        await store.publish(brand, basis, run_id, 2)  # type: ignore[arg-type]
    await store.stage("acme", "behaviour", "run-2", {key(0): 2})
    await store.publish("acme", "behaviour", "run-2", 1)
    assert await clusters(store) == {key(0): {"behaviour": 2, "interests": 7}, key(1): {"interests": 7}}
    with pytest.raises(ConflictError):
        await store.publish("acme", "behaviour", "run-1", 2)
    elsewhere = await store.profile("other", key(0))
    assert elsewhere is not None
    assert elsewhere.clusters == {"behaviour": 5}


async def test_a_list_may_hold_one_cluster(store: ProfileStore) -> None:
    """The cluster filter keeps the published members of that basis, through all pages, with other filters."""
    await store.fold("acme", crowd())
    authors = sorted(folded_once(crowd()))
    await store.stage("acme", "behaviour", "run-1", {author: place % 2 for place, author in enumerate(authors)})
    of_one = Listing("acme", 2, Sort.POSTS, Order.DESC, cluster=ClusterFilter("behaviour", 1))
    assert await everything(store, of_one) == []
    await store.publish("acme", "behaviour", "run-1", len(authors))
    await store.stage("acme", "behaviour", "run-2", dict.fromkeys(authors, 1))
    found = await everything(store, of_one)
    assert sorted(profile.author_key for profile in found) == authors[1::2]
    assert all(one.folded.posts >= other.folded.posts for one, other in pairwise(found))
    assert await everything(store, Listing("acme", 2, cluster=ClusterFilter("interests", 1))) == []
