"""Profiles read from MongoDB: one, a page of a list, a page of features; without the sums of embeddings."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.profiles.encoding import from_document
from services.profiles.listing import Listing
from services.profiles.profile import Profile
from services.profiles.stores.mongo_assignments import MongoAssignments, Runs, in_cluster
from services.profiles.stores.mongo_profiles import NO_EMBEDDINGS, folded_of
from services.profiles.stores.mongo_queries import matching, sorting
from shared.mongo import MongoDatabase

Document = Mapping[str, Any]
_UNREAD = {**NO_EMBEDDINGS, "uncommitted": 0, "withdrawn": 0, "owed": 0}


class MongoListing:
    """Reads profiles with the clusters that are published."""

    def __init__(self, database: MongoDatabase, assignments: MongoAssignments) -> None:
        """Use the collection `profiles`."""
        self._profiles = database["profiles"]
        self._assignments = assignments

    async def profile(self, brand: str, author_key: str) -> Profile | None:
        """See `ProfileStore.profile`; the only reading that has the sums of embeddings."""
        profile_id = f"{brand}|{author_key}"
        document = await self._profiles.find_one({"_id": profile_id, "brand": brand})
        if document is None:
            return None
        clusters = await self._assignments.published(brand, [profile_id])
        return Profile(brand, author_key, folded_of(document), clusters[profile_id])

    async def profiles(self, listing: Listing) -> list[Profile]:
        """See `ProfileStore.profiles`."""

        async def read(runs: Runs) -> list[Profile]:
            stages: list[Document] = [{"$match": matching(listing)}, {"$sort": sorting(listing)}]
            if listing.cluster is not None:
                run_id = runs.get(listing.cluster.basis)
                if run_id is None:
                    return []
                stages += in_cluster(run_id, listing.cluster.basis, listing.cluster.cluster)
            stages += [{"$limit": listing.limit}, {"$project": _UNREAD}]
            return await self._with_clusters(runs, await self._profiles.aggregate(stages).to_list(None))

        return await self._assignments.under_published(listing.brand, read)

    async def features(self, brand: str, after: str | None, limit: int) -> list[Profile]:
        """See `ProfileStore.features`."""
        query = {"brand": brand, "author_key": {"$gt": after or ""}}
        found = self._profiles.find(query, _UNREAD).sort("author_key", 1).limit(limit)
        return await asyncio.to_thread(_decoded, await found.to_list(None))

    async def _with_clusters(self, runs: Runs, documents: Sequence[Document]) -> list[Profile]:
        clusters = await self._assignments.clusters_of(runs, [document["_id"] for document in documents])
        profiles = await asyncio.to_thread(_decoded, documents)
        return [
            replace(profile, clusters=clusters[document["_id"]])
            for profile, document in zip(profiles, documents, strict=True)
        ]


def _decoded(documents: Sequence[Document]) -> list[Profile]:
    return [Profile(document["brand"], document["author_key"], from_document(document)) for document in documents]
