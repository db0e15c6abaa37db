"""Folding into MongoDB: posts pending, in their profile, in their buckets, counted.

`mongo_ledgers` has the argument for every ledger, `mongo_totals` that for the totals, `mongo_authors` that for erased
authors. Of a batch, everything that can be is written by one operation: the posts, the profiles, the buckets.
"""

import asyncio
from collections.abc import Mapping, Sequence

from pymongo import UpdateOne

from services.profiles.folding import LATEST
from services.profiles.stores.base import FoldCount
from services.profiles.stores.mongo_authors import MongoAuthors
from services.profiles.stores.mongo_buckets import MongoBuckets
from services.profiles.stores.mongo_ledgers import (
    ATTEMPTS,
    Document,
    brand_of,
    insert_missing,
    wait_turn,
    write_all,
)
from services.profiles.stores.mongo_lengths import MongoLengths
from services.profiles.stores.mongo_posts import BURIED, FIGURES_ALONE, Entry, entry_of, pending_document
from services.profiles.stores.mongo_profiles import Round, plan
from services.profiles.stores.mongo_totals import MongoTotals, Told
from shared.analyzed_post import AnalyzedPost
from shared.errors import OverloadedError
from shared.mongo import MongoDatabase

REPAIR_BATCH = 500
Arrival = tuple[AnalyzedPost, int]
"""A post, and the moment (Unix seconds) it was stored at."""


class MongoFolding:
    """Folds posts, and finishes folds that were interrupted."""

    def __init__(self, database: MongoDatabase, shard: int = 0) -> None:
        """Use the database; new posts and changes of totals go to one shard."""
        self.shard = shard
        self.authors = MongoAuthors(database)
        self.buckets = MongoBuckets(database)
        self.totals = MongoTotals(database)
        self.lengths = MongoLengths(database)
        self._posts = database["posts"]
        self._profiles = database["profiles"]

    async def fold(
        self, brand: str, arrivals: Sequence[Arrival], given: Sequence[str] = (), shard: int | None = None
    ) -> FoldCount:
        """See `ProfileStore.fold`; `given` names what a backup brought, `shard` is where if not this store's own."""
        await self.lengths.settle([post for post, _ in arrivals])
        gone = await self.authors.erased({post.author_key for post, _ in arrivals})
        welcome = [arrival for arrival in arrivals if arrival[0].author_key not in gone]
        if not welcome:
            return FoldCount(0, len(arrivals))
        await self.authors.register(brand)
        documents, known = await asyncio.to_thread(
            _pending, brand, welcome, given, self.shard if shard is None else shard
        )
        post_ids = list(known)
        # Of a post that was there its own document counts, which may say otherwise than this delivery.
        for overtaken in await insert_missing(self._posts, documents):
            del known[overtaken]
        folded = await self.settle(brand, post_ids, known)
        return FoldCount(folded, len(arrivals) - folded)

    async def repair(self) -> None:
        """Finish whatever crashed folds left; harmless beside folds that go on."""
        while left := await self._posts.find({"state": "pending"}, {"_id": 1}).limit(REPAIR_BATCH).to_list(None):
            by_brand: dict[str, list[str]] = {}
            for post in left:
                by_brand.setdefault(brand_of(post["_id"]), []).append(post["_id"])
            for brand, post_ids in by_brand.items():
                await self.settle(brand, post_ids, {})

    async def settle(self, brand: str, post_ids: Sequence[str], known: Mapping[str, Entry]) -> int:
        """Bring pending posts to counted or removed and return how many this call counted; raises OverloadedError.

        `known` are those of the posts that the caller has inserted itself; the others are read.
        """
        entries, left, counted, attempt = dict(known), list(post_ids), 0, 0
        while attempt < ATTEMPTS:
            profile_ids = {entries[post_id].profile_id for post_id in left if post_id in entries}
            profiles, erased = await asyncio.gather(self._read(profile_ids), self._erased(profile_ids))
            if new := await self._new(left, entries):
                entries.update(new)
            pending = await self._still_pending([post_id for post_id in left if post_id in entries])
            left = [post_id for post_id in left if post_id in pending]
            open_still = erased - {profile["_id"] for profile in profiles if profile.get("erased")}
            await self._close(open_still)
            # A post that was met only now may have been inserted after this round asked who is erased.
            readable = [
                entries[post_id]
                for post_id in left
                if post_id not in new and entries[post_id].profile_id in profile_ids - open_still
            ]
            found = await asyncio.to_thread(plan, profiles, readable, self.shard)
            inside = [*found.inside, *await self._add(found)]
            await self._refuse(found)
            counted += await self._finish(brand, inside)
            done = {*found.done, *(entry.post_id for entry in inside)}
            left = [post_id for post_id in left if post_id not in done]
            if not left:
                return counted
            if not new:
                await wait_turn(attempt)
                attempt += 1
        raise OverloadedError("too many deliveries fold into the same profiles; send this one again")

    async def _read(self, profile_ids: set[str]) -> list[Document]:
        if not profile_ids:
            return []
        found: list[Document] = await self._profiles.find({"_id": {"$in": list(profile_ids)}}).to_list(None)
        return found

    async def _erased(self, profile_ids: set[str]) -> set[str]:
        """Return the profiles whose author is erased: a read that comes after the posts were inserted."""
        by_author = {profile_id.partition("|")[2]: profile_id for profile_id in profile_ids}
        return {by_author[author_key] for author_key in await self.authors.erased(by_author.keys())}

    async def _new(self, post_ids: Sequence[str], entries: Mapping[str, Entry]) -> dict[str, Entry]:
        """Return those of the posts that somebody else inserted and that are pending."""
        unknown = [post_id for post_id in post_ids if post_id not in entries]
        if not unknown:
            return {}
        query = {"_id": {"$in": unknown}, "state": "pending"}
        found = await self._posts.find(query, FIGURES_ALONE).to_list(None)
        return await asyncio.to_thread(lambda: {document["_id"]: entry_of(document) for document in found})

    async def _still_pending(self, post_ids: Sequence[str]) -> set[str]:
        if not post_ids:
            return set()
        found = self._posts.find({"_id": {"$in": list(post_ids)}}, {"state": 1})
        return {post["_id"] async for post in found if post["state"] == "pending"}

    async def _close(self, profile_ids: set[str]) -> None:
        """Let nobody add a post to these profiles of erased authors any more."""
        for profile_id in profile_ids:
            change = {"$max": {"through": LATEST}, "$set": {"erased": True}, "$inc": {"version": 1}}
            await insert_missing(self._profiles, [{"_id": profile_id, "version": 0, "uncommitted": [], "owed": []}])
            await self._profiles.update_one({"_id": profile_id}, change)

    async def _add(self, found: Round) -> list[Entry]:
        """Write the plan's profiles and return the posts that are in theirs now."""
        if not found.adding or await write_all(self._profiles, found.inserts, found.updates):
            return found.adding
        ids = {"_id": {"$in": [entry.profile_id for entry in found.adding]}}
        inside: set[str] = set()
        async for profile in self._profiles.find(ids, {"uncommitted": 1}):
            inside.update(profile["uncommitted"])
        return [entry for entry in found.adding if entry.post_id in inside]

    async def _refuse(self, found: Round) -> None:
        if found.refused:
            await self._posts.update_many({"_id": {"$in": found.refused}, "state": "pending"}, BURIED)
        if found.returned:
            await self._return(found.returned)
        if found.unwelcome:
            await self._posts.delete_many({"_id": {"$in": found.unwelcome}, "state": "pending"})

    async def _return(self, entries: Sequence[Entry]) -> None:
        """Mark refused posts that are in restored buckets as removing, and as out of their profile: they never were in.

        What is removing leaves its buckets like any removed post, by a remover or at the next start.
        """
        for entry in entries:
            change = {"$push": {"withdrawn": entry.post_id}, "$inc": {"version": 1}}
            await self._profiles.update_one({"_id": entry.profile_id}, change)
        pending = {"_id": {"$in": [entry.post_id for entry in entries]}, "state": "pending"}
        await self._posts.update_many(pending, {"$set": {"state": "removing"}})

    async def _finish(self, brand: str, entries: Sequence[Entry]) -> int:
        """Bring posts that are in their profiles to counted and return how many this call did."""
        if not entries:
            return 0
        post_ids, profile_ids = [entry.post_id for entry in entries], {entry.profile_id for entry in entries}
        await self.buckets.add(brand, entries, self._still_pending)
        told = await self.totals.settle(brand, profile_ids, self.shard)
        marked = await self._mark(brand, post_ids)
        await self._release(entries, told)
        await self.buckets.release("uncommitted", {bucket for entry in entries for bucket in entry.buckets}, post_ids)
        await self.totals.release(told)
        return marked

    async def _mark(self, brand: str, post_ids: Sequence[str]) -> int:
        """Mark those of the posts counted that are pending, and return how many that were."""
        pending = {"_id": {"$in": list(post_ids)}, "state": "pending"}
        change = {"$set": {"state": "counted", "brand": brand}, "$unset": {"adds": ""}}
        return int((await self._posts.update_many(pending, change)).modified_count)

    async def _release(self, entries: Sequence[Entry], told: Told) -> None:
        """Let go of the ids of posts that are marked, and of what the totals have."""
        by_profile: dict[str, list[str]] = {}
        for entry in entries:
            by_profile.setdefault(entry.profile_id, []).append(entry.post_id)
        settled = told.by_profile(brand_of(entries[0].post_id))
        changes = [
            UpdateOne(
                {"_id": profile_id},
                {
                    "$pullAll": {"uncommitted": post_ids},
                    "$pull": {"owed": {"id": {"$in": settled.get(profile_id, [])}}},
                },
            )
            for profile_id, post_ids in by_profile.items()
        ]
        await self._profiles.bulk_write(changes, ordered=False)


def _pending(
    brand: str, arrivals: Sequence[Arrival], given: Sequence[str], shard: int
) -> tuple[list[Document], dict[str, Entry]]:
    """Return the documents to insert and the posts, by id: of two with one key the first."""
    documents: list[Document] = []
    entries: dict[str, Entry] = {}
    for post, stored_at in arrivals:
        if f"{brand}|{post.post_key}" not in entries:
            document, entry = pending_document(brand, post, stored_at, shard, given)
            documents.append(document)
            entries[entry.post_id] = entry
    return documents, entries
