"""The contract of `ProfileStore`, the same for every store."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.profiles.folding import Increment, combine_all, increment_of
from services.profiles.listing import Listing, Order, Sort, position_of
from services.profiles.profile import BrandSize, BrandSummary, Profile
from services.profiles.stores.base import FoldCount, ProfileStore
from services.profiles.stores.database import open_store
from shared.analyzed_post import AnalyzedPost
from shared.store_url import MongoUrl, SqliteUrl
from tests.contract.told_features import to_tell, told
from tests.unit.profiles.posts import START, analysis, key, post

StoreUrl = SqliteUrl | MongoUrl
HOUR = 3600


@pytest.fixture
async def store(store_url: StoreUrl) -> AsyncIterator[ProfileStore]:
    """Yield an empty store."""
    async with open_store(store_url) as opened:
        yield opened


def crowd() -> list[AnalyzedPost]:
    """Return 120 posts by 30 authors who differ in every field a list goes by; every fifth author has no score."""
    return [
        post(
            number,
            author := number * number % 30,
            hours=number * 7 % 50,
            analyzed=analysis(None if author % 5 == 0 else (author % 4) / 4, ("en", "de", "es")[number % 3]),
            likes=number,
            account={"followers": number},
        )
        for number in range(120)
    ]


def folded_once(posts: list[AnalyzedPost], *, embeddings: bool = False) -> dict[str, Increment]:
    """Return what one clean delivery of distinct posts makes of each author; lists tell no embeddings."""
    authors = {item.author_key for item in posts}
    folded = {
        author: combine_all(increment_of(item) for item in posts if item.author_key == author) for author in authors
    }
    return folded if embeddings else {author: replace(one, embeddings={}) for author, one in folded.items()}


async def everything(store: ProfileStore, listing: Listing) -> list[Profile]:
    """Return all pages of a listing."""
    found: list[Profile] = []
    while page := await store.profiles(listing):
        assert len(page) <= listing.limit
        found += page
        after = position_of(page[-1], listing.sort, listing.order)
        listing = Listing(**{**{name: getattr(listing, name) for name in Listing.__slots__}, "after": after})
    return found


async def held(store: ProfileStore, brand: str = "acme") -> dict[str, Increment]:
    """Return what the store holds of each author."""
    return {profile.author_key: profile.folded for profile in await everything(store, Listing(brand, 1000))}


async def test_a_delivery_is_counted(store: ProfileStore) -> None:
    """A first delivery is folded whole, into one profile an author."""
    assert await store.fold("acme", crowd()) == FoldCount(120, 0)
    assert await held(store) == folded_once(crowd())


async def test_a_replay_changes_nothing(store: ProfileStore) -> None:
    """Posts delivered again, in any order, are duplicates, and profiles stay as they are."""
    await store.fold("acme", crowd())
    shuffled = random.Random(3).sample(crowd(), 120)  # noqa: S311 - any order will do
    assert await store.fold("acme", shuffled) == FoldCount(0, 120)
    assert await held(store) == folded_once(crowd())


async def test_a_delivery_may_hold_old_and_new(store: ProfileStore) -> None:
    """Of a delivery that overlaps with another only the rest is counted."""
    await store.fold("acme", crowd()[:70])
    assert await store.fold("acme", crowd()[50:]) == FoldCount(50, 20)
    assert await held(store) == folded_once(crowd())


async def test_a_post_twice_in_one_delivery_is_counted_once(store: ProfileStore) -> None:
    """Within a delivery the first of equal post keys is counted, even where their contents differ."""
    assert await store.fold("acme", [post(1, 1, likes=5), post(1, 1, likes=7), post(1, 2)]) == FoldCount(1, 2)
    assert await held(store) == {key(1): increment_of(post(1, 1, likes=5))}


async def test_a_known_post_by_another_author_is_a_duplicate(store: ProfileStore) -> None:
    """A post key that was counted for one author is not counted for another."""
    await store.fold("acme", [post(1, 1)])
    assert await store.fold("acme", [post(1, 2), post(2, 2)]) == FoldCount(1, 1)
    assert (await held(store))[key(2)].posts == 1


async def test_brands_do_not_mix(store: ProfileStore) -> None:
    """The same post counts once for each brand, and no brand shows another's, not one whose name it begins with."""
    await store.fold("acme", [post(1, 1)])
    assert await store.fold("acme-2", [post(1, 1), post(2, 2)]) == FoldCount(2, 0)
    assert set(await held(store, "acme")) == {key(1)}
    assert set(await held(store, "acme-2")) == {key(1), key(2)}
    assert await store.brands(None, 10) == [BrandSize("acme", 1, 1), BrandSize("acme-2", 2, 2)]
    assert list((await store.features("acme", "", 10)).author_keys) == [key(1)]


async def test_the_same_delivery_from_twenty_clients_is_counted_once(store: ProfileStore) -> None:
    """Twenty concurrent deliveries of the same posts count each post for exactly one of them."""
    counts = await asyncio.gather(*(store.fold("acme", crowd()) for _ in range(20)))
    assert sum(count.folded for count in counts) == 120
    assert sum(count.duplicates for count in counts) == 19 * 120
    assert await held(store) == folded_once(crowd())


async def test_overlapping_deliveries_end_as_one_clean_delivery(store: ProfileStore) -> None:
    """Twenty concurrent clients with overlapping, shuffled parts of the same posts end as one delivery does."""
    dice = random.Random(7)  # noqa: S311 - a seeded schedule
    parts = [dice.sample(crowd(), 60) for _ in range(19)] + [crowd()]
    counts = await asyncio.gather(*(store.fold("acme", part) for part in parts))
    assert sum(count.folded for count in counts) == 120
    assert await held(store) == folded_once(crowd())


async def test_one_author_may_be_folded_by_many_clients(store: ProfileStore) -> None:
    """Twenty concurrent clients with different posts of one author lose none."""
    posts = [post(number, 1, hours=number) for number in range(60)]
    counts = await asyncio.gather(*(store.fold("acme", posts[start : start + 3]) for start in range(0, 60, 3)))
    assert [count.folded for count in counts] == [3] * 20
    assert await held(store) == folded_once(posts)


async def test_what_was_folded_survives_a_restart(store_url: StoreUrl) -> None:
    """A store that is opened again holds the same profiles, duplicates and assignments."""
    async with open_store(store_url) as first:
        await first.fold("acme", crowd())
        await first.stage("acme", "behaviour", "run-1", {key(1): 4})
        await first.publish("acme", "behaviour", "run-1", 1)
    async with open_store(store_url) as second:
        assert await second.fold("acme", crowd()) == FoldCount(0, 120)
        assert await held(second) == folded_once(crowd())
        profile = await second.profile("acme", key(1))
        assert profile is not None
        assert profile.clusters == {"behaviour": 4}


async def test_odd_category_names_are_kept(store: ProfileStore) -> None:
    """A category may be called what a store gives a meaning to: dots, dollars, NUL, quotes, emoji."""
    names = ["a.b", "$set", "\x00", "'; --", "🛫", ""]
    posts = [post(number, 1, analyzed=analysis(category=name)) for number, name in enumerate(names)]
    await store.fold("acme", posts)
    profile = await store.profile("acme", key(1))
    assert profile is not None
    assert profile.folded.categories == dict.fromkeys(names, 1)


async def test_the_largest_figures_are_kept(store: ProfileStore) -> None:
    """Counts up to the largest that a post may carry add up."""
    posts = [post(number, 1, likes=10**12, account={"followers": 10**12}) for number in range(3)]
    await store.fold("acme", posts)
    assert (await held(store))[key(1)].likes == 3 * 10**12


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("order", list(Order))
async def test_pages_show_every_profile_once_in_order(store: ProfileStore, sort: Sort, order: Order) -> None:
    """Paging by any sort meets every profile once, in order, ties by author key, unscored ones last."""
    await store.fold("acme", crowd())
    found = await everything(store, Listing("acme", 7, sort, order))
    assert sorted(profile.author_key for profile in found) == sorted(folded_once(crowd()))
    positions = [position_of(profile, sort, order) for profile in found]
    ranks = [(position.value, position.author_key) for position in positions]
    assert ranks == sorted(ranks, reverse=order is Order.DESC)
    if sort is Sort.MEAN_SCORE:
        unscored = [profile.mean_score is None for profile in found]
        assert any(unscored)
        assert unscored == sorted(unscored)


async def test_filters_keep_what_they_name(store: ProfileStore) -> None:
    """Each filter keeps exactly the profiles that pass it, and filters combine."""
    await store.fold("acme", crowd())
    expected = folded_once(crowd())
    since = int(START.timestamp()) + 45 * HOUR

    async def keys(listing: Listing) -> set[str]:
        return {profile.author_key for profile in await everything(store, listing)}

    many = {author for author, folded in expected.items() if folded.posts >= 5}
    late = {author for author, folded in expected.items() if folded.last_seen >= since}
    german = {author for author, folded in expected.items() if "de" in folded.languages}
    assert len({frozenset(many), frozenset(late), frozenset(german), frozenset(expected)}) == 4
    assert await keys(Listing("acme", 4, min_posts=5)) == many
    assert await keys(Listing("acme", 4, since=since)) == late
    assert await keys(Listing("acme", 4, language="de")) == german
    assert await keys(Listing("acme", 4, Sort.POSTS, Order.DESC, None, 5, since, "de")) == many & late & german


async def test_one_profile_is_found(store: ProfileStore) -> None:
    """A profile is found by its author, and only in its brand."""
    await store.fold("acme", crowd())
    assert await store.profile("acme", key(4)) == Profile("acme", key(4), folded_once(crowd())[key(4)])
    assert await store.profile("acme", "f" * 32) is None
    assert await store.profile("other", key(4)) is None


async def test_a_brand_is_there_from_its_first_post(store: ProfileStore) -> None:
    """A brand without posts is not there and has neither profiles nor a summary."""
    assert not await store.has_brand("acme")
    assert await store.summary("acme") is None
    assert await store.profiles(Listing("acme", 10)) == []
    assert not (await store.features("acme", "", 10)).author_keys
    await store.fold("acme", [post(1)])
    assert await store.has_brand("acme")
    assert not await store.has_brand("acm")


async def test_brands_come_in_pages(store: ProfileStore) -> None:
    """Brands come by name, after the one that is given."""
    for brand in ("cup", "acme", "bolt"):
        await store.fold(brand, [post(1)])
    assert [size.brand for size in await store.brands(None, 2)] == ["acme", "bolt"]
    assert [size.brand for size in await store.brands("bolt", 2)] == ["cup"]


async def test_a_summary_adds_up_the_brand(store: ProfileStore) -> None:
    """A summary counts what all profiles of the brand count together, over deliveries and replays."""
    await store.fold("other", [post(1, 9, hours=9000)])
    await store.fold("acme", crowd()[:50])
    await store.fold("acme", crowd()[30:])
    total = combine_all(increment_of(item) for item in crowd())
    assert await store.summary("acme") == BrandSummary(
        brand="acme",
        profiles=len(folded_once(crowd())),
        posts=120,
        scored_posts=total.scored_posts,
        score_sum=total.score_sum,
        labels=total.labels,
        languages=total.languages,
        first_seen=total.first_seen,
        last_seen=total.last_seen,
    )


async def test_features_come_in_pages_by_author(store: ProfileStore) -> None:
    """Pages of features meet every profile once, by author key."""
    await store.fold("acme", crowd())
    found: dict[str, bytes] = {}
    while page := await store.features("acme", max(found, default=""), 4):
        assert len(page) <= 4
        assert page.last()[1] == page.author_keys[-1]
        found |= told(page)
    wanted = to_tell(folded_once(crowd()))
    assert (list(found), found) == (list(wanted), wanted)


async def test_an_open_store_is_ready(store: ProfileStore) -> None:
    """A store that answers passes its check."""
    await store.check_ready()


async def test_counted_posts_are_known_by_their_keys(store: ProfileStore) -> None:
    """Of any keys, those that a delivery of this brand counted are returned; other brands' posts are not."""
    await store.fold("acme", [post(1, 1), post(2, 1)])
    await store.fold("other", [post(3, 1)])
    assert await store.counted("acme", [key(1), key(2), key(3), key(4)]) == {key(1), key(2)}
    assert await store.counted("nobody", [key(1)]) == set()
