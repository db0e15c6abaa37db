"""The contract of `ProfileStore.remove` where the analysis of posts has expired. The same for every store."""

from services.profiles.folding import LATEST, combine_all, increment_of
from services.profiles.stores.base import FoldCount, RemovalCount
from services.profiles.stores.database import open_store
from tests.contract.test_profile_store import StoreUrl, held
from tests.contract.test_profile_store_removals import ALWAYS, POSTS, assert_holds, remaining, through
from tests.unit.profiles.posts import key, post


async def test_a_database_without_contributions_goes_on(store_url: StoreUrl) -> None:
    """Posts whose analysis has expired stay counted, and others are removed exactly."""
    async with open_store(store_url) as before:
        await before.fold("acme", POSTS[:6])
        await before.sweep(LATEST, 1000)
    async with open_store(store_url) as store:
        assert await store.fold("acme", POSTS) == FoldCount(3, 6)
        await assert_holds(store, "acme", POSTS)
        assert await store.remove("acme", [key(8)], {}) == RemovalCount(1, 0)
        profile = await store.profile("acme", key(2))
        assert profile is not None
        both = combine_all([increment_of(POSTS[2]), increment_of(POSTS[5])])
        assert (profile.folded.posts, profile.folded.score_sum, profile.folded.hours) == (
            2,
            both.score_sum,
            both.hours,
        )


async def test_old_posts_of_an_author_go_with_the_last(store_url: StoreUrl) -> None:
    """Of posts without an analysis the figures stay until the last one is removed, and then go exactly."""
    async with open_store(store_url) as before:
        await before.fold("acme", POSTS[:6])
        await before.sweep(LATEST, 1000)
    async with open_store(store_url) as store:
        await store.fold("acme", POSTS)
        assert await store.remove("acme", [key(2)], {}) == RemovalCount(1, 0)
        assert (await held(store, "acme"))[key(2)].posts == 3
        assert await store.remove("acme", [key(2)], {}) == RemovalCount(0, 1)
        assert await store.remove("acme", [key(5)], {}) == RemovalCount(1, 0)
        await assert_holds(store, "acme", remaining(POSTS, {key(2), key(5)}, {}), expired=True)
        assert await store.fold("acme", POSTS) == FoldCount(0, 9)


async def test_an_old_profile_goes_with_its_author(store_url: StoreUrl) -> None:
    """An author whose posts have no analysis is removed whole, and a later removal of such a post is nothing."""
    async with open_store(store_url) as before:
        await before.fold("acme", POSTS)
        await before.sweep(LATEST, 1000)
    async with open_store(store_url) as store:
        assert await store.remove("acme", [], {key(1): through(100)}) == RemovalCount(3, 0)
        await store.fold("acme", [*POSTS, post(50, 1, hours=200)])
        posts = [*remaining(POSTS, set(), {key(1): ALWAYS}), post(50, 1, hours=200)]
        await assert_holds(store, "acme", posts, expired=True)
        assert await store.remove("acme", [key(1)], {}) == RemovalCount(0, 1)
        await assert_holds(store, "acme", posts, expired=True)
