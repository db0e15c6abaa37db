"""The contract of `ProfileStore.remove`, the same for every store."""

import asyncio
import itertools
import random
from contextlib import suppress
from dataclasses import replace

import pytest

from services.profiles.folding import increment_of
from services.profiles.listing import Listing
from services.profiles.rollup import rolled_up
from services.profiles.stores.base import FoldCount, ProfileStore, RemovalCount
from services.profiles.stores.database import open_store
from shared.analyzed_post import AnalyzedPost
from shared.errors import PeerUnavailableError
from tests.contract import test_profile_store as contract
from tests.contract.profile_crashes import Crash, crashing
from tests.contract.test_profile_store import HOUR, StoreUrl, crowd, folded_once, held
from tests.contract.told_features import to_tell, told
from tests.unit.profiles.posts import START, analysis, key, post

store = contract.store

ALWAYS = int(START.timestamp()) + 10_000 * HOUR
BRANDS = (f"brand-{number}" for number in itertools.count())
POSTS = [
    post(
        number,
        number % 3,
        hours=number * 5 % 7,
        analyzed=analysis(
            number / 10,
            ("en", "de")[number % 2],
            ("crew", "seat", None)[number % 3],
            embedding=[1.0, number, -2.0],
        ),
        embedding_version=("v1", "v2")[number // 8],
        likes=number,
        account={"followers": 100 - number},
        voice="internal" if number == 5 else "external",
    )
    for number in range(9)
]


def through(hours: int) -> int:
    """Return the hour that lies so many hours after the posts' start."""
    return int(START.timestamp()) + hours * HOUR


def remaining(posts: list[AnalyzedPost], post_keys: set[str], authors: dict[str, int]) -> list[AnalyzedPost]:
    """Return the posts that no removal names."""
    return [
        item
        for item in posts
        if item.post_key not in post_keys and item.hour.timestamp() > authors.get(item.author_key, -ALWAYS)
    ]


async def assert_holds(store: ProfileStore, brand: str, posts: list[AnalyzedPost], *, expired: bool = False) -> None:
    """Assert that the brand is as a clean delivery of these posts makes another, whichever way one looks.

    Hours and days keep posts that were removed after their analysis had `expired`: nobody knows whose they were.
    """
    clean = next(BRANDS)
    if posts:
        await store.fold(clean, posts)
    assert await held(store, brand) == await held(store, clean) == folded_once(posts)
    assert told(await store.features(brand, "", 100)) == to_tell(folded_once(posts), brand)
    found_now = {kept.profile.author_key: kept.profile.folded for kept in await store.kept_profiles(brand, None, 1000)}
    assert found_now == folded_once(posts, embeddings=True)
    if not expired:
        assert {kept.key: kept.rollup for kept in await store.kept_buckets(brand)} == rolled_up(
            (item.voice, item.author_key, increment_of(item)) for item in posts
        )
    of_clean = await store.summary(clean)
    assert await store.summary(brand) == (of_clean and replace(of_clean, brand=brand))
    assert await store.has_brand(brand) == await store.has_brand(clean) == bool(posts)
    sizes = {size.brand: (size.profiles, size.posts) for size in await store.brands(None, 1000)}
    assert sizes.get(brand) == sizes.get(clean)
    for language in ("en", "de"):
        speakers = sorted(author for author, folded in folded_once(posts).items() if language in folded.languages)
        found = await store.profiles(Listing(brand, 100, language=language))
        assert [profile.author_key for profile in found] == speakers


async def test_a_removed_post_is_as_if_it_had_never_come(store: ProfileStore) -> None:
    """Sums, extremes, figures, languages, sizes and summary are those of the other posts alone."""
    await store.fold("acme", POSTS)
    assert await store.remove("acme", [key(4), key(7)], {}) == RemovalCount(2, 0)
    await assert_holds(store, "acme", remaining(POSTS, {key(4), key(7)}, {}))


@pytest.mark.parametrize("number", range(9))
async def test_any_post_may_go(store: ProfileStore, number: int) -> None:
    """Whether a post was the first, the last or the one that told the figures, the next one takes its place."""
    await store.fold("acme", POSTS)
    await store.remove("acme", [key(number)], {})
    await assert_holds(store, "acme", remaining(POSTS, {key(number)}, {}))


async def test_a_removed_post_does_not_come_back(store: ProfileStore) -> None:
    """A replay of a removed post is a duplicate and changes nothing, and its key is among those known."""
    await store.fold("acme", POSTS)
    await store.remove("acme", [key(4)], {})
    assert await store.fold("acme", POSTS) == FoldCount(0, 9)
    await assert_holds(store, "acme", remaining(POSTS, {key(4)}, {}))
    assert key(4) in await store.counted("acme", [key(4), key(99)])


async def test_a_removal_may_come_before_its_post(store: ProfileStore) -> None:
    """A post that was removed before it came is not counted when it comes."""
    assert await store.remove("acme", [key(4)], {}) == RemovalCount(0, 1)
    assert await store.fold("acme", POSTS) == FoldCount(8, 1)
    await assert_holds(store, "acme", remaining(POSTS, {key(4)}, {}))


async def test_a_removal_need_not_be_kept_for_later(store: ProfileStore) -> None:
    """Without `early` a removal takes out what is counted, and leaves no mark of what is not."""
    await store.fold("acme", POSTS[:5])
    assert await store.remove("acme", [key(4), key(7)], {}, early=False) == RemovalCount(1, 1)
    assert await store.remove("acme", [key(7)], {}, early=False) == RemovalCount(0, 1)
    assert await store.counted("acme", [key(4), key(7)]) == {key(4)}
    await store.fold("acme", POSTS)
    await assert_holds(store, "acme", remaining(POSTS, {key(4)}, {}))


async def test_an_author_need_not_be_kept_for_later(store: ProfileStore) -> None:
    """Without `early` an author with a profile is removed for good, and of one without nothing is kept."""
    await store.fold("acme", POSTS[:2])
    authors = {key(1): ALWAYS, key(2): ALWAYS}
    assert await store.remove("acme", [], authors, early=False) == RemovalCount(1, 1)
    assert await store.remove("acme", [], {key(2): ALWAYS}, early=False) == RemovalCount(0, 1)
    await store.fold("acme", POSTS)
    await assert_holds(store, "acme", remaining(POSTS, set(), {key(1): ALWAYS}))


async def test_a_removal_made_again_changes_nothing(store: ProfileStore) -> None:
    """A post is taken out once, and a removal may name a post twice."""
    await store.fold("acme", POSTS)
    assert await store.remove("acme", [key(4), key(4)], {}) == RemovalCount(1, 0)
    assert await store.remove("acme", [key(4)], {}) == RemovalCount(0, 1)
    await assert_holds(store, "acme", remaining(POSTS, {key(4)}, {}))


async def test_a_removal_touches_its_brand_alone(store: ProfileStore) -> None:
    """The same post and the same author of another brand stay."""
    for brand in ("acme", "acme-2"):
        await store.fold(brand, POSTS)
    await store.remove("acme", [key(4)], {key(0): ALWAYS})
    await assert_holds(store, "acme-2", POSTS)


async def test_a_removed_author_is_as_if_he_had_never_posted(store: ProfileStore) -> None:
    """A whole profile goes, and posts of that time do not come back, neither old ones nor ones never seen."""
    await store.fold("acme", POSTS[:6])
    assert await store.remove("acme", [], {key(1): ALWAYS}) == RemovalCount(2, 0)
    assert await store.remove("acme", [], {key(1): ALWAYS}) == RemovalCount(0, 1)
    assert await store.profile("acme", key(1)) is None
    assert await store.fold("acme", POSTS) == FoldCount(2, 7)
    await assert_holds(store, "acme", remaining(POSTS, set(), {key(1): ALWAYS}))
    assert await store.counted("acme", [key(7)]) == {key(7)}


async def test_an_author_who_is_public_again_counts_by_new_posts(store: ProfileStore) -> None:
    """What a removed author published later counts; a removal of an earlier hour than the last changes nothing."""
    await store.fold("acme", POSTS)
    await store.remove("acme", [], {key(1): through(3)})
    await store.remove("acme", [], {key(1): through(1)})
    await store.fold("acme", POSTS)
    late = [post(50, 1, hours=4), post(51, 1, hours=3)]
    assert await store.fold("acme", late) == FoldCount(1, 1)
    await assert_holds(store, "acme", remaining([*POSTS, *late], set(), {key(1): through(3)}))


async def test_an_author_may_be_removed_before_he_posts(store: ProfileStore) -> None:
    """The posts of a removed author whom nobody knew are refused when they come."""
    assert await store.remove("acme", [], {key(1): ALWAYS}) == RemovalCount(0, 1)
    assert not await store.has_brand("acme")
    assert await store.fold("acme", POSTS) == FoldCount(6, 3)
    await assert_holds(store, "acme", remaining(POSTS, set(), {key(1): ALWAYS}))


async def test_a_brand_without_a_post_is_not_there(store: ProfileStore) -> None:
    """Where every post is removed the brand is gone from every list, and a new post brings it back."""
    await store.fold("acme", POSTS)
    assert await store.remove("acme", [item.post_key for item in POSTS], {}) == RemovalCount(9, 0)
    await assert_holds(store, "acme", [])
    await store.fold("acme", [*POSTS, post(50, 1)])
    await assert_holds(store, "acme", [post(50, 1)])


async def test_the_last_posts_of_many_authors_may_go_at_once(store: ProfileStore) -> None:
    """One removal may name the last posts of several authors, and an author of whom it names a post besides."""
    await store.fold("acme", [POSTS[0], POSTS[2], POSTS[4], POSTS[5]])
    assert await store.remove("acme", [key(0), key(2), key(4)], {key(2): through(4)}) == RemovalCount(4, 0)
    await assert_holds(store, "acme", [])


async def test_removals_survive_a_restart(store_url: StoreUrl) -> None:
    """A store that is opened again refuses what was removed."""
    async with open_store(store_url) as first:
        await first.fold("acme", POSTS)
        await first.remove("acme", [key(0), key(99)], {key(1): through(3)})
    async with open_store(store_url) as second:
        assert (await second.fold("acme", [*POSTS, post(99, 2)])).folded == 0
        await assert_holds(second, "acme", remaining(POSTS, {key(0)}, {key(1): through(3)}))


async def test_twenty_clients_take_a_post_out_once(store: ProfileStore) -> None:
    """Twenty concurrent removals of the same posts take each out for exactly one of them."""
    await store.fold("acme", crowd())
    gone = [item.post_key for item in crowd()[::2]]
    counts = await asyncio.gather(*(store.remove("acme", gone, {}) for _ in range(20)))
    assert sum(count.removed for count in counts) == 60
    await assert_holds(store, "acme", crowd()[1::2])


async def test_folds_and_removals_may_meet(store: ProfileStore) -> None:
    """Concurrent deliveries and removals of the same posts and authors end without what was removed."""
    dice = random.Random(5)  # noqa: S311 - a seeded schedule
    gone = [item.post_key for item in crowd()[::3]]
    authors = {key(1): ALWAYS, key(4): through(20)}
    await asyncio.gather(
        *(store.fold("acme", dice.sample(crowd(), 60)) for _ in range(8)),
        *(store.remove("acme", dice.sample(gone, 20), {}) for _ in range(8)),
        store.remove("acme", gone, authors),
        store.fold("acme", crowd()),
    )
    await assert_holds(store, "acme", remaining(crowd(), set(gone), authors))


async def test_a_crash_at_any_step_of_a_removal_is_finished(store: ProfileStore) -> None:
    """Wherever a removal stops, the same removal made again ends with the posts out, once."""
    step, happened = 0, True
    while happened:
        brand, crash = next(BRANDS), Crash(step)
        await store.fold(brand, POSTS)
        with suppress(PeerUnavailableError):
            await crashing(store, crash).remove(brand, [key(0), key(4), key(99)], {key(1): through(3)})
        await store.remove(brand, [key(0), key(4), key(99)], {key(1): through(3)})
        await store.fold(brand, [*POSTS, post(99, 2)])
        await assert_holds(store, brand, remaining(POSTS, {key(0), key(4)}, {key(1): through(3)}))
        step, happened = step + 1, crash.happened
    assert step > 10
