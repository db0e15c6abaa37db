"""How the MongoDB store counts once without transactions: crashes at every step, repair at start, meddling others."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import pytest

from services.profiles.folding import Increment, combine_all, increment_of
from services.profiles.profile import BrandSummary
from services.profiles.rollup import rolled_up
from services.profiles.stores import mongo, mongo_ledgers
from services.profiles.stores.base import FoldCount
from services.profiles.stores.mongo import MongoProfileStore
from services.profiles.stores.mongo_folding import MongoFolding
from services.profiles.stores.mongo_ledgers import ATTEMPTS, SHARDS
from shared.analyzed_post import AnalyzedPost
from shared.errors import InputError, OverloadedError, PeerUnavailableError
from shared.mongo import MongoDatabase, open_mongo
from shared.store_url import MongoUrl
from tests.contract.profile_crashes import Crash, Watched
from tests.contract.test_profile_store import folded_once
from tests.unit.profiles.posts import analysis, key, post

pytestmark = pytest.mark.mongo

KNOWN = [post(number, author) for number, author in enumerate((1, 2))]
POSTS = [
    *KNOWN,
    *(
        post(
            number,
            number % 4,
            hours=number * 5,
            analyzed=analysis(number / 12, ("en", "de")[number % 2], embedding=[1.0, -number]),
            embedding_version="v1",
            voice=("external", "internal")[number % 5 == 0],
            text=f"text {number}",
        )
        for number in range(2, 12)
    ),
]
BOOKS = [
    ("profiles", "uncommitted"),
    ("profiles", "withdrawn"),
    ("profiles", "owed.id"),
    ("rollups", "uncommitted"),
    ("rollups", "withdrawn"),
    ("totals", "applied"),
]


@pytest.fixture
async def database(mongo_url: MongoUrl, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MongoDatabase]:
    """Yield a fresh database with a store's indexes; all stores write to one shard, so that they meet."""
    monkeypatch.setattr(mongo, "SHARDS", 1)
    async with open_mongo(mongo_url) as opened:
        await MongoProfileStore(opened).prepare()
        yield opened


def summed(brand: str, posts: Sequence[AnalyzedPost]) -> BrandSummary | None:
    """Return the summary of a brand that holds just these posts."""
    total: Increment = combine_all(increment_of(item) for item in posts)
    if not posts:
        return None
    return BrandSummary(
        brand=brand,
        profiles=len(folded_once(list(posts))),
        posts=total.posts,
        scored_posts=total.scored_posts,
        score_sum=total.score_sum,
        labels=total.labels,
        languages=total.languages,
        first_seen=total.first_seen,
        last_seen=total.last_seen,
    )


async def assert_holds(database: MongoDatabase, brand: str, posts: Sequence[AnalyzedPost]) -> None:
    """Assert that profiles with their embeddings, hours, days and totals of the brand hold these posts, each once."""
    store = MongoProfileStore(database)
    profiles = {found.profile.author_key: found.profile.folded for found in await store.kept_profiles(brand, None, 99)}
    assert profiles == folded_once(list(posts), embeddings=True)
    buckets = {found.key: found.rollup for found in await store.kept_buckets(brand)}
    assert buckets == rolled_up((item.voice, item.author_key, increment_of(item)) for item in posts)
    assert await store.summary(brand) == summed(brand, posts)


async def assert_tidy(database: MongoDatabase) -> None:
    """Assert that no ledger waits for anything."""
    for collection, book in BOOKS:
        assert await database[collection].count_documents({book: {"$gt": ""}}) == 0, (collection, book)
    for state in ("pending", "removing"):
        assert await database["posts"].count_documents({"state": state}) == 0


@pytest.mark.parametrize("finisher", ["replay", "repair"])
async def test_a_crash_at_any_step_is_finished(database: MongoDatabase, finisher: str) -> None:
    """Wherever a fold stops, a replay or the next start ends with each post counted once, in all of its ledgers."""
    step, happened = 0, True
    while happened:
        brand, crash, clean = f"acme-{step}", Crash(step), MongoProfileStore(database)
        await clean.fold(brand, KNOWN)
        with suppress(PeerUnavailableError):
            await MongoProfileStore(Watched(database, crash)).fold(brand, POSTS)
        if finisher == "repair":
            await clean.prepare()
        if finisher == "replay" or await database["posts"].count_documents({"_id": {"$regex": f"^{brand}[|]"}}) == 2:
            await clean.fold(brand, POSTS)
        await assert_holds(database, brand, POSTS)
        assert await clean.fold(brand, POSTS) == FoldCount(0, 12)
        step, happened = step + 1, crash.happened
    assert step >= 18
    await MongoProfileStore(database).prepare()
    await assert_tidy(database)
    assert await database["posts"].count_documents({"state": "counted", "text": {"$exists": True}}) == 10 * step


@pytest.mark.parametrize("seed", range(8))
async def test_any_schedule_of_crashes_and_clients_counts_once(database: MongoDatabase, seed: int) -> None:
    """Clients with overlapping parts that crash at random steps, and a start among them, count each post once."""
    dice = random.Random(seed)  # noqa: S311 - a seeded schedule

    async def client() -> None:
        part = dice.sample(POSTS, dice.randint(1, len(POSTS)))
        try:
            await MongoProfileStore(Watched(database, Crash(dice.randint(0, 26)))).fold("acme", part)
        except PeerUnavailableError:
            await MongoProfileStore(database).fold("acme", part)

    clean = MongoProfileStore(database)
    await asyncio.gather(*(client() for _ in range(8)), clean.prepare(), clean.fold("acme", POSTS))
    await clean.prepare()
    await assert_holds(database, "acme", POSTS)
    await assert_tidy(database)


@pytest.mark.parametrize("other", ["fold", "start"])
async def test_another_may_finish_a_fold_at_any_step(database: MongoDatabase, other: str) -> None:
    """Where another folder or a start does the whole work in between, a slow folder adds nothing a second time."""
    step, reached = 0, True
    while reached:
        brand, steps, clean = f"acme-{step}", iter(range(1000)), MongoProfileStore(database)
        counts = [FoldCount(0, 0)]
        await clean.fold(brand, KNOWN)

        async def meddle(_write: str, _after: bool) -> None:  # noqa: FBT001 - as Meddle
            if next(steps) != step:  # noqa: B023 - used within its round
                return
            if other == "start":
                await clean.prepare()  # noqa: B023
            else:
                counts.append(await clean.fold(brand, POSTS))  # noqa: B023

        counts.append(await MongoProfileStore(Watched(database, meddle)).fold(brand, POSTS))
        if other == "fold":
            assert sum(count.folded for count in counts) == 10
        await assert_holds(database, brand, POSTS)
        reached, step = next(steps) > step, step + 1
    assert step >= 18
    await assert_tidy(database)


@pytest.mark.parametrize("shards", [1, SHARDS])
async def test_many_stores_fill_one_brand_at_once(
    database: MongoDatabase, monkeypatch: pytest.MonkeyPatch, shards: int
) -> None:
    """Twenty deliveries of one brand at once, by processes with shards of their own or the same, lose nothing."""
    monkeypatch.setattr(mongo, "SHARDS", shards)
    posts = [post(number, number % 30, hours=number % 3) for number in range(200)]
    stores = [MongoProfileStore(database) for _ in range(4)]
    parts = [(stores[start % 4], posts[start::20]) for start in range(20)]
    counts = await asyncio.gather(*(store.fold("acme", part) for store, part in parts))
    assert [count.folded for count in counts] == [10] * 20
    await assert_holds(database, "acme", posts)
    await assert_tidy(database)


async def test_shards_of_an_hour_are_one_hour(database: MongoDatabase) -> None:
    """What stores with different shards add to an hour stands in documents of their own, and is read as one."""
    for shard in range(SHARDS):
        arrivals = [(post(10 * shard + number, number), 0) for number in range(3)]
        await MongoFolding(database, shard).fold("acme", arrivals)
    assert await database["rollups"].count_documents({"span": "hour"}) == SHARDS
    [hour] = await MongoProfileStore(database).rollups("acme", "hour", 0, 2**40)
    assert (hour.rollup.posts, hour.rollup.authors.authors) == (3 * SHARDS, 3)


@pytest.mark.parametrize("author", [1, 2])
async def test_a_folder_that_never_wins_gives_up(
    database: MongoDatabase, monkeypatch: pytest.MonkeyPatch, author: int
) -> None:
    """Whoever finds a profile (of author 1) or an hour always changed stops after so many attempts, nothing lost."""
    clean, others = MongoFolding(database), iter(range(100, 10_000))
    await clean.fold("acme", [(item, 0) for item in KNOWN])
    monkeypatch.setattr(mongo_ledgers, "MAX_WAIT_SECONDS", 0.0)

    async def meddle(write: str, after: bool) -> None:  # noqa: FBT001 - as Meddle
        if write == "bulk_write" and not after:
            await clean.fold("acme", [(post(next(others), 1), 0)])

    late = post(50, author)
    with pytest.raises(OverloadedError, match="send this one again"):
        await MongoFolding(Watched(database, meddle)).fold("acme", [(late, 0)])
    assert ATTEMPTS <= next(others) - 100 <= ATTEMPTS + 5
    assert await clean.fold("acme", [(late, 0)]) == FoldCount(1, 0)


async def test_a_server_that_is_away_can_be_asked_again(database: MongoDatabase) -> None:
    """A fold that loses its server is refused as unavailable, without a word of what was in it."""
    store = MongoProfileStore(Watched(database, Crash(0)))
    with pytest.raises(PeerUnavailableError, match="does not answer; send it again"):
        await store.fold("acme", POSTS)


async def test_two_processes_agree_on_the_length_of_a_version(database: MongoDatabase) -> None:
    """Where two first deliveries of a version differ in its length one of them is refused, and counts nothing."""
    first = post(1, analyzed=analysis(embedding=[1.0, 2.0]), embedding_version="v9")
    second = post(2, analyzed=analysis(embedding=[1.0, 2.0, 3.0]), embedding_version="v9")

    async def meddle(_write: str, after: bool) -> None:  # noqa: FBT001 - as Meddle
        if not after and await database["embedding_versions"].count_documents({}) == 0:
            await MongoProfileStore(database).fold("acme", [first])

    with pytest.raises(InputError, match="post 0 has 3 numbers; those of version v9 have 2"):
        await MongoProfileStore(Watched(database, meddle)).fold("acme", [second])
    await assert_holds(database, "acme", [first])
    assert await MongoProfileStore(database).counted("acme", [key(2)]) == set()
