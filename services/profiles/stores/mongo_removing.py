"""Exactly-once removal from MongoDB: posts counted, removing, out of their ledgers, removed.

`mongo_ledgers` has the argument. A pending post is settled first, by the rules of folding: only a counted post is
marked removing. A post that is not there gets a tombstone, a document in the state removed, which every later insert
runs into. Of the two inserts, the post's and the tombstone's, the server lets one win; the loser reads again.

An author is removed by setting the profile's `through`, which moves the version: from then on no post up to that
hour can be added. What was added before is then taken out like single posts, and last what no post explains:
the figures of posts that were taken out without them, or whose documents a backup did not bring. `closing` is set by
the same update as `through` and leaves when nothing is left, so that the next start can finish what a crash
interrupted. Whoever set a later `through` meanwhile has set `closing` for itself, and it stays.

Posts of erased authors are deleted instead of marked removed. The argument holds for them too: a document that is
inserted again under the same id is pending, and its closed profile lets it into no ledger.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.errors import DuplicateKeyError

from services.profiles.folding import LATEST
from services.profiles.stores.base import RemovalCount
from services.profiles.stores.mongo_folding import MongoFolding
from services.profiles.stores.mongo_ledgers import ATTEMPTS, NEVER, Document, brand_of, insert_missing, wait_turn
from services.profiles.stores.mongo_posts import BURIED
from services.profiles.stores.mongo_withdrawing import MongoWithdrawing, Out
from shared.errors import OverloadedError
from shared.mongo import MongoDatabase

BATCH = 2000
"""Posts taken out at once: their ids stand in the profile meanwhile, whose document has a largest size."""


class MongoRemoving:
    """Takes posts out of their ledgers, and finishes removals that were interrupted."""

    def __init__(self, database: MongoDatabase, folding: MongoFolding) -> None:
        """Use the database; `folding` settles what is pending."""
        self._posts = database["posts"]
        self._profiles = database["profiles"]
        self.folding = folding
        self._withdrawing = MongoWithdrawing(database, folding)

    async def remove(
        self, brand: str, post_keys: Sequence[str], authors: Mapping[str, int], *, early: bool
    ) -> RemovalCount:
        """See `ProfileStore.remove`."""
        if early:
            await self.folding.authors.register(brand)
        post_ids = list(dict.fromkeys(f"{brand}|{post_key}" for post_key in post_keys))
        removed = await self._take_out(post_ids, early=early)
        unknown = len(post_ids) - removed
        for author_key, through in authors.items():
            of_author = await self._close(f"{brand}|{author_key}", through, early=early)
            removed += of_author
            unknown += not of_author
        return RemovalCount(removed, unknown)

    async def repair(self) -> None:
        """Finish whatever crashed removals left; harmless beside removals that go on."""
        while left := await self._posts.find({"state": "removing"}, {"_id": 1}).limit(BATCH).to_list(None):
            await self._take_out([post["_id"] for post in left], early=False)
        async for profile in self._profiles.find({"closing": True, "erased": {"$exists": False}}, {"_id": 1}):
            await self.empty(profile["_id"])

    async def finish(self, post_ids: Sequence[str]) -> None:
        """Take those of the posts out that are marked removing."""
        found = self._posts.find({"_id": {"$in": list(post_ids)}}, {"state": 1})
        if removing := [post["_id"] async for post in found if post["state"] == "removing"]:
            await self._take_out(removing, early=False)

    async def empty(self, profile_id: str, *, done: bool = True) -> int:
        """Take out what a removed author's profile still holds, and say that it is done unless more is to be."""
        removed = 0
        while True:
            profile = await self._profiles.find_one({"_id": profile_id}, {"through": 1})
            query = {"profile": profile_id, "state": {"$ne": "removed"}}
            posts = await self._posts.find(query, {"hour": 1}).to_list(None)
            # One whose analysis has expired was counted long ago.
            if due := [post["_id"] for post in posts if post.get("hour", NEVER) <= profile["through"]]:
                for start in range(0, len(due), BATCH):
                    removed += await self._take_out(due[start : start + BATCH], early=False)
                continue
            more = await self._withdrawing.drop_unexplained(profile_id)
            if more is not None:
                break
        if done:
            closed = {"_id": profile_id, "through": profile["through"]}
            await self._profiles.update_one(closed, {"$unset": {"closing": ""}})
        return removed + more

    async def _take_out(self, post_ids: Sequence[str], *, early: bool) -> int:
        """Bring the posts to removed and return how many this call took out; raises OverloadedError."""
        removed, left = 0, list(post_ids)
        for attempt in range(ATTEMPTS):
            names = {"state": 1, "profile": 1, "hour": 1, "voice": 1, "shard": 1}
            found = await self._posts.find({"_id": {"$in": left}}, names).to_list(None)
            known = {post["_id"] for post in found}
            tombs = [{"_id": post_id, "state": "removed"} for post_id in left if early and post_id not in known]
            overtaken = await insert_missing(self._posts, tombs)
            by_profile: dict[str, list[Document]] = {}
            for post in found:
                if post["state"] != "removed":
                    by_profile.setdefault(post["profile"], []).append(post)
            if not by_profile and not overtaken:
                return removed
            await self._mark([post for post in found if post["state"] in {"pending", "counted"}])
            outs = [await self._withdrawing.withdraw(profile_id, posts) for profile_id, posts in by_profile.items()]
            removed += sum(out.removed for out in outs)
            await self._commit([out for out in outs if out.post_ids])
            left = [*overtaken, *(post["_id"] for posts in by_profile.values() for post in posts)]
            if attempt:
                await wait_turn(attempt)
        raise OverloadedError("too many deliveries fold into the same profiles; send this removal again")

    async def _mark(self, posts: Sequence[Document]) -> None:
        by_brand: dict[str, list[str]] = {}
        for post in posts:
            if post["state"] == "pending":
                by_brand.setdefault(brand_of(post["_id"]), []).append(post["_id"])
        for brand, post_ids in by_brand.items():
            await self.folding.settle(brand, post_ids, {})
        if ids := [post["_id"] for post in posts]:
            counted = {"_id": {"$in": ids}, "state": "counted"}
            await self._posts.update_many(counted, {"$set": {"state": "removing"}, "$unset": {"brand": ""}})

    async def _commit(self, outs: Sequence[Out]) -> None:
        """Mark posts that are out of all their ledgers, then let their ids go."""
        by_brand: dict[str, list[Out]] = {}
        for out in outs:
            by_brand.setdefault(brand_of(out.profile_id), []).append(out)
        for brand, same in by_brand.items():
            profile_ids = [out.profile_id for out in same]
            post_ids = [post_id for out in same for post_id in out.post_ids]
            told = await self.folding.totals.settle(brand, profile_ids, self.folding.shard)
            await self._bury([post_id for out in same if not out.erased for post_id in out.post_ids])
            await self._delete([post_id for out in same if out.erased for post_id in out.post_ids])
            release = {"$pullAll": {"withdrawn": post_ids}, "$pull": {"owed": {"id": {"$in": told.ids}}}}
            await self._profiles.update_many({"_id": {"$in": profile_ids}}, release)
            buckets = {bucket for out in same for bucket in out.buckets}
            await self.folding.buckets.release("withdrawn", buckets, post_ids)
            await self.folding.totals.release(told)

    async def _bury(self, post_ids: Sequence[str]) -> None:
        if post_ids:
            await self._posts.update_many({"_id": {"$in": list(post_ids)}, "state": "removing"}, BURIED)

    async def _delete(self, post_ids: Sequence[str]) -> None:
        if post_ids:
            await self._posts.delete_many({"_id": {"$in": list(post_ids)}, "state": "removing"})

    async def _close(self, profile_id: str, through: int, *, early: bool) -> int:
        """Refuse the author's posts up to an hour from now on, and take out what is counted."""
        closed = await self.close(profile_id, through, {"removed": brand_of(profile_id)}, early=early)
        return await self.empty(profile_id) if closed else 0

    async def close(self, profile_id: str, through: int, marks: Mapping[str, Any], *, early: bool = True) -> bool:
        """Let nobody add a post up to an hour from now on; tell whether there is such a profile, `early` makes one."""
        change: Document = {
            "$max": {"through": min(through, LATEST)},
            "$set": {"closing": True, **marks},
            "$inc": {"version": 1},
            "$setOnInsert": {"uncommitted": [], "owed": []},
        }
        try:
            closed = await self._profiles.update_one({"_id": profile_id}, change, upsert=early)
        except DuplicateKeyError:
            closed = await self._profiles.update_one({"_id": profile_id}, change)
        return early or closed.matched_count > 0
