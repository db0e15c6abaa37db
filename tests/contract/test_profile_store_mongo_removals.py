"""How the MongoDB store takes out once without transactions: crashes at every step, repairs, meddling others."""

from collections.abc import Sequence
from contextlib import suppress

import pytest

from services.profiles.folding import LATEST, combine_all, increment_of
from services.profiles.rollup import rolled_up
from services.profiles.stores import mongo_ledgers, mongo_removing
from services.profiles.stores.base import RemovalCount
from services.profiles.stores.mongo import MongoProfileStore
from services.profiles.stores.mongo_folding import MongoFolding
from services.profiles.stores.mongo_removing import MongoRemoving
from shared.analyzed_post import AnalyzedPost
from shared.errors import OverloadedError, PeerUnavailableError
from shared.mongo import MongoDatabase
from tests.contract import test_profile_store_mongo as contract
from tests.contract.profile_crashes import Crash, Watched
from tests.contract.test_profile_store_mongo import POSTS, assert_holds, assert_tidy
from tests.contract.test_profile_store_removals import remaining
from tests.unit.profiles.posts import START, key, post

pytestmark = pytest.mark.mongo
database = contract.database

THROUGH = int(START.timestamp()) + 30 * 3600
GONE = [key(0), key(4), key(99)]
AUTHORS = {key(1): THROUGH}
LEFT = remaining(POSTS, set(GONE), AUTHORS)


async def held(database: MongoDatabase, brand: str) -> list[AnalyzedPost]:
    """Return the posts that are marked counted."""
    ids = [f"{brand}|{item.post_key}" for item in POSTS]
    counted = {found["_id"] async for found in database["posts"].find({"_id": {"$in": ids}, "state": "counted"})}
    return [item for item in POSTS if f"{brand}|{item.post_key}" in counted]


async def assert_tombs(database: MongoDatabase, brand: str, posts: Sequence[AnalyzedPost]) -> None:
    """Assert that of all but these posts a key alone is left."""
    assert await held(database, brand) == list(posts)
    gone = {"_id": {"$regex": f"^{brand}[|]"}, "state": {"$ne": "counted"}}
    async for tomb in database["posts"].find(gone):
        assert tomb["state"] == "removed"
        assert tomb.keys() <= {"_id", "state", "key_version"}


@pytest.mark.parametrize("finisher", ["again", "repair"])
async def test_a_crash_at_any_step_is_finished(database: MongoDatabase, finisher: str) -> None:
    """Wherever a removal stops, the same removal or the next start leaves every post in all its ledgers or in none."""
    step, happened = 0, True
    while happened:
        brand, crash, store = f"acme-{step}", Crash(step), MongoProfileStore(database)
        await store.fold(brand, POSTS)
        with suppress(PeerUnavailableError):
            await MongoProfileStore(Watched(database, crash)).remove(brand, GONE, AUTHORS)
        if finisher == "repair":
            await store.prepare()
            await assert_holds(database, brand, await held(database, brand))
            await assert_tidy(database)
            assert await database["profiles"].count_documents({"closing": True}) == 0
        await store.remove(brand, GONE, AUTHORS)
        await assert_holds(database, brand, LEFT)
        step, happened = step + 1, crash.happened
    assert step > 40
    await MongoProfileStore(database).prepare()
    await assert_tidy(database)
    await assert_tombs(database, "acme-7", LEFT)


async def test_a_start_finishes_an_author(database: MongoDatabase) -> None:
    """Where a removal stopped after the author was closed, the next start takes out all of the author's posts."""
    await MongoProfileStore(database).fold("acme", POSTS)
    with pytest.raises(PeerUnavailableError):
        await MongoProfileStore(Watched(database, Crash(4))).remove("acme", [], {key(1): LATEST})
    assert await database["profiles"].count_documents({"closing": True}) == 1
    await MongoProfileStore(database).prepare()
    await assert_holds(database, "acme", remaining(POSTS, set(), {key(1): LATEST}))
    assert await database["profiles"].count_documents({"closing": True}) == 0


@pytest.mark.parametrize("other", ["remove", "start", "fold"])
async def test_another_may_finish_a_removal_at_any_step(database: MongoDatabase, other: str) -> None:
    """Where another remover, a start or a folder comes in between, a slow remover takes nothing out twice."""
    step, reached = 0, True
    while reached:
        brand, store, steps = f"acme-{step}", MongoProfileStore(database), iter(range(1000))
        await store.fold(brand, POSTS)
        others: list[RemovalCount] = []

        async def meddle(_write: str, _after: bool) -> None:  # noqa: FBT001 - as Meddle
            if next(steps) != step:  # noqa: B023 - used within its round
                return
            if other == "remove":
                others.append(await store.remove(brand, GONE, AUTHORS))  # noqa: B023
            elif other == "start":
                await store.prepare()  # noqa: B023
            else:
                await store.fold(brand, [*POSTS, post(99, 2), post(50, 1, hours=3)])  # noqa: B023

        count = await MongoProfileStore(Watched(database, meddle)).remove(brand, GONE, AUTHORS)
        reached = next(steps) > step
        if other == "remove" and reached:
            assert count.removed + others[0].removed == len(POSTS) - len(LEFT)
        await store.fold(brand, [*POSTS, post(50, 1, hours=3)])
        await store.remove(brand, GONE, AUTHORS)
        await assert_holds(database, brand, LEFT)
        step += 3
    assert step > 40
    await MongoProfileStore(database).prepare()
    await assert_tidy(database)


async def test_an_author_may_be_removed_at_any_step_of_a_fold(database: MongoDatabase) -> None:
    """Where posts and authors are removed while a folder is under way, it brings none back, in no ledger."""
    step, reached = 0, True
    while reached:
        brand, store, steps = f"acme-{step}", MongoProfileStore(database), iter(range(1000))
        await store.fold(brand, POSTS[:2])

        async def meddle(_write: str, _after: bool) -> None:  # noqa: FBT001 - as Meddle
            if next(steps) == step:  # noqa: B023 - used within its round
                await store.remove(brand, GONE, AUTHORS)  # noqa: B023

        await MongoProfileStore(Watched(database, meddle)).fold(brand, POSTS)
        if not (reached := next(steps) > step):
            await store.remove(brand, GONE, AUTHORS)
        await assert_holds(database, brand, LEFT)
        step += 1
    assert step >= 18
    await MongoProfileStore(database).prepare()
    await assert_tidy(database)


async def test_a_post_without_an_analysis_is_one_remnant(database: MongoDatabase) -> None:
    """Wherever the removal of an expired post stops, made again it counts as one remnant, and hours keep it."""
    step, happened = 0, True
    posts = [post(number, 1) for number in range(3)]
    while happened:
        brand, crash, store = f"acme-{step}", Crash(step), MongoProfileStore(database)
        await store.fold(brand, posts)
        await store.sweep(LATEST, 1000)
        with suppress(PeerUnavailableError):
            await MongoProfileStore(Watched(database, crash)).remove(brand, [key(0)], {})
        await store.remove(brand, [key(0)], {})
        profile = await database["profiles"].find_one({"brand": brand})
        assert (profile["posts"], profile["remnants"]) == (3, 1)
        buckets = {found.key: found.rollup for found in await store.kept_buckets(brand)}
        assert buckets == rolled_up((item.voice, item.author_key, increment_of(item)) for item in posts)
        step, happened = step + 1, crash.happened


async def test_what_expires_while_it_is_removed_is_removed(database: MongoDatabase) -> None:
    """A sweep at any step of a removal neither takes from it what it needs nor is brought to nothing by it."""
    step, reached = 0, True
    while reached:
        brand, store, steps = f"acme-{step}", MongoProfileStore(database), iter(range(1000))
        await store.fold(brand, POSTS)

        async def meddle(_write: str, _after: bool) -> None:  # noqa: FBT001 - as Meddle
            if next(steps) == step:  # noqa: B023 - used within its round
                await store.sweep(LATEST, 1000)  # noqa: B023

        await MongoProfileStore(Watched(database, meddle)).remove(brand, [], {key(1): LATEST})
        reached = next(steps) > step
        summary = await store.summary(brand)
        assert summary is not None
        assert summary.posts == len(remaining(POSTS, set(), {key(1): LATEST}))
        assert await store.profile(brand, key(1)) is None
        step += 1


async def test_an_old_version_is_never_taken_for_a_new_one(database: MongoDatabase) -> None:
    """A profile that was emptied and filled again has moved on: a folder that read it before starts over."""
    store, steps = MongoProfileStore(database), iter(range(1000))
    await store.fold("acme", [post(1, 1)])

    async def meddle(write: str, after: bool) -> None:  # noqa: FBT001 - as Meddle
        # The first bulk registers the brand, the second inserts the post, the third updates the profile.
        if (write, after) == ("bulk_write", False) and next(steps) == 2:
            await store.remove("acme", [key(1)], {})
            await store.fold("acme", [post(2, 1)])

    await MongoProfileStore(Watched(database, meddle)).fold("acme", [post(3, 1)])
    [profile] = await store.features("acme", None, 10)
    assert profile.folded == combine_all([increment_of(post(2, 1)), increment_of(post(3, 1))])


async def test_a_remover_that_never_wins_gives_up(database: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """A remover that always finds the profile changed stops after a bounded number of attempts; later it succeeds."""
    store, others = MongoProfileStore(database), iter(range(100, 1000))
    await store.fold("acme", POSTS)
    monkeypatch.setattr(mongo_ledgers, "MAX_WAIT_SECONDS", 0.0)

    async def meddle(write: str, after: bool) -> None:  # noqa: FBT001 - as Meddle
        if write == "update_one" and not after:
            await store.fold("acme", [post(next(others), 0)])

    watched = Watched(database, meddle)
    with pytest.raises(OverloadedError, match="send this removal again"):
        await MongoRemoving(watched, MongoFolding(watched)).remove("acme", [key(4)], {}, early=True)
    assert await store.remove("acme", [key(4)], {}) == RemovalCount(1, 0)


async def test_many_posts_of_an_author_go_in_batches(database: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """An author of more posts than a batch holds is taken out whole, and so is the next author's nothing."""
    monkeypatch.setattr(mongo_removing, "BATCH", 7)
    store = MongoProfileStore(database)
    await store.fold("acme", [post(number, 1) for number in range(30)])
    assert await store.remove("acme", [], {key(1): THROUGH, key(2): THROUGH}) == RemovalCount(30, 1)
    assert not await store.has_brand("acme")
    assert await store.kept_buckets("acme") == []
