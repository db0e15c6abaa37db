"""How a database of the version before, which kept what each post added and no hours, becomes one of this version."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.profiles.encoding import to_document
from services.profiles.folding import LATEST, Increment, combine_all, increment_of
from services.profiles.listing import sort_fields
from services.profiles.profile import Profile
from services.profiles.rollup import rolled_up
from services.profiles.stores import mongo_migrating
from services.profiles.stores.base import FoldCount, RemovalCount
from services.profiles.stores.mongo import MongoProfileStore
from services.profiles.stores.mongo_migrating import LEASE_SECONDS, VERSION
from shared.errors import PeerUnavailableError
from shared.mongo import MongoDatabase
from tests.contract import test_profile_store_mongo as contract
from tests.contract.profile_crashes import Crash, Watched
from tests.contract.test_profile_store_mongo import assert_tidy, summed
from tests.unit.profiles.clock import SetClock
from tests.unit.profiles.posts import analysis, key, post

pytestmark = pytest.mark.mongo
database = contract.database

OLD = [
    post(
        number,
        number % 3,
        hours=number * 7,
        analyzed=analysis(None if number == 2 else number / 9, ("en", "de")[number % 2], ("crew", None)[number % 2]),
        likes=number,
        account={"followers": 10 * number},
    )
    for number in range(8)
]
TRACELESS, PENDING, REMOVING = key(0), key(6), key(7)


def short(added: Increment) -> dict[str, Any]:
    """Return what a post added in the form of the version before."""
    found: dict[str, Any] = {"hour": added.first_seen, "platform": added.platform, "key_version": added.key_version}
    if added.scored_posts:
        found["score"] = added.score_sum
    for name, counts in (("label", "labels"), ("language", "languages"), ("category", "categories")):
        found.update((name, value) for value in getattr(added, counts))
    if added.likes:
        found["likes"] = added.likes
    return {**found, "figures": {name: value for name, (_, value) in added.figures.items()}}


class Patient(SetClock):
    """A clock by which nobody waits, and anybody may."""

    async def sleep(self, seconds: float) -> None:
        """Return at once."""


async def make_old(database: MongoDatabase) -> None:
    """Leave the database as the version before did, with a fold and a removal that crashed in it."""
    await database["meta"].delete_many({})
    await database["profiles"].create_index("uncommitted")
    for author in range(3):
        own = [item for item in OLD if item.author_key == key(author) and item.post_key != PENDING]
        folded = combine_all(increment_of(item) for item in own)
        order = sort_fields(Profile("acme", key(author), folded))
        names = {"_id": f"acme|{key(author)}", "brand": "acme", "author_key": key(author)}
        books = {"version": 3, "uncommitted": []}
        await database["profiles"].insert_one({**names, **books, **to_document(folded), **order})
    removed = {"_id": f"acme|{key(9)}", "version": 1, "uncommitted": [], "through": LATEST}
    await database["profiles"].insert_one(removed)
    for item in OLD:
        state = {PENDING: "pending", REMOVING: "removing"}.get(item.post_key, "counted")
        names = {"_id": f"acme|{item.post_key}", "profile": f"acme|{item.author_key}", "state": state}
        adds = {} if item.post_key == TRACELESS else {"adds": short(increment_of(item))}
        await database["posts"].insert_one({**names, "key_version": 1, **adds})


async def assert_migrated(database: MongoDatabase) -> None:
    """Assert that the database holds what the old one held, with hours, days and totals, and nothing unfinished."""
    store = MongoProfileStore(database)
    posts = [item for item in OLD if item.post_key != REMOVING]
    summary = await store.summary("acme")
    assert summary is not None
    assert replace(summary, first_seen=0, last_seen=0) == replace(summed("acme", posts), first_seen=0, last_seen=0)  # type: ignore[type-var]
    in_hours = [item for item in posts if item.post_key != TRACELESS]
    buckets = {found.key: found.rollup for found in await store.kept_buckets("acme")}
    assert buckets == rolled_up((item.voice, item.author_key, increment_of(item)) for item in in_hours)
    assert await database["posts"].count_documents({"adds": {"$exists": True}}) == 0
    assert (await database["meta"].find_one({"_id": "schema"}))["version"] == VERSION
    assert [author.author_key for author in await store.removed_authors("acme", None, 9)] == [key(9)]
    assert "uncommitted_1" not in await database["profiles"].index_information()
    await assert_tidy(database)


async def test_an_old_database_is_brought_to_this_version(database: MongoDatabase) -> None:
    """Hours, days and totals are made of what posts added; a second start changes nothing; old posts stay known."""
    await make_old(database)
    store = MongoProfileStore(database)
    await store.prepare()
    await assert_migrated(database)
    await store.prepare()
    await assert_migrated(database)
    assert await store.fold("acme", [*OLD, post(50, 1)]) == FoldCount(1, len(OLD))
    assert (await store.erase(key(1)))[0].posts == 1 + sum(item.author_key == key(1) for item in OLD) - 1
    assert await store.profile("acme", key(1)) is None


async def test_a_crash_at_any_step_of_a_migration_is_finished(database: MongoDatabase) -> None:
    """Wherever a migration stops, the next start goes on with it and adds nothing twice."""
    step, happened = 0, True
    while happened:
        for collection in await database.list_collection_names():
            await database[collection].delete_many({})
        await make_old(database)
        crash, clock = Crash(step), SetClock()
        with suppress(PeerUnavailableError):
            await MongoProfileStore(Watched(database, crash), clock).prepare()
        clock.advance(timedelta(seconds=LEASE_SECONDS + 1))
        await MongoProfileStore(database, clock).prepare()
        await assert_migrated(database)
        step, happened = step + 1, crash.happened
    assert step > 30


async def test_two_migrations_at_once_do_no_harm(database: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where a lease has run out under a slow process, two that migrate add each post once."""
    await make_old(database)
    monkeypatch.setattr(mongo_migrating, "LEASE_SECONDS", -10)
    stores = [MongoProfileStore(database, SetClock()) for _ in range(3)]
    await asyncio.gather(*(store.prepare() for store in stores))
    await MongoProfileStore(database).prepare()
    await assert_migrated(database)


async def test_another_may_finish_a_migration_at_any_step(
    database: MongoDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow process whose lease has run out adds nothing again that another has added meanwhile."""
    monkeypatch.setattr(mongo_migrating, "LEASE_SECONDS", -10)
    step, reached = 0, True
    while reached:
        for collection in await database.list_collection_names():
            await database[collection].delete_many({})
        await make_old(database)
        steps = iter(range(1000))

        async def meddle(_write: str, _after: bool) -> None:  # noqa: FBT001 - as Meddle
            if next(steps) == step:  # noqa: B023 - used within its round
                await MongoProfileStore(database, SetClock()).prepare()

        await MongoProfileStore(Watched(database, meddle), Patient()).prepare()
        reached, step = next(steps) > step, step + 2
        await assert_migrated(database)
    assert step > 30


async def test_one_process_waits_while_another_migrates(database: MongoDatabase) -> None:
    """A store that finds a lease waits; it goes on once the other process has done the work."""
    await make_old(database)
    await MongoProfileStore(database).prepare()
    await database["meta"].update_one({"_id": "schema"}, {"$set": {"version": 1, "until": LATEST}})
    waits: list[float] = []

    class Waiting(SetClock):
        async def sleep(self, seconds: float) -> None:
            waits.append(seconds)
            await database["meta"].update_one({"_id": "schema"}, {"$set": {"version": VERSION}})

    await MongoProfileStore(database, Waiting()).prepare()
    assert waits == [mongo_migrating.WAIT_SECONDS]
    await assert_migrated(database)


async def test_an_empty_database_has_this_version(database: MongoDatabase) -> None:
    """A new store has nothing to migrate, and a version all the same."""
    assert (await database["meta"].find_one({"_id": "schema"}))["version"] == VERSION


async def test_old_posts_are_taken_out_as_remnants(database: MongoDatabase) -> None:
    """What an old post added is no longer told from the others: its figures stay until the last of its author goes."""
    await make_old(database)
    store = MongoProfileStore(database)
    await store.prepare()
    assert await store.remove("acme", [key(2)], {}) == RemovalCount(1, 0)
    profile = await store.profile("acme", key(2))
    assert profile is not None
    assert profile.folded.posts == 2
    assert await store.remove("acme", [key(5)], {}) == RemovalCount(1, 0)
    assert await store.profile("acme", key(2)) is None
