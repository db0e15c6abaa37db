"""What the MongoDB store promises of changes beside the contract: shards that give numbers side by side."""

import asyncio
from typing import Any

import pytest

from services.profiles.embedding import EmbeddingSpace
from services.profiles.stores import mongo_changes
from services.profiles.stores.mongo import MongoProfileStore
from shared.mongo import MongoDatabase
from tests.contract import test_profile_store_mongo as contract
from tests.contract.profile_crashes import Watched
from tests.contract.test_profile_store_changes import Follower, assert_knows
from tests.contract.told_features import told
from tests.unit.profiles.posts import analysis, key, post

pytestmark = pytest.mark.mongo
database = contract.database


@pytest.mark.parametrize("at", ["insert_many", "find_one_and_update", "bulk_write"])
async def test_a_fold_that_commits_late_is_told_under_a_number_that_comes_after(
    database: MongoDatabase, at: str
) -> None:
    """While it is at work another shard's changes are told; its own, begun before, are not lost to who asks then."""
    follower, asked = Follower(), list[asyncio.Task[set[str]]]()
    other = MongoProfileStore(database)

    async def meddle(write: str, after: bool) -> None:  # noqa: FBT001 - as Meddle
        if write == at and not after and not asked:
            for number in range(3):
                await other.fold("acme", [post(number, number)])
            asked.append(asyncio.create_task(follower.poll(other)))
            if at == "insert_many":
                # From the totals on the fold holds its shard, and the reader waits for it.
                await asked[0]

    late = MongoProfileStore(Watched(database, meddle))
    await late.fold("acme", [post(9, 9)])
    await asked[0]
    assert follower.records["acme"].keys() >= {key(0), key(1), key(2)}
    await follower.poll(other)
    await assert_knows(follower, other, "acme")
    assert key(9) in follower.records["acme"]


async def test_a_store_without_records_is_brought_up(database: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of schema 3: every profile gets its record and a number, and the versions of embeddings are known."""
    monkeypatch.setattr(mongo_changes, "PIECE", 2)
    store = MongoProfileStore(database)
    embedded: dict[str, Any] = {"analyzed": analysis(embedding=[1.0, 2.0]), "embedding_version": "v1"}
    await store.fold("acme", [post(number, number, **embedded) for number in range(5)])
    rows = await store.features("acme", "", 9)
    await database["profiles"].update_many({}, {"$unset": {"record": "", "changed": ""}})
    await database["totals"].update_many({}, {"$unset": {"sequence": "", "embeddings": ""}})
    await database["meta"].update_one({"_id": "schema"}, {"$set": {"version": 3}})
    opened = [MongoProfileStore(database) for _ in range(2)]
    await asyncio.gather(*(one.prepare() for one in opened))
    found = await opened[0].features("acme", "", 9)
    assert told(found) == told(rows)
    assert await opened[1].embedding_space("acme") == EmbeddingSpace("v1", 2)
    await store.remove("acme", [key(number) for number in range(5)], {})
    assert await store.embedding_space("acme") is None
    follower = Follower()
    assert await follower.poll(opened[0]) == {"acme"}
