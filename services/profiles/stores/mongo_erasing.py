"""Erasure in MongoDB: a tombstone, then brand by brand the author's profile is closed, emptied and left as its key.

`mongo_authors` says why no fold that is under way brings anything back. An erasure that a crash cut off is finished
by the same erasure made again, and in the brands that it had come to by the next start: `closing` stays till the end.

Which hours count the author among theirs is not known of posts that expired and were removed. So all hours of the
brands that know the author are looked through, and all that a backup brought: rare work, and no number is left.
"""

from collections.abc import Sequence

from services.profiles.folding import LATEST
from services.profiles.kept import Erased
from services.profiles.stores.mongo_folding import MongoFolding
from services.profiles.stores.mongo_removing import MongoRemoving
from shared.mongo import MongoDatabase

BRANDS_AT_ONCE = 1000
_LEFT = {"closing": "", "removed": "", "remnants": "", "withdrawn": ""}


class MongoErasing:
    """Removes authors for good, and finishes erasures that were interrupted."""

    def __init__(self, database: MongoDatabase, folding: MongoFolding, removing: MongoRemoving) -> None:
        """Use the database; `removing` takes out what is counted."""
        self._posts = database["posts"]
        self._profiles = database["profiles"]
        self._assignments = database["assignments"]
        self._restorations = database["restorations"]
        self._folding = folding
        self._removing = removing

    async def erase(self, author_key: str) -> list[Erased]:
        """See `ProfileStore.erase`."""
        await self._folding.authors.bury([author_key])
        brands = await self._folding.authors.brands()
        restored = {found["_id"].partition("|")[0] async for found in self._restorations.find()}
        removed: list[Erased] = []
        for start in range(0, len(brands), BRANDS_AT_ONCE):
            profile_ids = [f"{brand}|{author_key}" for brand in brands[start : start + BRANDS_AT_ONCE]]
            removed += [await self._erase_from(profile_id) for profile_id in await self._known(profile_ids)]
        for brand in brands:
            if brand in restored:
                await self._folding.buckets.forget(brand, author_key)
        return [one for one in removed if one.posts or one.texts or one.assignments]

    async def repair(self) -> None:
        """Finish the erasures that crashed in a brand; harmless beside erasures that go on."""
        async for profile in self._profiles.find({"closing": True, "erased": True}, {"_id": 1}):
            await self._erase_from(profile["_id"])

    async def _known(self, profile_ids: Sequence[str]) -> list[str]:
        """Return those of the ids under which there is something of the author: searches that follow the tombstone."""
        among = {"$in": list(profile_ids)}
        known: set[str] = {found["profile"] async for found in self._posts.find({"profile": among}, {"profile": 1})}
        known.update([found["profile"] async for found in self._assignments.find({"profile": among}, {"profile": 1})])
        async for found in self._profiles.find({"_id": among}, {"erased": 1, "closing": 1, "posts": 1}):
            if found.keys() != {"_id", "erased"}:
                known.add(found["_id"])
        return sorted(known)

    async def _erase_from(self, profile_id: str) -> Erased:
        """Erase an author's profile and all that belongs to it."""
        await self._removing.close(profile_id, LATEST, {"erased": True})
        profile = await self._profiles.find_one({"_id": profile_id}, {"posts": 1})
        texts = await self._posts.count_documents({"profile": profile_id, "stored_at": {"$exists": True}})
        await self._removing.empty(profile_id, done=False)
        brand, author_key = profile_id.split("|")
        await self._folding.buckets.forget(brand, author_key)
        deleted = await self._assignments.delete_many({"profile": profile_id})
        await self._profiles.update_one({"_id": profile_id}, {"$unset": _LEFT})
        return Erased(brand, profile.get("posts", 0), texts, deleted.deleted_count)
