"""How the MongoDB store takes out once without transactions: crashes at every step, repairs, meddling others."""

from contextlib import suppress
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from services.profiles.folding import combine_all, increment_of
from services.profiles.stores import mongo_removing
from services.profiles.stores.base import RemovalCount
from services.profiles.stores.mongo import MongoProfileStore
from services.profiles.stores.mongo_folding import MongoFolding
from services.profiles.stores.mongo_removing import MongoRemoving
from shared.errors import OverloadedError
from shared.mongo import MongoDatabase
from tests.contract import test_profile_store_mongo as contract
from tests.contract.profile_crashes import Crash, Meddle, Watched, forget_contributions
from tests.contract.test_profile_store_removals import POSTS, remaining, through
from tests.unit.profiles.posts import key, post

pytestmark = pytest.mark.mongo
database = contract.database

GONE = [key(0), key(4), key(99)]
AUTHORS = {key(1): through(3)}
LEFT = remaining(POSTS, set(GONE), AUTHORS)
UNFINISHED: list[dict[str, Any]] = [{"withdrawn": {"$gt": ""}}, {"closing": True}, {"uncommitted": {"$gt": ""}}]


def removing(database: MongoDatabase, meddle: Meddle | None = None) -> MongoRemoving:
    """Return a remover whose writes are told to `meddle`."""
    watched = Watched(database, meddle) if meddle else database
    return MongoRemoving(watched, MongoFolding(watched))


async def assert_consistent(database: MongoDatabase, brand: str) -> list[str]:
    """Assert that profiles hold just the posts that are marked counted, and return the keys of these."""
    counted = await database["posts"].find({"_id": {"$regex": f"^{brand}[|]"}, "state": "counted"}).to_list(None)
    keys = [found["_id"].removeprefix(f"{brand}|") for found in counted]
    profiles = await MongoProfileStore(database).features(brand, None, 100)
    posts = [item for item in POSTS if item.post_key in keys]
    assert {profile.author_key: profile.folded for profile in profiles} == {
        author: combine_all(increment_of(item) for item in posts if item.author_key == author)
        for author in {item.author_key for item in posts}
    }
    return sorted(keys)


async def assert_finished(database: MongoDatabase, brand: str) -> None:
    """Assert that what was removed is out, and that after a start tombstones hold a key alone and nothing waits."""
    await MongoProfileStore(database).prepare()
    assert await assert_consistent(database, brand) == sorted(item.post_key for item in LEFT)
    for unfinished in UNFINISHED:
        assert await database["profiles"].count_documents({"_id": {"$regex": f"^{brand}[|]"}, **unfinished}) == 0
    async for tomb in database["posts"].find({"_id": {"$regex": f"^{brand}[|]"}, "state": {"$ne": "counted"}}):
        assert tomb["state"] == "removed"
        assert tomb.keys() <= {"_id", "state", "key_version"}


@pytest.mark.parametrize("finisher", ["again", "repair"])
async def test_a_crash_at_any_step_is_finished(database: MongoDatabase, finisher: str) -> None:
    """Wherever a removal stops, the same removal or the next start leaves every post wholly in or wholly out."""
    step, happened = 0, True
    while happened:
        brand, crash = f"acme-{step}", Crash(step)
        store = MongoProfileStore(database)
        await store.fold(brand, POSTS)
        try:
            await removing(database, crash).remove(brand, GONE, AUTHORS, early=True)
        except AutoReconnect:
            if finisher == "repair":
                await store.prepare()
                await assert_consistent(database, brand)
                for unfinished in UNFINISHED:
                    assert await database["profiles"].count_documents(unfinished) == 0
                assert await database["posts"].count_documents({"state": {"$in": ["pending", "removing"]}}) == 0
        await store.remove(brand, GONE, AUTHORS)
        await assert_finished(database, brand)
        step, happened = step + 1, crash.happened
    assert step > 20


async def test_a_start_finishes_an_author(database: MongoDatabase) -> None:
    """Where a removal stopped after the author was closed, the next start takes out all of the author's posts."""
    await MongoProfileStore(database).fold("acme", POSTS)
    with pytest.raises(AutoReconnect):
        await removing(database, Crash(2)).remove("acme", [], {key(1): through(100)}, early=True)
    assert await database["profiles"].count_documents({"closing": True}) == 1
    await MongoProfileStore(database).prepare()
    assert await MongoProfileStore(database).profile("acme", key(1)) is None
    assert await database["profiles"].count_documents({"closing": True}) == 0


@pytest.mark.parametrize("other", ["remove", "repair", "fold"])
@pytest.mark.parametrize("step", range(0, 26, 2))
async def test_another_may_finish_a_removal_at_any_step(database: MongoDatabase, other: str, step: int) -> None:
    """Where another remover, a repair or a folder comes in between, a slow remover takes nothing out twice."""
    store, steps = MongoProfileStore(database), iter(range(1000))
    await store.fold("acme", POSTS)
    others: list[RemovalCount] = []

    async def meddle(_write: str, _after: bool) -> None:  # noqa: FBT001 - as Meddle
        if next(steps) != step:
            return
        if other == "remove":
            others.append(await store.remove("acme", GONE, AUTHORS))
        elif other == "repair":
            await store.prepare()
        else:
            await store.fold("acme", [*POSTS, post(99, 2), post(50, 1, hours=3)])

    count = await removing(database, meddle).remove("acme", GONE, AUTHORS, early=True)
    assert next(steps) > step
    if other == "remove":
        assert count.removed + others[0].removed == len(POSTS) - len(LEFT)
    await store.fold("acme", [*POSTS, post(50, 1, hours=3)])
    await store.remove("acme", GONE, AUTHORS)
    await assert_finished(database, "acme")


@pytest.mark.parametrize("step", range(12))
async def test_an_author_may_be_removed_at_any_step_of_a_fold(database: MongoDatabase, step: int) -> None:
    """Where posts and authors are removed while a folder is under way, it brings none of them back."""
    store, steps = MongoProfileStore(database), iter(range(1000))
    await store.fold("acme", POSTS[:2])

    async def meddle(_write: str, _after: bool) -> None:  # noqa: FBT001 - as Meddle
        if next(steps) == step:
            await store.remove("acme", GONE, AUTHORS)

    await MongoFolding(Watched(database, meddle)).fold("acme", POSTS)
    if next(steps) <= step:
        await store.remove("acme", GONE, AUTHORS)
    await assert_finished(database, "acme")


async def test_a_post_without_a_contribution_is_one_remnant(database: MongoDatabase) -> None:
    """Wherever the removal of a post without a contribution stops, made again it counts as one remnant, not two."""
    step, happened = 0, True
    while happened:
        brand, crash, store = f"acme-{step}", Crash(step), MongoProfileStore(database)
        await store.fold(brand, [post(number, 1) for number in range(3)])
        await forget_contributions(store)
        with suppress(AutoReconnect):
            await removing(database, crash).remove(brand, [key(0)], {}, early=True)
        await store.remove(brand, [key(0)], {})
        profile = await database["profiles"].find_one({"brand": brand})
        assert (profile["posts"], profile["remnants"]) == (3, 1)
        step, happened = step + 1, crash.happened


async def test_an_old_version_is_never_taken_for_a_new_one(database: MongoDatabase) -> None:
    """A profile that was emptied and filled again has moved on: a folder that read it before starts over."""
    store, steps = MongoProfileStore(database), iter(range(1000))
    await store.fold("acme", [post(1, 1)])

    async def meddle(write: str, after: bool) -> None:  # noqa: FBT001 - as Meddle
        if (write, after) == ("update_one", False) and next(steps) == 0:
            await store.remove("acme", [key(1)], {})
            await store.fold("acme", [post(2, 1)])

    await MongoFolding(Watched(database, meddle)).fold("acme", [post(3, 1)])
    [profile] = await store.features("acme", None, 10)
    assert profile.folded == combine_all([increment_of(post(2, 1)), increment_of(post(3, 1))])


async def test_a_remover_that_never_wins_gives_up(database: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """A remover that always finds the profile changed stops after a bounded number of attempts; later it succeeds."""
    store, others = MongoProfileStore(database), iter(range(100, 1000))
    await store.fold("acme", POSTS)
    monkeypatch.setattr(mongo_removing, "MAX_WAIT_SECONDS", 0.0)

    async def meddle(write: str, after: bool) -> None:  # noqa: FBT001 - as Meddle
        if write == "update_one" and not after:
            await store.fold("acme", [post(next(others), 1)])

    with pytest.raises(OverloadedError, match="send this removal again"):
        await removing(database, meddle).remove("acme", [key(4)], {}, early=True)
    assert await store.remove("acme", [key(4)], {}) == RemovalCount(1, 0)


async def test_many_posts_of_an_author_go_in_batches(database: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """An author of more posts than a batch holds is taken out whole, and so is the next author's nothing."""
    monkeypatch.setattr(mongo_removing, "BATCH", 7)
    store = MongoProfileStore(database)
    await store.fold("acme", [post(number, 1) for number in range(30)])
    assert await store.remove("acme", [], {key(1): through(5), key(2): through(5)}) == RemovalCount(30, 1)
    assert not await store.has_brand("acme")
