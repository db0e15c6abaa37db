"""The contract of `ProfileStore`: hours and days, texts that expire, embeddings. The same for every store."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.profiles.folding import LATEST, increment_of
from services.profiles.kept import KeptPost, Place
from services.profiles.rollup import DAY_SECONDS, Bucket, join_all, rolled_up, rollup_of
from services.profiles.stores.base import FoldCount, ProfileStore
from services.profiles.stores.database import open_store
from shared.errors import InputError
from tests.contract import test_profile_store as contract
from tests.contract.test_profile_store import HOUR, StoreUrl
from tests.unit.profiles.clock import SetClock
from tests.unit.profiles.posts import START, analysis, key, post

store = contract.store

FIRST = int(START.timestamp())
POSTS = [
    post(
        number,
        number % 5,
        hours=number * 7,
        analyzed=analysis(
            number / 12,
            ("en", "de")[number % 2],
            ("crew", "$where", "a.b", None)[number % 4],
            embedding=[1.0, number, -3.0],
        ),
        embedding_version="v1",
        voice="internal" if number % 6 == 5 else "external",
        text=f"text {number}",
        likes=number,
    )
    for number in range(12)
]


async def test_hours_and_days_hold_what_their_posts_add(store: ProfileStore) -> None:
    """Every bucket is the sum of its posts, whatever the deliveries, and none is empty."""
    await store.fold("acme", POSTS[:7])
    await store.fold("acme", POSTS[3:])
    await store.fold("acme-2", POSTS[:1])
    kept = {bucket.key: bucket.rollup for bucket in await store.kept_buckets("acme")}
    assert kept == rolled_up((item.voice, item.author_key, increment_of(item)) for item in POSTS)


async def test_buckets_of_both_voices_are_joined(store: ProfileStore) -> None:
    """Without a voice an hour is the sum of both, each author counted once; with one it is that voice's."""
    both = [POSTS[0], post(50, 0, voice="internal"), post(51, 1, voice="internal")]
    await store.fold("acme", both)
    [found] = await store.rollups("acme", "hour", FIRST, FIRST + HOUR)
    assert found == Bucket(FIRST, join_all(rollup_of(item.author_key, increment_of(item)) for item in both))
    assert found.rollup.authors.authors == 2
    [internal] = await store.rollups("acme", "hour", FIRST, FIRST + HOUR, "internal")
    assert internal.rollup.posts == 2
    [external] = await store.rollups("acme", "hour", FIRST, FIRST + HOUR, "external")
    assert external.rollup.posts == 1


async def test_buckets_come_by_time_within_their_stretch(store: ProfileStore) -> None:
    """The first hour of the stretch is in it, the one at its end is not; the earliest are kept by a limit."""
    await store.fold("acme", [*POSTS, post(60, 9, hours=7, voice="internal")])
    hours = [found.start for found in await store.rollups("acme", "hour", FIRST + 7 * HOUR, FIRST + 28 * HOUR)]
    assert hours == [FIRST + 7 * HOUR, FIRST + 14 * HOUR, FIRST + 21 * HOUR]
    first = await store.rollups("acme", "hour", FIRST, LATEST, limit=2)
    assert [found.start for found in first] == [FIRST, FIRST + 7 * HOUR]
    assert first[1].rollup.posts == 2
    days = await store.rollups("acme", "day", -LATEST, LATEST)
    assert [found.start for found in days] == [FIRST + day * DAY_SECONDS for day in range(4)]
    assert sum(found.rollup.posts for found in days) == 13
    assert await store.rollups("nobody", "day", -LATEST, LATEST) == []


async def test_many_deliveries_at_once_fill_the_buckets_once(store: ProfileStore) -> None:
    """Twenty clients that deliver overlapping batches lose and double nothing."""
    crowd = [post(number, number % 40, hours=number % 3) for number in range(400)]
    batches = [crowd[start : start + 40] for start in range(0, 400, 20)]
    counts = await asyncio.gather(*(store.fold("acme", batch) for batch in batches))
    assert sum(count.folded for count in counts) == 400
    kept = {bucket.key: bucket.rollup for bucket in await store.kept_buckets("acme")}
    assert kept == rolled_up((item.voice, item.author_key, increment_of(item)) for item in crowd)


async def test_a_post_comes_back_as_it_was_kept(store: ProfileStore) -> None:
    """Text, analysis and figures are those delivered; a sample leaves the embedding out, a page by date has it."""
    await store.fold("acme", POSTS)
    found = await store.sample("acme", FIRST, FIRST + HOUR, 10)
    assert found.posts_in_all == 1
    bare: Any = {"embedding_version": True, "analysis": {"embedding"}}
    assert [item.model_dump() for item in found.posts] == [
        POSTS[0]
        .model_copy(
            update={"embedding_version": None, "analysis": POSTS[0].analysis.model_copy(update={"embedding": None})}
        )
        .model_dump()
    ]
    [kept] = await store.posts("acme", FIRST, FIRST + HOUR, None, 10)
    assert kept.post is not None
    assert kept.post.model_dump(exclude=bare) == POSTS[0].model_dump(exclude=bare)
    assert increment_of(kept.post) == increment_of(POSTS[0])


async def test_a_sample_is_fair_and_the_same_each_time(store: ProfileStore) -> None:
    """Of more posts than wanted those with the lowest keys are returned, and how many there are in all."""
    await store.fold("acme", POSTS)
    found = await store.sample("acme", FIRST, LATEST, 5)
    assert [item.post_key for item in found.posts] == [key(number) for number in range(5)]
    assert found.posts_in_all == 12
    ours = await store.sample("acme", FIRST, LATEST, 5, "internal")
    assert ([item.post_key for item in ours.posts], ours.posts_in_all) == ([key(5), key(11)], 2)


async def test_posts_come_in_pages_by_date(store: ProfileStore) -> None:
    """Pages of a stretch follow one another by hour and key, each post once."""
    await store.fold("acme", [*reversed(POSTS), post(90, 1), post(80, 1)])
    places: list[KeptPost] = []
    after = None
    while page := await store.posts("acme", FIRST, FIRST + 70 * HOUR, after, 3):
        assert len(page) <= 3
        places += page
        last = page[-1].post
        assert last is not None
        after = Place(int(last.hour.timestamp()), last.post_key)
    assert [kept.post_key for kept in places] == [key(0), key(80), key(90), *(key(number) for number in range(1, 10))]


async def test_texts_expire_by_the_time_they_were_stored(store_url: StoreUrl) -> None:
    """A sweep forgets text and analysis of what was stored before, however old the posts are, and nothing else."""
    clock = SetClock()
    async with open_store(store_url, clock) as store:
        await store.fold("acme", POSTS[:6])
        clock.advance(timedelta(days=10))
        await store.fold("acme", POSTS[6:])
        before = await store.kept_profiles("acme", None, 100)
        moment = int((clock.now() - timedelta(days=5)).timestamp())
        assert await store.sweep(moment, 4) == 4
        assert await store.sweep(moment, 4) == 2
        assert await store.sweep(moment, 4) == 0
        assert [item.post_key for item in (await store.sample("acme", FIRST, LATEST, 100)).posts] == [
            key(number) for number in range(6, 12)
        ]
        assert await store.kept_profiles("acme", None, 100) == before
        assert await store.fold("acme", POSTS) == FoldCount(0, 12)
        kept = {bucket.key: bucket.rollup for bucket in await store.kept_buckets("acme")}
        assert kept == rolled_up((item.voice, item.author_key, increment_of(item)) for item in POSTS)


async def test_known_posts_are_told_with_and_without_their_text(store: ProfileStore) -> None:
    """Pages by key hold expired posts as a key and an author, removed ones as a key alone."""
    await store.fold("acme", POSTS[:3])
    await store.sweep(LATEST, 100)
    await store.fold("acme", POSTS[:6])
    await store.remove("acme", [key(1), key(5)], {})
    first = await store.kept_posts("acme", None, 4)
    found = first + await store.kept_posts("acme", first[-1].post_key, 4)
    assert [kept.post_key for kept in found] == [key(number) for number in range(6)]
    assert [kept.author_key for kept in found] == [key(0), None, key(2), key(3), key(4), None]
    assert [kept.post is None for kept in found] == [True, True, True, False, False, True]


async def test_an_embedding_of_another_length_is_refused_whole(store: ProfileStore) -> None:
    """Lengths belong to versions: the wrong one is named and nothing of its delivery is counted."""
    await store.fold("acme", POSTS[:1])
    wrong = post(70, analyzed=analysis(embedding=[1.0, 2.0]), embedding_version="v1")
    with pytest.raises(InputError, match="embedding of post 1 has 2 numbers; those of version v1 have 3"):
        await store.fold("acme", [post(71), wrong])
    assert await store.counted("acme", [key(70), key(71)]) == set()
    other = post(72, analyzed=analysis(embedding=[1.0, 2.0]), embedding_version="v2")
    assert await store.fold("acme", [other]) == FoldCount(1, 0)


async def test_sums_of_embeddings_never_mix_versions(store: ProfileStore) -> None:
    """An author's posts of two versions are two sums."""
    await store.fold("acme", POSTS[:1])
    await store.fold("acme", [post(72, 0, analyzed=analysis(embedding=[0.0, 2.0]), embedding_version="v2")])
    [kept] = await store.kept_profiles("acme", None, 10)
    sums = kept.profile.folded.embeddings
    assert {version: (one.posts, one.dimensions) for version, one in sums.items()} == {"v1": (1, 3), "v2": (1, 2)}
    assert sums["v2"].mean().tolist() == [0.0, 1.0]


async def test_an_author_of_expired_posts_stays_among_the_authors_of_an_hour(store: ProfileStore) -> None:
    """Nobody knows any more which hour an expired post was of, so its author leaves no hour before the last post."""
    await store.fold("acme", [post(1, 7)])
    await store.sweep(LATEST, 10)
    await store.fold("acme", [post(2, 7)])
    await store.remove("acme", [key(2)], {})
    [found] = await store.rollups("acme", "hour", FIRST, FIRST + HOUR)
    assert (found.rollup.posts, found.rollup.authors.authors) == (1, 1)


async def test_lengths_of_embeddings_are_told_by_version(store: ProfileStore) -> None:
    """Each version that was folded is known with its length."""
    assert await store.embedding_lengths() == {}
    await store.fold("acme", POSTS)
    await store.fold("acme", [post(72, 0, analyzed=analysis(embedding=[0.0, 2.0]), embedding_version="v2")])
    assert await store.embedding_lengths() == {"v1": 3, "v2": 2}
