"""Totals, hours and days of brands in MongoDB: what stands in shards, joined where it is read."""

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Any, get_args

from pymongo import ReplaceOne, UpdateOne
from pymongo.errors import PyMongoError

from services.profiles.folding import COUNTS
from services.profiles.kept import KeptBucket
from services.profiles.profile import BrandSize, BrandSummary
from services.profiles.rollup import Bucket, Span, join_all
from services.profiles.stores.mongo_documents import Document, from_rollup, sharded_key, totalled_counts
from services.profiles.stores.mongo_numbers import whole
from services.profiles.stores.mongo_reads import SHARDS
from shared.analyzed_post import Voice
from shared.mongo import MongoDatabase, MongoSession, met_another


class MongoTotals:
    """The collections `brands`, `totals` and `rollups`."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use the collections."""
        self._brands = database["brands"]
        self._totals = database["totals"]
        self._rollups = database["rollups"]
        self._profiles = database["profiles"]
        self._registered: set[str] = set()

    async def register(self, brand: str) -> None:
        """Make the brand one that erasures look into, with totals that every transaction finds.

        It comes before a transaction's snapshot: a brand that an erasure does not find yet is one whose transactions
        find the erasure's tombstone.
        """
        if brand not in self._registered:
            made = [
                UpdateOne({"_id": f"{brand}|{shard}"}, {"$setOnInsert": {"brand": brand, "shard": shard}}, upsert=True)
                for shard in range(SHARDS)
            ]
            await self._write(self._totals, made)
            await self._write(self._brands, [ReplaceOne({"_id": brand}, {"_id": brand}, upsert=True)])
            self._registered.add(brand)

    async def _write(self, collection: Any, writes: Sequence[UpdateOne | ReplaceOne[Any]]) -> None:
        """Write documents that another process may be making, too."""
        try:
            await collection.bulk_write(writes, ordered=False)
        except PyMongoError as error:
            if not met_another(error):
                raise

    async def registered(self) -> list[str]:
        """Return every brand that is registered."""
        return [found["_id"] async for found in self._brands.find().sort("_id", 1)]

    async def touch(self, session: MongoSession, brand: str, shard: int) -> None:
        """Write the totals of a shard without a change, so that the transaction meets one that must be alone."""
        await self._totals.update_one({"_id": f"{brand}|{shard}"}, {"$inc": {"writes": 1}}, session=session)

    async def brands(self, after: str | None, limit: int) -> list[BrandSize]:
        """Return a page of brands that have posts, by name."""
        stages: list[Document] = [
            {"$match": {"brand": {"$gt": after or ""}}},
            {"$group": {"_id": "$brand", "profiles": {"$sum": "$profiles"}, "posts": {"$sum": "$posts"}}},
            {"$match": {"profiles": {"$gt": 0}}},
            {"$sort": {"_id": 1}},
            {"$limit": limit},
        ]
        rows = self._totals.aggregate(stages)
        return [BrandSize(row["_id"], whole(row["profiles"]), whole(row["posts"])) async for row in rows]

    async def summary(self, session: MongoSession, brand: str) -> BrandSummary | None:
        """Return the totals of a brand, None where it has no post; its ends are found by indexes of profiles."""
        documents: list[Document] = await self._totals.find({"brand": brand}, session=session).to_list(None)

        def total(name: str) -> int:
            return sum(whole(one.get(name, 0)) for one in documents)

        def counts(name: str) -> dict[str, int]:
            found = COUNTS.many([totalled_counts(one.get(name, {})) for one in documents])
            return {key: number for key, number in found.items() if number}

        first, last = await self._end(session, brand, "first_seen", 1), await self._end(session, brand, "last_seen", -1)
        if first is None or last is None:
            return None
        return BrandSummary(
            brand=brand,
            profiles=total("profiles"),
            posts=total("posts"),
            scored_posts=total("scored_posts"),
            score_sum=total("score_sum"),
            labels=counts("labels"),
            languages=counts("languages"),
            first_seen=first,
            last_seen=last,
        )

    async def _end(self, session: MongoSession, brand: str, name: str, direction: int) -> int | None:
        cursor = self._profiles.find({"brand": brand}, {name: 1}, session=session).sort(name, direction).limit(1)
        found = await cursor.to_list(1)
        return int(found[0][name]) if found else None

    async def rollups(
        self, brand: str, span: Span, window: tuple[int, int], voice: Voice | None, limit: int | None
    ) -> list[Bucket]:
        """Return the first `limit` buckets that begin in a window, by time."""
        query: Document = {"brand": brand, "span": span, "start": {"$gte": window[0], "$lt": window[1]}}
        query.update({"voice": voice} if voice else {})
        cursor = self._rollups.find(query).sort("start", 1)
        if limit is not None:
            # That many documents hold the wanted buckets, each at most once a voice and shard.
            cursor = cursor.limit(limit * len(get_args(Voice)) * SHARDS)
        found = await cursor.to_list(None)
        return (await asyncio.to_thread(_by_start, found))[:limit]

    async def kept_buckets(self, brand: str) -> list[KeptBucket]:
        """Return every bucket of a brand, by key."""
        found = await self._rollups.find({"brand": brand}).to_list(None)
        return await asyncio.to_thread(_by_key, found)


def _by_start(documents: Sequence[Document]) -> list[Bucket]:
    return [
        Bucket(start, join_all(from_rollup(document) for document in same))
        for start, same in groupby(documents, lambda document: document["start"])
    ]


def _by_key(documents: Sequence[Document]) -> list[KeptBucket]:
    def key_of(document: Document) -> Any:
        return sharded_key(document)[0]

    return [
        KeptBucket(key, join_all(from_rollup(document) for document in same))
        for key, same in groupby(sorted(documents, key=key_of), key_of)
    ]
