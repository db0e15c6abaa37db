"""The contract of `ProfileStore`: sums of any size, the same for every store."""

from dataclasses import replace
from typing import Any

import pyarrow as pa

from services.profiles.feature_page import arrow_stream
from services.profiles.kept import KeptBucket, KeptProfile
from services.profiles.profile import Profile
from services.profiles.stores.base import ProfileStore
from tests.contract import test_profile_store as contract
from tests.unit.profiles.posts import START, key, post

store = contract.store

HUGE = 2**64
HOUR = int(START.timestamp())
POSTS = 2**45
"""Of one author: a thousand authors of so many have more scores than 64 bits."""


async def restored(store: ProfileStore, authors: int) -> None:
    """Have a brand out of a backup, of authors whose sums do not fit 64 bits."""
    await store.fold("seed", [post(number, number, likes=1) for number in range(authors)])
    sums: dict[str, Any] = {
        "likes": HUGE,
        "score_squares": HUGE,
        "scored_posts": POSTS,
        "posts": POSTS,
        "score_sum": 2**62,
    }
    profiles = [
        KeptProfile(Profile("acme", kept.profile.author_key, replace(kept.profile.folded, **sums)))
        for kept in await store.kept_profiles("seed", None, 1000)
    ]
    await store.restore_profiles("acme", profiles)
    buckets = [
        KeptBucket(kept.key, replace(kept.rollup, likes=HUGE, score_sum=HUGE))
        for kept in await store.kept_buckets("seed")
    ]
    await store.restore_buckets("acme", buckets)


async def test_sums_beyond_64_bits_are_exact(store: ProfileStore) -> None:
    """In a profile, an hour and a brand's totals: what is folded is added, and taken out again as it was."""
    await restored(store, 3)
    summary = await store.summary("acme")
    assert summary is not None
    assert (summary.posts, summary.score_sum) == (3 * POSTS, 3 * 2**62)
    (size,) = [size for size in await store.brands(None, 9) if size.brand == "acme"]
    assert size.posts == 3 * POSTS
    later = post(100, 0, hours=1, likes=7)
    await store.fold("acme", [later])
    profile = await store.profile("acme", key(0))
    assert profile is not None
    assert (profile.folded.likes, profile.folded.posts) == (HUGE + 7, POSTS + 1)
    assert profile.folded.score_squares > HUGE
    await store.remove("acme", [key(100)], {})
    profile = await store.profile("acme", key(0))
    assert profile is not None
    assert (profile.folded.likes, profile.folded.score_squares) == (HUGE, HUGE)
    after = await store.summary("acme")
    assert after is not None
    assert (after.posts, after.score_sum) == (3 * POSTS, 3 * 2**62)
    hours = await store.rollups("acme", "hour", HOUR, HOUR + 3600)
    assert [(hour.rollup.likes, hour.rollup.score_sum) for hour in hours] == [(HUGE, HUGE)]


async def test_what_has_no_larger_numbers_tells_the_largest(store: ProfileStore) -> None:
    """A feature is a number of 64 bits."""
    await restored(store, 1)
    with pa.ipc.open_stream(arrow_stream(await store.features("acme", "", 9), 1)) as stream:
        assert stream.read_all()["likes"].to_pylist() == [2**63 - 1]
