"""What rules want written, written to MongoDB inside a transaction.

Every transaction that changes a brand writes the totals of its shard. One that says it must be `alone` writes those
of all shards: so it and any other that changes the brand meet, and the later one is made again on what the first left.
Without that an erasure, whose tombstone a fold has not seen, would not see what the fold adds either.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import DeleteOne, InsertOne, ReplaceOne, ReturnDocument, UpdateOne

from services.profiles.stores.mongo_assignments import remove_authors, restore_clusters
from services.profiles.stores.mongo_documents import (
    CONTENT,
    bucket_id,
    latest_change,
    to_post,
    to_profile,
    to_rollup,
    totals_change,
)
from services.profiles.stores.state import TOMBSTONE, Changes
from shared.mongo import MongoDatabase, MongoSession

Write = InsertOne[Any] | ReplaceOne[Any] | DeleteOne | UpdateOne


class MongoWrites:
    """Writes of one transaction."""

    def __init__(self, database: MongoDatabase, session: MongoSession, brand: str, shard: int) -> None:
        """Write to a brand in the session's transaction, to one shard of its totals."""
        self._database = database
        self._session = session
        self._brand = brand
        self._shard = shard

    async def save(self, changes: Changes) -> None:
        """Write what a rule returned."""
        await self._insert_posts(changes)
        await self._bury(changes)
        changed = await self._touch_totals(changes) if self._brand else 0
        await self._write("profiles", await asyncio.to_thread(self._profiles, changes, changed))
        await self._write("rollups", await asyncio.to_thread(self._rollups, changes))
        lengths = [{"_id": version, "dimensions": number} for version, number in changes.lengths.items()]
        await self._put("embedding_versions", lengths)
        await self._put("restorations", [{"_id": f"{self._brand}|{part}"} for part in changes.parts])
        await self._put("erased", [{"_id": author_key} for author_key in changes.erased])
        if changes.clusters:
            await restore_clusters(self._database, self._session, self._brand, changes.clusters)
        gone = [key for key, (one, left) in changes.authors.items() if one.folded.posts and not left.folded.posts]
        if authors := {*changes.forgotten, *gone}:
            await remove_authors(self._database, self._session, self._brand, sorted(authors))

    async def _write(self, collection: str, writes: Sequence[Write]) -> None:
        if writes:
            await self._database[collection].bulk_write(writes, ordered=False, session=self._session)

    async def _put(self, collection: str, documents: Sequence[dict[str, Any]]) -> None:
        """Write documents that may be there already, as they are."""
        await self._write(collection, [ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in documents])

    async def _insert_posts(self, changes: Changes) -> None:
        def documents() -> list[dict[str, Any]]:
            keys = [*((key, TOMBSTONE, version) for key, version in changes.tombstones), *changes.keys]
            bare = [
                {"_id": f"{self._brand}|{post_key}", "key_version": version}
                | ({"profile": f"{self._brand}|{author_key}"} if author_key else {})
                for post_key, author_key, version in keys
            ]
            return [*bare, *(to_post(self._brand, one, changes.posts_shard) for one in changes.posts)]

        if new := await asyncio.to_thread(documents):
            await self._database["posts"].insert_many(new, ordered=False, session=self._session)

    async def _bury(self, changes: Changes) -> None:
        for ids, lost in ((self._ids(changes.buried), (*CONTENT, "profile")), (self._ids(changes.expired), CONTENT)):
            if ids:
                change = {"$unset": dict.fromkeys(lost, "")}
                await self._database["posts"].update_many({"_id": {"$in": ids}}, change, session=self._session)

    def _ids(self, post_keys: Mapping[str, Sequence[str]]) -> list[str]:
        return [f"{self._brand}|{post_key}" for keys in post_keys.values() for post_key in keys]

    def _profiles(self, changes: Changes, changed: int) -> list[Write]:
        writes: list[Write] = []
        for author_key, (_, after) in changes.authors.items():
            document = to_profile(self._brand, author_key, after, changed)
            one = {"_id": f"{self._brand}|{author_key}"}
            writes.append(ReplaceOne(one, document, upsert=True) if document else DeleteOne(one))
        return writes

    def _rollups(self, changes: Changes) -> list[Write]:
        return [
            ReplaceOne({"_id": bucket_id(self._brand, place)}, to_rollup(self._brand, place, rollup), upsert=True)
            if rollup.posts
            else DeleteOne({"_id": bucket_id(self._brand, place)})
            for place, rollup in changes.buckets.items()
        ]

    async def _touch_totals(self, changes: Changes) -> int:
        """Write the totals and return the number of this change."""
        totals, embedded = self._database["totals"], changes.embedded()
        added = totals_change(changes.profiles, changes.more, changes.less, embedded)
        change: dict[str, Any] = {"$inc": {"writes": 1, "sequence": int(bool(changes.authors)), **added}}
        if latest := latest_change(embedded):
            change["$max"] = latest
        one, told = {"_id": f"{self._brand}|{self._shard}"}, {"sequence": 1}
        after = await totals.find_one_and_update(
            one, change, told, return_document=ReturnDocument.AFTER, session=self._session
        )
        if changes.alone:
            await totals.update_many({"brand": self._brand}, {"$inc": {"writes": 1}}, session=self._session)
        return int(after["sequence"])
