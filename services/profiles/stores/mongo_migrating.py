"""Databases of earlier versions brought to this one, by one process at a time, at the start.

The version before kept of each counted post what it added (`adds`), and no hours, days or totals. Each profile comes
to owe its brand's totals all that it holds, once: a profile without the field `owed` is one that does not yet. Each
post that has `adds` is added to its buckets and loses it, by the argument of `mongo_ledgers` with "has `adds`" in
the place of "pending". So a migration that a crash cut off is made again from where it was, and even two at once
would do no harm; the lease only spares the second one's work. Replicas of the version before must be stopped first.

Of old posts nothing is left that tells what they added: they stay counted, and are taken out as `withdrawing` says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pymongo.errors import OperationFailure

from services.profiles.folding import UNIT
from services.profiles.stores.mongo_folding import MongoFolding
from services.profiles.stores.mongo_ledgers import Document, Guarded, brand_of, insert_missing, write_all
from services.profiles.stores.mongo_posts import entry_of
from services.profiles.stores.mongo_profiles import folded_of
from services.profiles.stores.mongo_totals import forget_owed, owed
from shared.clock import Clock
from shared.mongo import MongoDatabase

VERSION = 2
FIRST_VERSION = 1
BATCH = 500
LEASE_SECONDS = 60
WAIT_SECONDS = 1.0
_SCHEMA = "schema"
_NOT_FOUND = 27
"""MongoDB's code IndexNotFound: another process has dropped it."""
_OLD_INDEXES = frozenset({"uncommitted_1", "withdrawn_1"})


class MongoMigration:
    """Brings a database to this version, which a document in the collection `meta` names."""

    def __init__(self, database: MongoDatabase, folding: MongoFolding, clock: Clock) -> None:
        """Use the database, with the buckets and totals of `folding`; `clock` times the lease."""
        self._meta = database["meta"]
        self._posts = database["posts"]
        self._profiles = database["profiles"]
        self._folding = folding
        self._clock = clock

    async def run(self) -> None:
        """Migrate what is older than this version; wait where another process does it."""
        while await self._version() < VERSION:
            if not await self._lease():
                await self._clock.sleep(WAIT_SECONDS)
                continue
            await self._drop_indexes()
            await self._profiles_owe()
            await self._posts_fill_buckets()
            done = {"$set": {"version": VERSION}, "$unset": {"until": ""}}
            await self._meta.update_one({"_id": _SCHEMA, "version": FIRST_VERSION}, done)

    async def _version(self) -> int:
        """Return the version that the database has; one without a post or profile has this one."""
        if (found := await self._meta.find_one({"_id": _SCHEMA})) is None:
            empty = await self._posts.find_one() is None and await self._profiles.find_one() is None
            first: Document = {"version": VERSION} if empty else {"version": FIRST_VERSION, "until": 0}
            await insert_missing(self._meta, [{"_id": _SCHEMA, **first}])
            found = await self._meta.find_one({"_id": _SCHEMA})
        return int(found["version"])

    async def _lease(self) -> bool:
        now = int(self._clock.now().timestamp())
        free = {"_id": _SCHEMA, "version": FIRST_VERSION, "until": {"$lt": now}}
        leased = await self._meta.update_one(free, {"$set": {"until": now + LEASE_SECONDS}})
        return bool(leased.matched_count)

    async def _renew(self) -> None:
        until = int(self._clock.now().timestamp()) + LEASE_SECONDS
        await self._meta.update_one({"_id": _SCHEMA, "version": FIRST_VERSION}, {"$set": {"until": until}})

    async def _drop_indexes(self) -> None:
        """Drop those of the version before that every fold would pay for, and nobody uses any more."""
        known = await self._profiles.index_information()
        for name in _OLD_INDEXES & known.keys():
            try:
                await self._profiles.drop_index(name)
            except OperationFailure as error:
                if error.code != _NOT_FOUND:
                    raise

    async def _profiles_owe(self) -> None:
        """Let each profile owe the totals what it holds."""
        query: Document = {"owed": {"$exists": False}}
        while found := await self._profiles.find(query).sort("_id", 1).limit(BATCH).to_list(None):
            await self._renew()
            updates = [self._owing(profile) for profile in found]
            if await write_all(self._profiles, [], updates):
                query["_id"] = {"$gt": found[-1]["_id"]}
            for brand, profile_ids in _by_brand(found).items():
                await self._folding.authors.register(brand)
                told = await self._folding.totals.settle(brand, profile_ids, self._folding.shard)
                await forget_owed(self._profiles, profile_ids, told.ids)
                await self._folding.totals.release(told)

    def _owing(self, profile: Document) -> Guarded:
        version, folded = profile["version"], folded_of(profile)
        entries = [owed(profile["_id"], version + 1, self._folding.shard, UNIT, folded)] if folded.posts else []
        fields: Document = {"owed": entries}
        if "through" in profile:
            fields["removed"] = brand_of(profile["_id"])
        guard = {"_id": profile["_id"], "version": version, "owed": {"$exists": False}}
        return guard, {"$set": fields, "$inc": {"version": 1}}

    async def _posts_fill_buckets(self) -> None:
        """Add each counted post of the version before to its hour and its day; nobody was internal then."""
        query: Document = {"adds": {"$exists": True}, "state": "counted"}
        while found := await self._posts.find(query).sort("_id", 1).limit(BATCH).to_list(None):
            await self._renew()
            for brand, post_ids in _by_brand(found).items():
                entries = [replace(entry_of(post), shard=0) for post in found if brand_of(post["_id"]) == brand]
                await self._folding.buckets.add(brand, entries, self._have_adds)
                due = {"_id": {"$in": post_ids}, "state": "counted"}
                await self._posts.update_many(due, {"$unset": {"adds": ""}})
                buckets = {bucket for entry in entries for bucket in entry.buckets}
                await self._folding.buckets.release("uncommitted", buckets, post_ids)
            query["_id"] = {"$gt": found[-1]["_id"]}

    async def _have_adds(self, post_ids: Sequence[str]) -> set[str]:
        query = {"_id": {"$in": list(post_ids)}, "adds": {"$exists": True}}
        return {post["_id"] async for post in self._posts.find(query, {"_id": 1})}


def _by_brand(documents: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    by_brand: dict[str, list[str]] = {}
    for document in documents:
        by_brand.setdefault(brand_of(document["_id"]), []).append(document["_id"])
    return by_brand
