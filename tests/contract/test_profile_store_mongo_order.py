"""What the argument of the MongoDB store rests on: a ledger is read first, the states after, and versions guard."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from services.profiles.stores.mongo import MongoProfileStore
from services.profiles.stores.mongo_buckets import MongoBuckets
from services.profiles.stores.mongo_folding import MongoFolding
from services.profiles.stores.mongo_posts import entry_of
from services.profiles.stores.mongo_removing import MongoRemoving
from services.profiles.stores.mongo_totals import MongoTotals
from shared.errors import PeerUnavailableError
from shared.mongo import MongoDatabase
from tests.contract import test_profile_store_mongo as contract
from tests.contract.profile_crashes import Crash, Watched
from tests.contract.test_profile_store_mongo import POSTS, assert_holds, assert_tidy
from tests.contract.test_profile_store_removals import remaining
from tests.unit.profiles.posts import key

pytestmark = pytest.mark.mongo
database = contract.database

AFTER_INSERTION, AFTER_PROFILES = 6, 8
"""Steps of a first fold: a length is noted, the brand registered, then the posts are inserted, then their profiles."""


async def crash(database: MongoDatabase, step: int) -> None:
    """Leave a fold of POSTS that stopped at a step."""
    with suppress(PeerUnavailableError):
        await MongoProfileStore(Watched(database, Crash(step))).fold("acme", POSTS)


def once_after(read: Callable[..., Awaitable[Any]], happen: Callable[[], Awaitable[Any]]) -> Callable[..., Any]:
    """Return the read, after whose first time something happens before the reader goes on."""
    done: list[bool] = []

    async def reading(*args: Any) -> Any:
        found = await read(*args)
        if not done:
            done.append(True)
            await happen()
        return found

    return reading


async def test_profiles_are_read_before_states(database: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another finishes the fold after a folder has read the states, the folder adds nothing to profiles."""
    await crash(database, AFTER_INSERTION)
    assert await database["posts"].count_documents({"state": "pending"}) == len(POSTS)
    assert await database["profiles"].count_documents({}) == 0
    folding = MongoFolding(database)
    finish = MongoProfileStore(database).prepare
    monkeypatch.setattr(folding, "_still_pending", once_after(folding._still_pending, finish))
    await folding.fold("acme", [(item, 0) for item in POSTS])
    await assert_holds(database, "acme", POSTS)


async def test_hours_are_read_before_states(database: MongoDatabase) -> None:
    """Where another finishes the fold after a folder has read the states, the folder adds nothing to hours."""
    await crash(database, AFTER_PROFILES)
    assert await database["profiles"].count_documents({}) == 4
    assert await database["rollups"].count_documents({}) == 0
    entries = [entry_of(document) async for document in database["posts"].find()]
    still = once_after(MongoFolding(database)._still_pending, MongoProfileStore(database).prepare)
    await MongoBuckets(database).add("acme", entries, still)
    await assert_holds(database, "acme", POSTS)
    await assert_tidy(database)


async def test_totals_are_read_before_what_is_owed(database: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another settles what profiles owe after somebody has read it, it is not added to the totals again."""
    await crash(database, AFTER_PROFILES)
    assert await database["profiles"].count_documents({}) == 4
    totals, ids = MongoTotals(database), [f"acme|{key(author)}" for author in range(4)]
    monkeypatch.setattr(totals, "_owed", once_after(totals._owed, MongoProfileStore(database).prepare))
    await totals.settle("acme", ids, 0)
    await assert_holds(database, "acme", POSTS)


async def test_ledgers_are_read_before_the_posts_that_leave_them(
    database: MongoDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another removes the posts after a remover has read them, the remover takes nothing out of any ledger."""
    await MongoProfileStore(database).fold("acme", POSTS)
    gone = [key(4), key(8), key(3)]
    removing = MongoRemoving(database, MongoFolding(database))

    async def remove() -> None:
        await MongoProfileStore(database).remove("acme", gone, {})

    monkeypatch.setattr(removing._withdrawing, "_read", once_after(removing._withdrawing._read, remove))
    assert (await removing.remove("acme", gone, {}, early=True)).removed == 0
    await assert_holds(database, "acme", remaining(POSTS, set(gone), {}))
