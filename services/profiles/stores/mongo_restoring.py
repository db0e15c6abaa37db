"""Rows of a backup taken over into MongoDB.

`restorations` says of a brand which of its ledgers a backup brought. A post of such a brand is folded like any other,
but adds nothing to those: its profile notes its id alone, guarded by the version, so that a removal of the author is
met by it just as by a new post. Restored buckets have a shard of their own, and their posts belong to that one.
Restores are for one caller at a time a brand.
"""

import asyncio
from collections.abc import Sequence

from pymongo import UpdateOne

from services.profiles.folding import UNIT
from services.profiles.kept import KeptBucket, KeptPost, KeptProfile, RemovedAuthor
from services.profiles.profile import Profile
from services.profiles.stores.base import FoldCount
from services.profiles.stores.mongo_assignments import MongoAssignments
from services.profiles.stores.mongo_buckets import RESTORED_SHARD
from services.profiles.stores.mongo_ledgers import NEVER, Document, insert_missing, of_brand
from services.profiles.stores.mongo_posts import BUCKETS, PROFILES
from services.profiles.stores.mongo_profiles import folded_of, profile_fields
from services.profiles.stores.mongo_removing import MongoRemoving
from services.profiles.stores.mongo_totals import forget_owed, owed
from shared.mongo import MongoDatabase


class MongoRestoring:
    """Reads profiles and removals for a backup, and takes over those of one."""

    def __init__(self, database: MongoDatabase, removing: MongoRemoving, assignments: MongoAssignments) -> None:
        """Use the database; `removing` takes restored posts out that are refused, its folding counts the others."""
        self._posts = database["posts"]
        self._profiles = database["profiles"]
        self._restorations = database["restorations"]
        self._removing = removing
        self._folding = removing.folding
        self._assignments = assignments

    async def kept_profiles(self, brand: str, after: str | None, limit: int) -> list[KeptProfile]:
        """See `ProfileStore.kept_profiles`."""
        query = {"brand": brand, "author_key": {"$gt": after or ""}}
        documents = await self._profiles.find(query).sort("author_key", 1).limit(limit).to_list(None)
        clusters = await self._assignments.published(brand, [document["_id"] for document in documents])

        def kept(document: Document) -> KeptProfile:
            of_author = clusters[document["_id"]]
            profile = Profile(brand, document["author_key"], folded_of(document), of_author)
            return KeptProfile(profile, document.get("remnants", 0))

        return await asyncio.to_thread(lambda: [kept(document) for document in documents])

    async def removed_authors(self, brand: str, after: str | None, limit: int) -> list[RemovedAuthor]:
        """See `ProfileStore.removed_authors`."""
        query = {"removed": brand, "_id": of_brand(brand, after), "erased": {"$exists": False}}
        found = await self._profiles.find(query, {"through": 1}).sort("_id", 1).limit(limit).to_list(None)
        return [RemovedAuthor(profile["_id"].partition("|")[2], profile["through"]) for profile in found]

    async def restore_profiles(self, brand: str, profiles: Sequence[KeptProfile]) -> int:
        """See `ProfileStore.restore_profiles`."""
        await self._folding.authors.register(brand)
        if not await self._given(brand, PROFILES):
            if await self._profiles.find_one({"brand": brand}, {"_id": 1}) is not None:
                return 0
            await insert_missing(self._restorations, [{"_id": f"{brand}|{PROFILES}"}])
        ids = [f"{brand}|{kept.profile.author_key}" for kept in profiles]
        known = {found["_id"]: found async for found in self._profiles.find({"_id": {"$in": ids}}, {"embeddings": 0})}
        erased = await self._folding.authors.erased({kept.profile.author_key for kept in profiles})
        new = [
            (profile_id, kept)
            for profile_id, kept in zip(ids, profiles, strict=True)
            if kept.profile.author_key not in erased and _is_free(known.get(profile_id, {}), kept)
        ]
        sums = (total for _, kept in new for total in kept.profile.folded.embeddings.items())
        await self._folding.lengths.note({version: total.dimensions for version, total in sums})
        await self._assignments.restore(brand, {profile_id: kept.profile.clusters for profile_id, kept in new})
        documents = await asyncio.to_thread(
            lambda: {profile_id: self._document(profile_id, kept, known.get(profile_id)) for profile_id, kept in new}
        )
        inserts = [document for profile_id, document in documents.items() if profile_id not in known]
        taken = len(inserts) - len(await insert_missing(self._profiles, inserts))
        for profile_id in documents.keys() & known.keys():
            document = documents[profile_id]
            guard = {"_id": profile_id, "version": known[profile_id]["version"]}
            fields = {name: value for name, value in document.items() if name not in {"_id", "owed", "uncommitted"}}
            change = {"$set": fields, "$push": {"owed": {"$each": document["owed"]}}}
            taken += (await self._profiles.update_one(guard, change)).matched_count
        told = await self._folding.totals.settle(brand, ids, self._folding.shard)
        await forget_owed(self._profiles, ids, told.ids)
        await self._folding.totals.release(told)
        return taken

    async def restore_buckets(self, brand: str, buckets: Sequence[KeptBucket]) -> int:
        """See `ProfileStore.restore_buckets`."""
        if not await self._given(brand, BUCKETS):
            if await self._folding.buckets.has_own(brand):
                return 0
            await insert_missing(self._restorations, [{"_id": f"{brand}|{BUCKETS}"}])
        gone = await self._folding.authors.all_erased(None, 0)
        return await self._folding.buckets.put(brand, buckets, gone)

    async def restore_posts(self, brand: str, posts: Sequence[KeptPost]) -> FoldCount:
        """See `ProfileStore.restore_posts`."""
        await self._folding.authors.register(brand)
        given = [part for part in (PROFILES, BUCKETS) if await self._given(brand, part)]
        shard = RESTORED_SHARD if BUCKETS in given else None
        analyzed = [(kept.post, kept.stored_at) for kept in posts if kept.post and kept.stored_at is not None]
        count = await self._folding.fold(brand, analyzed, given, shard) if analyzed else FoldCount(0, 0)
        await self._removing.finish([f"{brand}|{post.post_key}" for post, _ in analyzed])
        bare = await self._keep_keys(brand, [kept for kept in posts if not kept.post])
        return FoldCount(count.folded + bare, len(posts) - count.folded - bare)

    async def restore_removals(self, brand: str, removed: Sequence[RemovedAuthor], erased: Sequence[str]) -> None:
        """See `ProfileStore.restore_removals`."""
        await self._folding.authors.register(brand)
        ids = {f"{brand}|{author.author_key}": author.through for author in removed}
        await insert_missing(
            self._profiles,
            [{"_id": profile_id, "version": 0, "uncommitted": [], "owed": []} for profile_id in ids],
        )
        updates = [
            UpdateOne(
                {"_id": profile_id},
                {"$max": {"through": through}, "$set": {"removed": brand}, "$inc": {"version": 1}},
            )
            for profile_id, through in ids.items()
        ]
        if updates:
            await self._profiles.bulk_write(updates, ordered=False)
        await self._folding.authors.bury(erased)

    async def _keep_keys(self, brand: str, posts: Sequence[KeptPost]) -> int:
        """Keep posts of which a backup has the key alone, but for those of authors who are erased; return how many."""
        erased = await self._folding.authors.erased({kept.author_key for kept in posts if kept.author_key})
        new = {kept.post_key: kept for kept in reversed(posts) if kept.author_key not in erased}
        documents = [_key_document(brand, kept) for kept in new.values()]
        lost = await insert_missing(self._posts, documents)
        # An erasure may have begun after it was asked for, and searched before the keys were there.
        erased = await self._folding.authors.erased({kept.author_key for kept in new.values() if kept.author_key})
        if gone := [f"{brand}|{kept.post_key}" for kept in new.values() if kept.author_key in erased]:
            await self._posts.delete_many({"_id": {"$in": gone}})
        return len(documents) - len(lost)

    async def _given(self, brand: str, part: str) -> bool:
        return await self._restorations.find_one({"_id": f"{brand}|{part}"}) is not None

    def _document(self, profile_id: str, kept: KeptProfile, before: Document | None) -> Document:
        version = before["version"] + 1 if before else 1
        folded = kept.profile.folded
        document: Document = {
            "_id": profile_id,
            "version": version,
            "uncommitted": [],
            "owed": [owed(profile_id, version, self._folding.shard, UNIT, folded)],
            **profile_fields(profile_id, folded),
        }
        return {**document, "remnants": kept.remnants} if kept.remnants else document


def _is_free(known: Document, kept: KeptProfile) -> bool:
    """Tell whether the place of a profile is empty, and the profile not older than a removal of its author."""
    return "posts" not in known and kept.profile.folded.first_seen > known.get("through", NEVER)


def _key_document(brand: str, kept: KeptPost) -> Document:
    document = {"_id": f"{brand}|{kept.post_key}", "key_version": kept.key_version}
    if kept.author_key is None:
        return {**document, "state": "removed"}
    return {**document, "state": "counted", "profile": f"{brand}|{kept.author_key}"}
