"""How the MongoDB store erases and restores without transactions: crashes at every step, folds that are under way."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from services.profiles.folding import LATEST, increment_of
from services.profiles.kept import Erased, RemovedAuthor
from services.profiles.rollup import rolled_up
from services.profiles.stores.mongo import MongoProfileStore
from services.profiles.stores.mongo_authors import MongoAuthors
from services.profiles.stores.mongo_posts import pending_document
from shared.errors import PeerUnavailableError
from shared.mongo import MongoDatabase
from tests.contract import test_profile_store_mongo as contract
from tests.contract.profile_crashes import Crash, Watched
from tests.contract.test_profile_store_mongo import POSTS, assert_holds, assert_tidy
from tests.contract.test_profile_store_removals import remaining
from tests.unit.profiles.posts import key, post

pytestmark = pytest.mark.mongo
database = contract.database

LEFT = remaining(POSTS, set(), {key(1): LATEST})
PARTS = ("removals", "profiles", "buckets", "posts")


async def assert_forgotten(database: MongoDatabase, brand: str) -> None:
    """Assert that of the author nothing is left in the brand but the profile's key, its version and `through`."""
    profile_id = f"{brand}|{key(1)}"
    assert await database["posts"].count_documents({"profile": profile_id}) == 0
    ids = [f"{brand}|{item.post_key}" for item in POSTS if item.author_key == key(1)]
    assert await database["posts"].count_documents({"_id": {"$in": ids}}) == 0
    assert await database["assignments"].count_documents({"profile": profile_id}) == 0
    profile = await database["profiles"].find_one({"_id": profile_id})
    if profile is not None:
        assert profile.keys() <= {"_id", "version", "through", "erased", "uncommitted", "owed", "withdrawn", "closing"}
        assert not any(profile.get(book) for book in ("uncommitted", "owed", "withdrawn"))


@pytest.mark.parametrize("finisher", ["again", "start"])
async def test_a_crash_at_any_step_of_an_erasure_is_finished(database: MongoDatabase, finisher: str) -> None:
    """Wherever an erasure stops, made again (after a start or without one) it leaves nothing, and all the others."""
    step, happened = 0, True
    while happened:
        brand, crash, store = f"acme-{step}", Crash(step), MongoProfileStore(database)
        await database["erased"].delete_many({})
        await store.fold(brand, POSTS)
        await store.stage(brand, "behaviour", "run-1", {key(1): 0, key(2): 1})
        with suppress(PeerUnavailableError):
            await MongoProfileStore(Watched(database, crash)).erase(key(1))
        if finisher == "start":
            await store.prepare()
        await store.erase(key(1))
        await assert_forgotten(database, brand)
        await assert_holds(database, brand, LEFT)
        assert await store.removed_authors(brand, None, 10) == []
        assert await store.erase(key(1)) == []
        step, happened = step + 1, crash.happened
        await database["brands"].delete_many({})
    assert step >= 20
    await MongoProfileStore(database).prepare()
    await assert_tidy(database)
    assert await database["profiles"].count_documents({"closing": True}) == 0


@pytest.mark.parametrize("known", [0, 2])
async def test_an_author_may_be_erased_at_any_step_of_a_fold(database: MongoDatabase, known: int) -> None:
    """A folder that did not see the erasure coming leaves nothing of the author, in a new brand or a known one."""
    step, reached = 0, True
    while reached:
        brand, store, steps = f"acme-{step}", MongoProfileStore(database), iter(range(1000))
        await database["erased"].delete_many({})
        if known:
            await store.fold(brand, POSTS[:known])

        async def meddle(_write: str, _after: bool) -> None:  # noqa: FBT001 - as Meddle
            if next(steps) == step:  # noqa: B023 - used within its round
                await store.erase(key(1))  # noqa: B023

        await MongoProfileStore(Watched(database, meddle)).fold(brand, POSTS)
        if not (reached := next(steps) > step):
            await store.erase(key(1))
        await assert_forgotten(database, brand)
        await assert_holds(database, brand, LEFT)
        assert (await store.fold(brand, POSTS)).folded == 0
        await assert_forgotten(database, brand)
        step += 1
    assert step >= 12
    await MongoProfileStore(database).prepare()
    await assert_tidy(database)


async def test_a_post_that_a_crash_left_of_an_erased_author_goes_at_the_start(database: MongoDatabase) -> None:
    """The post of a folder that looked before the erasure, inserted after it and died is deleted by the next start."""
    store = MongoProfileStore(database)
    await store.erase(key(1))
    document, _ = pending_document("acme", POSTS[0], 0, 0)
    await database["posts"].insert_one(document)
    await store.prepare()
    await assert_forgotten(database, "acme")
    assert await store.kept_profiles("acme", None, 10) == []


async def test_a_start_lets_no_folder_add_what_it_deleted(database: MongoDatabase) -> None:
    """A start that deletes a pending post of an erased author keeps its folder, who looked before, from adding it."""
    steps = iter(range(1000))

    async def meddle(write: str, after: bool) -> None:  # noqa: FBT001 - as Meddle
        # Bulks note a length, register the brand, insert the posts; the fourth inserts their profiles.
        if (write, after) == ("bulk_write", False) and next(steps) == 3:
            assert await database["posts"].count_documents({"state": "pending"}) == len(POSTS)
            await MongoAuthors(database).bury([key(1)])
            await MongoProfileStore(database).prepare()

    await MongoProfileStore(Watched(database, meddle)).fold("acme", POSTS)
    await assert_forgotten(database, "acme")
    await assert_holds(database, "acme", LEFT)


async def test_an_erasure_tells_what_it_removed(database: MongoDatabase) -> None:
    """Posts, texts and assignments are told by brand; the second erasure has nothing to tell."""
    store = MongoProfileStore(database)
    await store.fold("acme", POSTS)
    await store.sweep(LATEST, 1000)
    await store.fold("acme", [post(50, 1)])
    await store.fold("bolt", POSTS[:1])
    await store.stage("bolt", "interests", "run-1", {key(1): 0})
    of_acme = 1 + sum(item.author_key == key(1) for item in POSTS)
    assert await store.erase(key(1)) == [Erased("acme", of_acme, 1, 0), Erased("bolt", 1, 1, 1)]
    assert await store.erase(key(1)) == []


async def carry(source: Any, target: Any, brand: str) -> None:
    """Carry all that is kept of `acme` over to a brand."""
    await target.restore_removals(brand, await source.removed_authors("acme", None, 99), [])
    await target.restore_profiles(brand, await source.kept_profiles("acme", None, 99))
    await target.restore_buckets(brand, await source.kept_buckets("acme"))
    await target.restore_posts(brand, await source.kept_posts("acme", None, 99))


async def test_a_crash_at_any_step_of_a_restore_is_finished(database: MongoDatabase) -> None:
    """Wherever a restore stops, made again it ends with each post in its ledgers once, to be taken out of all."""
    source, step, happened = MongoProfileStore(database), 0, True
    await source.fold("acme", POSTS[:6])
    await source.sweep(LATEST, 1000)
    await source.fold("acme", POSTS)
    await source.remove("acme", [key(7)], {})
    await source.stage("acme", "behaviour", "run-1", {key(1): 0, key(2): 1})
    await source.publish("acme", "behaviour", "run-1", 2)
    while happened:
        brand, crash = f"brand-{step}", Crash(step)
        with suppress(PeerUnavailableError):
            await carry(source, MongoProfileStore(Watched(database, crash)), brand)
        await carry(source, MongoProfileStore(database), brand)
        assert await source.kept_buckets(brand) == await source.kept_buckets("acme")
        ours, theirs = await source.summary(brand), await source.summary("acme")
        assert ours is not None
        assert replace(ours, brand="acme") == theirs
        profiles = [
            (kept.profile.folded, kept.profile.clusters) for kept in await source.kept_profiles(brand, None, 99)
        ]
        assert profiles == [
            (kept.profile.folded, kept.profile.clusters) for kept in await source.kept_profiles("acme", None, 99)
        ]
        assert await source.kept_posts(brand, None, 99) == await source.kept_posts("acme", None, 99)
        await source.remove(brand, [key(8)], {})
        left = remaining(POSTS, {key(7), key(8)}, {})
        buckets = {found.key: found.rollup.posts for found in await source.kept_buckets(brand)}
        rollups = rolled_up((item.voice, item.author_key, increment_of(item)) for item in left)
        assert buckets == {bucket: rollup.posts for bucket, rollup in rollups.items()}
        step, happened = step + 1, crash.happened
    assert step > 30
    await source.prepare()
    await assert_tidy(database)


async def test_an_author_may_be_removed_at_any_step_of_a_restore(database: MongoDatabase) -> None:
    """A removal that meets a restore of posts leaves none of the author counted, in a restored profile or not."""
    source, step, reached = MongoProfileStore(database), 0, True
    await source.fold("acme", POSTS)
    while reached:
        brand, steps = f"brand-{step}", iter(range(1000))
        await source.restore_profiles(brand, await source.kept_profiles("acme", None, 99))

        async def meddle(_write: str, _after: bool) -> None:  # noqa: FBT001 - as Meddle
            if next(steps) == step:  # noqa: B023 - used within its round
                await source.remove(brand, [], {key(1): LATEST})  # noqa: B023

        kept = await source.kept_posts("acme", None, 99)
        await MongoProfileStore(Watched(database, meddle)).restore_posts(brand, kept)
        if not (reached := next(steps) > step):
            await source.remove(brand, [], {key(1): LATEST})
        await assert_holds(database, brand, LEFT)
        step += 1
    assert step >= 12


async def test_a_backup_from_before_a_removal_brings_nothing_back(database: MongoDatabase) -> None:
    """Posts of an author who was removed since leave the hours that a backup brought, wherever its restore crashed."""
    source, step, happened = MongoProfileStore(database), 0, True
    await source.fold("acme", POSTS)
    while happened:
        brand, crash = f"brand-{step}", Crash(step)
        await source.restore_removals(brand, [RemovedAuthor(key(1), LATEST)], [])
        with suppress(PeerUnavailableError):
            await carry(source, MongoProfileStore(Watched(database, crash)), brand)
        await carry(source, source, brand)
        await source.prepare()
        await assert_holds(database, brand, LEFT)
        step, happened = step + 3, crash.happened
    assert step > 30
    await assert_tidy(database)
