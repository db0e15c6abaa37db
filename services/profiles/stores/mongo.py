"""Profiles in MongoDB, a standalone server included: no operation needs a transaction."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pymongo

from services.profiles.encoding import from_document
from services.profiles.listing import Listing
from services.profiles.profile import Basis, BrandSize, BrandSummary, Profile
from services.profiles.stores.base import FoldCount, RemovalCount
from services.profiles.stores.mongo_assignments import MongoAssignments, Runs, in_cluster
from services.profiles.stores.mongo_folding import MongoFolding
from services.profiles.stores.mongo_queries import INDEXES, SUMMARY, matching, sorting
from services.profiles.stores.mongo_removing import MongoRemoving
from shared.analyzed_post import AnalyzedPost
from shared.mongo import MongoDatabase, answering

Document = Mapping[str, Any]
INDEX_SECONDS = 3600.0
"""For an index that a database with many posts lacks; every other operation has the client's deadline."""


class MongoProfileStore:
    """`ProfileStore` on one database; `mongo_folding` tells how a post is counted, `mongo_removing` how it goes."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database; `prepare` is due before anything else."""
        self._database = database
        self._profiles = database["profiles"]
        self._folding = MongoFolding(database)
        self._removing = MongoRemoving(database, self._folding)
        self._assignments = MongoAssignments(database)

    @answering
    async def prepare(self) -> None:
        """Make the indexes and finish folds and removals that a crash interrupted."""
        with pymongo.timeout(INDEX_SECONDS):
            for collection, keys, options in INDEXES:
                await self._database[collection].create_index(keys, **options)
        await self._folding.repair()
        await self._removing.repair()

    @answering
    async def fold(self, brand: str, posts: Sequence[AnalyzedPost]) -> FoldCount:
        """See `ProfileStore.fold`."""
        return await self._folding.fold(brand, posts)

    @answering
    async def remove(
        self, brand: str, post_keys: Sequence[str], authors: Mapping[str, int], *, early: bool = True
    ) -> RemovalCount:
        """See `ProfileStore.remove`."""
        return await self._removing.remove(brand, post_keys, authors, early=early)

    @answering
    async def counted(self, brand: str, post_keys: Sequence[str]) -> set[str]:
        """See `ProfileStore.counted`."""
        return await self._folding.counted(brand, post_keys)

    @answering
    async def has_brand(self, brand: str) -> bool:
        """See `ProfileStore.has_brand`."""
        return await self._profiles.find_one({"brand": brand}, {"_id": 1}) is not None

    @answering
    async def brands(self, after: str | None, limit: int) -> list[BrandSize]:
        """See `ProfileStore.brands`."""
        stages: list[Document] = [
            {"$match": {"brand": {"$gt": after or ""}}},
            {"$group": {"_id": "$brand", "profiles": {"$sum": 1}, "posts": {"$sum": "$posts"}}},
            {"$sort": {"_id": 1}},
            {"$limit": limit},
        ]
        return [BrandSize(row["_id"], row["profiles"], row["posts"]) async for row in self._profiles.aggregate(stages)]

    @answering
    async def summary(self, brand: str) -> BrandSummary | None:
        """See `ProfileStore.summary`."""
        stages = [{"$match": {"brand": brand}}, {"$facet": SUMMARY}]
        [found] = await self._profiles.aggregate(stages).to_list(None)
        if not found["totals"]:
            return None
        [totals] = found["totals"]
        del totals["_id"]
        labels, languages = ({row["_id"]: row["posts"] for row in found[name]} for name in ("labels", "languages"))
        return BrandSummary(brand=brand, labels=labels, languages=languages, **totals)

    @answering
    async def profile(self, brand: str, author_key: str) -> Profile | None:
        """See `ProfileStore.profile`."""

        async def read(runs: Runs) -> list[Profile]:
            documents = await self._profiles.find({"_id": f"{brand}|{author_key}", "brand": brand}).to_list(1)
            return await self._with_clusters(runs, documents)

        found = await self._assignments.under_published(brand, read)
        return found[0] if found else None

    @answering
    async def profiles(self, listing: Listing) -> list[Profile]:
        """See `ProfileStore.profiles`."""

        async def read(runs: Runs) -> list[Profile]:
            stages: list[Document] = [{"$match": matching(listing)}, {"$sort": sorting(listing)}]
            if listing.cluster is not None:
                run_id = runs.get(listing.cluster.basis)
                if run_id is None:
                    return []
                stages += in_cluster(run_id, listing.cluster.basis, listing.cluster.cluster)
            stages.append({"$limit": listing.limit})
            return await self._with_clusters(runs, await self._profiles.aggregate(stages).to_list(None))

        return await self._assignments.under_published(listing.brand, read)

    @answering
    async def features(self, brand: str, after: str | None, limit: int) -> list[Profile]:
        """See `ProfileStore.features`."""
        query = {"brand": brand, "author_key": {"$gt": after or ""}}
        documents = await self._profiles.find(query).sort("author_key", 1).limit(limit).to_list(None)
        return await asyncio.to_thread(_decoded, documents)

    @answering
    async def stage(self, brand: str, basis: Basis, run_id: str, clusters: Mapping[str, int]) -> int:
        """See `ProfileStore.stage`."""
        return await self._assignments.stage(brand, basis, run_id, clusters)

    @answering
    async def publish(self, brand: str, basis: Basis, run_id: str, expected: int) -> int:
        """See `ProfileStore.publish`."""
        return await self._assignments.publish(brand, basis, run_id, expected)

    @answering
    async def check_ready(self) -> None:
        """See `ProfileStore.check_ready`."""
        await self._database.command("ping")

    async def _with_clusters(self, runs: Runs, documents: Sequence[Document]) -> list[Profile]:
        clusters = await self._assignments.clusters_of(runs, [document["_id"] for document in documents])
        profiles = await asyncio.to_thread(_decoded, documents)
        return [
            replace(profile, clusters=clusters[document["_id"]])
            for profile, document in zip(profiles, documents, strict=True)
        ]


def _decoded(documents: Sequence[Document]) -> list[Profile]:
    return [Profile(document["brand"], document["author_key"], from_document(document)) for document in documents]
