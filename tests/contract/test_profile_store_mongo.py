"""How the MongoDB store counts once without transactions: crashes at every step, repair at start, meddling others."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from pymongo.errors import AutoReconnect

from services.profiles.folding import combine_all, increment_of
from services.profiles.stores.base import FoldCount
from services.profiles.stores.mongo import MongoProfileStore
from services.profiles.stores.mongo_folding import ATTEMPTS, MongoFolding
from shared.errors import OverloadedError, PeerUnavailableError
from shared.mongo import MongoDatabase, open_mongo
from shared.store_url import MongoUrl
from tests.contract.profile_crashes import Crash, Watched
from tests.unit.profiles.posts import key, post

pytestmark = pytest.mark.mongo

KNOWN = [post(number, author) for number, author in enumerate((1, 2))]
POSTS = [*KNOWN, *(post(number, number % 4, hours=number) for number in range(2, 12))]


@pytest.fixture
async def database(mongo_url: MongoUrl) -> AsyncIterator[MongoDatabase]:
    """Yield a fresh database with a store's indexes."""
    async with open_mongo(mongo_url) as opened:
        await MongoProfileStore(opened).prepare()
        yield opened


async def assert_counted_once(database: MongoDatabase, brand: str = "acme") -> None:
    """Assert that the brand holds POSTS, each once, and that a start leaves nothing to be finished."""
    profiles = await MongoProfileStore(database).features(brand, None, 100)
    assert {profile.author_key: profile.folded for profile in profiles} == {
        key(author): combine_all(increment_of(item) for item in POSTS if item.author_key == key(author))
        for author in range(4)
    }
    assert await database["posts"].count_documents({"profile": {"$regex": f"^{brand}"}, "state": "counted"}) == 12
    assert await database["posts"].count_documents({"state": "pending"}) == 0
    contributions = {"profile": {"$regex": f"^{brand}"}, "adds": {"$exists": True}}
    assert await database["posts"].count_documents(contributions) == 12
    await MongoFolding(database).repair()
    assert await MongoProfileStore(database).features(brand, None, 100) == profiles
    assert await database["profiles"].count_documents({"uncommitted": {"$gt": ""}}) == 0


@pytest.mark.parametrize("finisher", ["replay", "repair"])
async def test_a_crash_at_any_step_is_finished(database: MongoDatabase, finisher: str) -> None:
    """Wherever a fold stops, a replay or the next start ends with each post counted once."""
    clean, step = MongoFolding(database), 0
    while True:
        brand, crash = f"acme-{step}", Crash(step)
        await clean.fold(brand, KNOWN)
        try:
            await MongoFolding(Watched(database, crash)).fold(brand, POSTS)
        except AutoReconnect:
            if step == 0:
                await clean.fold(brand, POSTS)
            elif finisher == "repair":
                await MongoProfileStore(database).prepare()
        if finisher == "replay":
            await clean.fold(brand, POSTS)
        await assert_counted_once(database, brand)
        assert await clean.fold(brand, POSTS) == FoldCount(0, 12)
        if not crash.happened:
            break
        step += 1
    assert step == 11


@pytest.mark.parametrize("seed", range(12))
async def test_any_schedule_of_crashes_and_clients_counts_once(database: MongoDatabase, seed: int) -> None:
    """Clients with overlapping parts that crash at random steps, and a repair among them, count each post once."""
    dice = random.Random(seed)  # noqa: S311 - a seeded schedule

    async def client() -> None:
        part = dice.sample(POSTS, dice.randint(1, len(POSTS)))
        folding = MongoFolding(Watched(database, Crash(dice.randint(0, 16))))
        try:
            await folding.fold("acme", part)
        except AutoReconnect:
            await MongoFolding(database).fold("acme", part)

    clean = MongoFolding(database)
    await asyncio.gather(*(client() for _ in range(8)), clean.repair(), clean.fold("acme", POSTS))
    await clean.repair()
    await assert_counted_once(database)


@pytest.mark.parametrize("other", ["fold", "repair"])
@pytest.mark.parametrize("step", range(11))
async def test_another_may_finish_a_fold_at_any_step(database: MongoDatabase, other: str, step: int) -> None:
    """Where another folder or a repair does the whole work in between, a slow folder adds nothing a second time."""
    clean, steps, counts = MongoFolding(database), iter(range(1000)), [FoldCount(0, 0)]
    await clean.fold("acme", KNOWN)

    async def meddle(_write: str, _after: bool) -> None:  # noqa: FBT001 - as Meddle
        if next(steps) != step:
            return
        if other == "repair":
            await clean.repair()
        else:
            counts.append(await clean.fold("acme", POSTS))

    counts.append(await MongoFolding(Watched(database, meddle)).fold("acme", POSTS))
    assert next(steps) > step
    if other == "fold":
        assert sum(count.folded for count in counts) == 10
    await assert_counted_once(database)


async def test_a_folder_that_never_wins_gives_up(database: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that always finds the profile changed stops after a bounded number of attempts, with nothing lost."""
    clean, others = MongoFolding(database), iter(range(100, 1000))
    await clean.fold("acme", KNOWN)
    monkeypatch.setattr("services.profiles.stores.mongo_folding.MAX_WAIT_SECONDS", 0.0)

    async def meddle(write: str, after: bool) -> None:  # noqa: FBT001 - as Meddle
        if write == "update_one" and not after:
            await clean.fold("acme", [post(next(others), 1)])

    late = post(50, 1)
    with pytest.raises(OverloadedError, match="send this one again"):
        await MongoFolding(Watched(database, meddle)).fold("acme", [late])
    assert next(others) == 100 + ATTEMPTS
    assert await clean.fold("acme", [late]) == FoldCount(1, 0)


async def test_a_server_that_is_away_can_be_asked_again(database: MongoDatabase) -> None:
    """A fold that loses its server is refused as unavailable, without a word of what was in it."""
    store = MongoProfileStore(Watched(database, Crash(0)))
    with pytest.raises(PeerUnavailableError, match="does not answer; send it again"):
        await store.fold("acme", POSTS)
