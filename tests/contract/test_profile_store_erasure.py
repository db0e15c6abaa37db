"""The contract of `ProfileStore.erase`: an author goes, for good. The same for every store."""

from dataclasses import replace

import pytest

from services.profiles.author_sketch import without
from services.profiles.folding import LATEST, increment_of
from services.profiles.kept import Erased, KeptPost
from services.profiles.rollup import rolled_up
from services.profiles.stores.base import FoldCount, ProfileStore, RemovalCount
from services.profiles.stores.database import open_store
from shared.analyzed_post import AnalyzedPost
from shared.errors import PeerUnavailableError
from tests.contract import test_profile_store as contract
from tests.contract.profile_crashes import Crash, crashing
from tests.contract.test_profile_store import StoreUrl
from tests.contract.test_profile_store_buckets import POSTS
from tests.unit.profiles.posts import key, post

store = contract.store

AUTHOR = key(2)
OTHERS = [item for item in POSTS if item.author_key != AUTHOR]
THEIRS = [item for item in POSTS if item.author_key == AUTHOR]


async def assert_holds_only(store: ProfileStore, brand: str, posts: list[AnalyzedPost]) -> None:
    """Assert that profiles, totals, buckets, known keys and texts of a brand are those of these posts."""
    kept = {one.profile.author_key: one.profile.folded.posts for one in await store.kept_profiles(brand, None, 100)}
    assert kept == {item.author_key: sum(one.author_key == item.author_key for one in posts) for item in posts}
    summary = await store.summary(brand)
    assert summary is not None
    assert (summary.profiles, summary.posts) == (len(kept), len(posts))
    assert {bucket.key: bucket.rollup for bucket in await store.kept_buckets(brand)} == rolled_up(
        (item.voice, item.author_key, increment_of(item)) for item in posts
    )
    known = await store.kept_posts(brand, None, 100)
    assert [one.post_key for one in known] == sorted(item.post_key for item in posts)
    assert (await store.sample(brand, -LATEST, LATEST, 100)).posts_in_all == len(posts)


async def test_an_erased_author_leaves_no_post_and_no_figure(store: ProfileStore) -> None:
    """Every brand is as if the author had never been there; what went is told by brand."""
    await store.fold("acme", POSTS)
    await store.fold("acme-2", POSTS[:4])
    await store.fold("acme-3", OTHERS[:1])
    erased = sorted(await store.erase(AUTHOR), key=lambda one: one.brand)
    assert erased == [Erased("acme", 2, 2, 0), Erased("acme-2", 1, 1, 0)]
    await assert_holds_only(store, "acme", OTHERS)
    await assert_holds_only(store, "acme-2", [item for item in OTHERS if item in POSTS[:4]])
    assert await store.profile("acme", AUTHOR) is None
    assert await store.erased_authors(None, 10) == [AUTHOR]


async def test_an_erased_author_does_not_come_back(store: ProfileStore) -> None:
    """Replays and new posts leave neither a count nor a key."""
    await store.fold("acme", POSTS)
    await store.erase(AUTHOR)
    count = await store.fold("acme", [*POSTS, post(99, 2, hours=500)])
    assert count == FoldCount(0, 13)
    await assert_holds_only(store, "acme", OTHERS)
    assert await store.fold("acme-9", [*THEIRS, POSTS[0]]) == FoldCount(1, 2)
    await assert_holds_only(store, "acme-9", POSTS[:1])


async def test_an_author_may_be_erased_before_the_first_post(store: ProfileStore) -> None:
    """Nothing is there to remove, and nothing comes."""
    assert await store.erase(AUTHOR) == []
    assert await store.fold("acme", POSTS) == FoldCount(len(OTHERS), len(THEIRS))
    await assert_holds_only(store, "acme", OTHERS)


async def test_an_erasure_made_again_finds_nothing(store: ProfileStore) -> None:
    """The second time nothing is left to remove."""
    await store.fold("acme", POSTS)
    await store.erase(AUTHOR)
    assert await store.erase(AUTHOR) == []
    await assert_holds_only(store, "acme", OTHERS)


async def test_an_erasure_ends_removals_of_the_author(store: ProfileStore) -> None:
    """What was removed before leaves its tombstones, and those go too."""
    await store.fold("acme", POSTS)
    await store.remove("acme", [], {AUTHOR: LATEST - 1})
    await store.erase(AUTHOR)
    assert await store.removed_authors("acme", None, 10) == []
    assert await store.fold("acme", POSTS) == FoldCount(0, 12)
    assert await store.remove("acme", [], {AUTHOR: LATEST - 1}) == RemovalCount(0, 1)
    assert await store.removed_authors("acme", None, 10) == []


async def test_clusters_of_an_erased_author_are_gone_and_do_not_come_back(store: ProfileStore) -> None:
    """Assignments of the published run and of one being staged go; staging the author again keeps nothing."""
    await store.fold("acme", POSTS)
    everybody = {key(author): author % 2 for author in range(5)}
    await store.stage("acme", "behaviour", "run-1", everybody)
    await store.publish("acme", "behaviour", "run-1", 5)
    await store.stage("acme", "behaviour", "run-2", everybody)
    [erased] = await store.erase(AUTHOR)
    assert erased.assignments == 2
    assert await store.stage("acme", "behaviour", "run-2", everybody) == 4
    assert await store.publish("acme", "behaviour", "run-2", 4) == 4


async def test_expired_posts_of_an_erased_author_stay_in_hours_without_a_name(store: ProfileStore) -> None:
    """Profile, totals and keys lose them; hours keep counting posts whose figures nobody can tell, but no author."""
    await store.fold("acme", POSTS)
    await store.sweep(LATEST, 100)
    assert await store.erase(AUTHOR) == [Erased("acme", 2, 0, 0)]
    summary = await store.summary("acme")
    assert summary is not None
    assert (summary.profiles, summary.posts) == (4, len(OTHERS))
    assert [one.post_key for one in await store.kept_posts("acme", None, 100)] == [item.post_key for item in OTHERS]
    everything = rolled_up((item.voice, item.author_key, increment_of(item)) for item in POSTS)
    assert {bucket.key: bucket.rollup for bucket in await store.kept_buckets("acme")} == {
        where: replace(rollup, authors=without(rollup.authors, [AUTHOR])) for where, rollup in everything.items()
    }


async def test_a_backup_does_not_bring_an_erased_author_back(store: ProfileStore) -> None:
    """Profiles and posts of an older backup are passed over."""
    await store.fold("acme", POSTS)
    profiles = await store.kept_profiles("acme", None, 100)
    posts = await store.kept_posts("acme", None, 100)
    await store.erase(AUTHOR)
    assert await store.restore_profiles("acme", profiles) == 0
    await store.restore_posts("acme", posts)
    await store.restore_posts("acme", [KeptPost(key(700), AUTHOR, 1)])
    await assert_holds_only(store, "acme", OTHERS)


@pytest.mark.parametrize("step", range(12))
async def test_an_erasure_that_a_crash_cut_off_is_finished_by_the_next(store_url: StoreUrl, step: int) -> None:
    """Whatever was done before the crash, the same erasure made again ends as an uninterrupted one."""
    async with open_store(store_url) as before:
        await before.fold("acme", POSTS)
        crash = Crash(step * 3)
        try:
            await crashing(before, crash).erase(AUTHOR)
        except PeerUnavailableError:
            assert crash.happened
    async with open_store(store_url) as store:
        await store.erase(AUTHOR)
        await assert_holds_only(store, "acme", OTHERS)
        assert await store.fold("acme", POSTS) == FoldCount(0, 12)
