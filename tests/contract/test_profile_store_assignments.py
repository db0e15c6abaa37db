"""The contract of `ProfileStore`: clusters staged and published. The same for every store."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from services.profiles.assigned_run import MOST_STAGED
from services.profiles.listing import ClusterFilter, Listing, Order, Sort
from services.profiles.stores import sqlite_assignments
from services.profiles.stores.base import ProfileStore
from services.profiles.stores.database import open_store
from shared.errors import ConflictError
from shared.store_url import MongoUrl, SqliteUrl
from tests.contract import test_profile_store as contract
from tests.contract.test_profile_store import crowd, everything, folded_once
from tests.unit.profiles.clock import SetClock
from tests.unit.profiles.posts import key, post

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
    await store.stage("acme", "behaviour", "run-1", {key(0): 0, key(1): 3, key(4): 3})
    assert await store.cluster_sizes("acme") == {}
    await store.publish("acme", "behaviour", "run-1", 3)
    await store.stage("acme", "interests", "run-2", {key(0): 1})
    await store.publish("acme", "interests", "run-2", 1)
    await store.stage("acme", "behaviour", "run-3", {key(0): 5})
    assert await store.cluster_sizes("acme") == {"behaviour": {0: 1, 3: 2}, "interests": {1: 1}}
    await store.erase(key(4))
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
    """A swap shows the new run alone; other bases and brands show what they showed."""
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


async def runs(store: ProfileStore, brand: str = "acme") -> list[str]:
    """Return the ids of the runs whose assignments are kept."""
    return sorted(run.run_id for run in await store.assigned_runs(brand) if not run.leaving)


async def publish(store: ProfileStore, run_id: str, clusters_by_author: dict[str, int], keep: int = 10) -> None:
    """Stage and publish a run of acme by behaviour."""
    staged = await store.stage("acme", "behaviour", run_id, clusters_by_author)
    await store.publish("acme", "behaviour", run_id, staged, keep)


async def held_by(store: ProfileStore, run_id: str, limit: int = 1000) -> dict[str, int]:
    """Return the assignments of a run, page by page."""
    found: list[tuple[str, int]] = []
    after = None
    while page := await store.assignments("acme", "behaviour", run_id, after, limit):
        assert len(page) <= limit
        found += page
        after = page[-1][0]
    assert [author for author, _ in found] == sorted(author for author, _ in found)
    return dict(found)


async def test_an_earlier_run_is_shown_again(store: ProfileStore) -> None:
    """Its assignments are kept beside those of the present run, and come back by publishing it once more."""
    await store.fold("acme", crowd())
    await publish(store, "run-1", {key(0): 1, key(1): 2, key(4): 1})
    await publish(store, "run-2", {key(0): 5})
    assert await held_by(store, "run-1", limit=2) == {key(0): 1, key(1): 2, key(4): 1}
    assert await store.publish("acme", "behaviour", "run-1", 3) == 3
    assert await clusters(store) == {key(0): {"behaviour": 1}, key(1): {"behaviour": 2}, key(4): {"behaviour": 1}}
    assert await held_by(store, "run-2") == {key(0): 5}


async def test_a_run_that_lost_authors_is_shown_again_with_the_others(store: ProfileStore) -> None:
    """What was complete once is not asked for its number; one that lost all of them has nothing to show."""
    await store.fold("acme", crowd())
    await publish(store, "run-1", {key(0): 1, key(1): 2})
    await publish(store, "run-2", {key(4): 5})
    await store.erase(key(1))
    assert await store.publish("acme", "behaviour", "run-1", 2) == 1
    assert await clusters(store) == {key(0): {"behaviour": 1}}
    await store.publish("acme", "behaviour", "run-2", 1)
    await store.erase(key(0))
    with pytest.raises(ConflictError, match="0 authors are staged"):
        await store.publish("acme", "behaviour", "run-1", 2)
    assert await clusters(store) == {key(4): {"behaviour": 5}}


async def test_an_erased_author_is_in_no_run(store: ProfileStore) -> None:
    """Shown, kept and staged ones alike; the erasure tells how many assignments there were."""
    await store.fold("acme", crowd())
    await publish(store, "run-1", {key(0): 1, key(1): 2})
    await publish(store, "run-2", {key(0): 1, key(1): 2})
    await store.stage("acme", "behaviour", "run-3", {key(0): 3, key(1): 3})
    [erased] = await store.erase(key(1))
    assert erased.assignments == 3
    for run_id in ("run-1", "run-2", "run-3"):
        assert list(await held_by(store, run_id)) == [key(0)]


async def test_an_author_without_posts_is_in_no_run(store: ProfileStore) -> None:
    """Who is removed leaves every run; one of whom posts stay does not, and who has no profile is not staged."""
    await store.fold("acme", [post(1, 1), post(2, 2), post(3, 2)])
    await publish(store, "run-1", {key(1): 1, key(2): 2})
    await publish(store, "run-2", {key(1): 1, key(2): 2})
    await store.remove("acme", [key(1), key(2)], {})
    for run_id in ("run-1", "run-2"):
        assert list(await held_by(store, run_id)) == [key(2)]
    assert await store.stage("acme", "behaviour", "run-3", {key(1): 1, key(2): 1}) == 1


async def test_a_published_run_takes_further_authors(store: ProfileStore) -> None:
    """Authors that come later, or change their cluster, are shown at once."""
    await store.fold("acme", crowd())
    await publish(store, "run-1", {key(0): 1, key(1): 2})
    assert await store.stage("acme", "behaviour", "run-1", {key(1): 3, key(4): 3}) == 2
    assert await clusters(store) == {key(0): {"behaviour": 1}, key(1): {"behaviour": 3}, key(4): {"behaviour": 3}}
    assert await store.cluster_sizes("acme") == {"behaviour": {1: 1, 3: 2}}


async def test_so_many_runs_are_kept(store: ProfileStore) -> None:
    """Those published last, whichever were made first; other bases and brands have their own."""
    await store.fold("acme", crowd())
    await store.fold("other", crowd())
    await store.stage("other", "behaviour", "run-0", {key(0): 0})
    await store.publish("other", "behaviour", "run-0", 1, 1)
    await store.stage("acme", "interests", "run-0", {key(0): 0})
    await store.publish("acme", "interests", "run-0", 1, 1)
    for number in range(1, 4):
        await publish(store, f"run-{number}", {key(0): number}, keep=3)
    await store.publish("acme", "behaviour", "run-1", 1, 3)
    await publish(store, "run-4", {key(0): 4}, keep=3)
    assert await runs(store) == ["run-0", "run-1", "run-3", "run-4"]
    assert await runs(store, "other") == ["run-0"]
    assert await held_by(store, "run-2") == {}
    with pytest.raises(ConflictError):
        await store.publish("acme", "behaviour", "run-2", 1)
    assert await clusters(store) == {key(0): {"behaviour": 4, "interests": 0}}


async def test_a_run_is_forgotten(store: ProfileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of its assignments, however many pieces they are; of the published one nothing is shown any more."""
    monkeypatch.setattr(sqlite_assignments, "PIECE", 7)
    await store.fold("acme", crowd())
    authors = sorted(folded_once(crowd()))
    await publish(store, "run-1", dict.fromkeys(authors, 1))
    await publish(store, "run-2", {key(0): 2})
    await store.forget_run("acme", "run-1")
    assert (await held_by(store, "run-1"), await runs(store)) == ({}, ["run-2"])
    await store.forget_run("acme", "run-2")
    assert (await clusters(store), await store.cluster_sizes("acme"), await runs(store)) == ({}, {}, [])
    await store.forget_run("acme", "run-2")
    await publish(store, "run-2", {key(0): 4})
    assert await clusters(store) == {key(0): {"behaviour": 4}}


async def test_runs_that_are_never_published_go(store_url: SqliteUrl | MongoUrl) -> None:
    """After their time, also where a clock ran ahead when they were staged; published ones stay."""
    clock = SetClock()
    async with open_store(store_url, clock) as store:
        await store.fold("acme", crowd())
        await publish(store, "run-1", {key(0): 1})
        await store.stage("acme", "behaviour", "run-2", {key(0): 2})
        clock.advance(timedelta(seconds=1000))
        await store.stage("acme", "behaviour", "run-3", {key(0): 3})
        now = int(clock.now().timestamp())
        await store.sweep_runs(now - 1000, now)
        assert await runs(store) == ["run-1", "run-2", "run-3"]
        await store.sweep_runs(now - 999, now - 500)
        assert (await runs(store), await held_by(store, "run-2")) == (["run-1", "run-3"], {})
        await store.sweep_runs(now - 499, now)
        assert (await runs(store), await clusters(store)) == (["run-1"], {key(0): {"behaviour": 1}})


async def test_only_so_many_runs_are_staged(store: ProfileStore) -> None:
    """Of those that are never published the earliest go; the latest can be published."""
    await store.fold("acme", crowd())
    for number in range(20):
        await store.stage("acme", "behaviour", f"run-{number:02}", {key(0): number})
    assert len(await runs(store)) == MOST_STAGED
    assert await store.publish("acme", "behaviour", "run-19", 1) == 1


async def test_a_run_that_is_being_removed_takes_nothing(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a crash leaves of a removal is not staged, published or told, and goes with the next."""
    await store.fold("acme", crowd())
    await publish(store, "run-1", {key(0): 1, key(1): 1})

    async def crash(_: object) -> int:
        raise OSError("no more")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_remove_piece", crash)
        with pytest.raises(OSError, match="no more"):
            await store.forget_run("acme", "run-1")
    assert (await runs(store), await clusters(store)) == ([], {})
    with pytest.raises(ConflictError, match="being removed"):
        await store.stage("acme", "behaviour", "run-1", {key(4): 1})
    with pytest.raises(ConflictError, match="0 authors"):
        await store.publish("acme", "behaviour", "run-1", 2)
    assert [erased.assignments for erased in await store.erase(key(1))] == [1]
    await store.sweep_runs(0, 0)
    assert await store.assigned_runs("acme") == []


async def test_clusters_of_a_backup_go_with_the_next_run(store: ProfileStore) -> None:
    """They are shown until a run of their basis is published, and are no run to come back to."""
    await store.fold("acme", crowd())
    await publish(store, "run-1", {key(0): 1})
    await store.restore_profiles("bolt", await store.kept_profiles("acme", None, 1000))
    profile = await store.profile("bolt", key(0))
    assert profile is not None
    assert profile.clusters == {"behaviour": 1}
    await store.stage("bolt", "behaviour", "run-2", {key(1): 2})
    await store.publish("bolt", "behaviour", "run-2", 1)
    assert await runs(store, "bolt") == ["run-2"]
