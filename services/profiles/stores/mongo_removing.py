"""Exactly-once removal from MongoDB without transactions: posts counted, then removing, then removed.

A removal is a fold backwards, and the argument is that of `mongo_folding`. A counted post is first marked
removing. One update then takes the removing posts of an author out of the profile and puts their ids into the
profile's `withdrawn`, guarded by the profile's version. After it the posts are marked removed (and lose what they
added), and last their ids leave `withdrawn`. States only go forward, and removed is the last. So at every moment

    a post is in its profile  <=>  its id is in `uncommitted` and it is pending, or it is counted,
                                   or it is removing and its id is not in `withdrawn`.

A remover reads the profile first and the states of the author's posts after. Take a post that it finds removing
and not `withdrawn`. Ids leave `withdrawn` only after their posts were marked removed, for good, so the post had not
been withdrawn before the first read. It was counted once, so it had been added: before the first read, and
then it was in the profile; or after, and then the version has moved. If somebody else withdrew it after the first read,
the version has moved too. So where the guarded update matches, the post was in the profile and leaves it once.
By the same reading the remover knows of every post of the author whether it was in the profile at that version,
which is what the withdrawal needs: what is left is folded from the posts that stay. (A post that goes from
pending to counted between the reads was in the profile either way, or the version has moved. The states are read in one
pass by the index on `profile`, which a post keeps until it is removed: none is met twice, none passed over.)

A pending post is settled first, by the rules of folding: only a counted post is marked removing. A post that
is not there gets a tombstone, a document in the state removed, which every later insert runs into. Of the
two inserts, the post's and the tombstone's, the server lets one win; the loser reads again.

An author is removed by setting the profile's `through`, which moves the version: from then on no post up to that
hour can be added (see `mongo_folding`). What was added before is then taken out like single posts. `closing`
is set by the same update and leaves when none is left, so that the next start can finish what a crash
interrupted. Whoever set a later `through` meanwhile has set `closing` for itself, and it stays.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence

from pymongo.errors import DuplicateKeyError

from services.profiles.encoding import from_contribution, hour_of
from services.profiles.folding import Increment
from services.profiles.stores.base import RemovalCount
from services.profiles.stores.mongo_folding import (
    ATTEMPTS,
    BURIED,
    MAX_WAIT_SECONDS,
    NEVER,
    Document,
    MongoFolding,
    folded_of,
    insert_missing,
    profile_fields,
)
from services.profiles.withdrawing import Withdrawal, withdraw
from shared.errors import OverloadedError
from shared.mongo import MongoDatabase

BATCH = 2000
"""Posts taken out at once: their ids stand in the profile meanwhile, whose document has a largest size."""
_LASTING = frozenset({"_id", "version", "uncommitted", "withdrawn", "through", "closing"})


class MongoRemoving:
    """Takes posts out of profiles, and finishes removals that were interrupted."""

    def __init__(self, database: MongoDatabase, folding: MongoFolding) -> None:
        """Use the collections `posts` and `profiles`; `folding` settles what is pending."""
        self._posts = database["posts"]
        self._profiles = database["profiles"]
        self._folding = folding

    async def remove(
        self, brand: str, post_keys: Sequence[str], authors: Mapping[str, int], *, early: bool
    ) -> RemovalCount:
        """See `ProfileStore.remove`."""
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
        async for profile in self._profiles.find({"withdrawn": {"$gt": ""}}, {"withdrawn": 1}):
            await self._commit(profile["_id"], profile["withdrawn"])
        while left := await self._posts.find({"state": "removing"}, {"_id": 1}).limit(BATCH).to_list(None):
            await self._take_out([post["_id"] for post in left], early=False)
        async for profile in self._profiles.find({"closing": True}, {"_id": 1}):
            await self._empty(profile["_id"])

    async def _take_out(self, post_ids: Sequence[str], *, early: bool) -> int:
        """Bring the posts to removed and return how many this call took out; raises OverloadedError."""
        removed, left = 0, list(post_ids)
        for attempt in range(ATTEMPTS):
            found = await self._posts.find({"_id": {"$in": left}}, {"state": 1, "profile": 1}).to_list(None)
            known = {post["_id"] for post in found}
            tombs = [{"_id": post_id, "state": "removed"} for post_id in left if early and post_id not in known]
            overtaken = await insert_missing(self._posts, tombs)
            by_profile: dict[str, list[str]] = {}
            for post in found:
                if post["state"] != "removed":
                    by_profile.setdefault(post["profile"], []).append(post["_id"])
            if not by_profile and not overtaken:
                return removed
            await self._mark([post for post in found if post["state"] in {"pending", "counted"}])
            for profile_id, ids in by_profile.items():
                removed += await self._withdraw(profile_id, ids)
            left = [*overtaken, *(post_id for ids in by_profile.values() for post_id in ids)]
            if attempt:
                await asyncio.sleep(random.uniform(0, min(MAX_WAIT_SECONDS, 0.005 * 2**attempt)))  # noqa: S311 - jitter
        raise OverloadedError("too many deliveries fold into the same profiles; send this removal again")

    async def _mark(self, posts: Sequence[Document]) -> None:
        if pending := [post for post in posts if post["state"] == "pending"]:
            await self._folding.settle([post["_id"] for post in pending], {post["profile"] for post in pending})
        if ids := [post["_id"] for post in posts]:
            counted = {"_id": {"$in": ids}, "state": "counted"}
            await self._posts.update_many(counted, {"$set": {"state": "removing"}})

    async def _withdraw(self, profile_id: str, post_ids: Sequence[str]) -> int:
        """Take those of the posts that are removing out of their profile; 0 where somebody else was first."""
        profile: Document = await self._profiles.find_one({"_id": profile_id}) or {}
        posts = (
            await self._posts.find({"profile": profile_id}, {"state": 1, "adds": 1})
            .hint([("profile", 1)])
            .to_list(None)
        )
        wanted, withdrawn = set(post_ids), set(profile.get("withdrawn", ()))
        removing = [post for post in posts if post["state"] == "removing" and post["_id"] in wanted]
        taking = [post["_id"] for post in removing if post["_id"] not in withdrawn]
        gone = [post["_id"] for post in removing if post["_id"] in withdrawn]
        done = None
        if taking:
            done = await asyncio.to_thread(_withdrawal, profile, posts, set(taking))
            change = _change(profile_id, profile, done, taking)
            written = await self._profiles.update_one({"_id": profile_id, "version": profile["version"]}, change)
            if not written.matched_count:
                taking, done = [], None
        await self._commit(profile_id, [*gone, *taking])
        return done.removed if done else 0

    async def _commit(self, profile_id: str, post_ids: Sequence[str]) -> None:
        """Mark posts that are out of their profile, then let their ids go."""
        if post_ids:
            removing = {"_id": {"$in": list(post_ids)}, "state": "removing"}
            await self._posts.update_many(removing, BURIED)
            await self._profiles.update_one({"_id": profile_id}, {"$pullAll": {"withdrawn": list(post_ids)}})

    async def _close(self, profile_id: str, through: int, *, early: bool) -> int:
        """Refuse the author's posts up to an hour from now on, and take out what is counted."""
        change = {
            "$max": {"through": through},
            "$set": {"closing": True},
            "$inc": {"version": 1},
            "$setOnInsert": {"uncommitted": []},
        }
        try:
            closed = await self._profiles.update_one({"_id": profile_id}, change, upsert=early)
        except DuplicateKeyError:
            closed = await self._profiles.update_one({"_id": profile_id}, change)
        return await self._empty(profile_id) if early or closed.matched_count else 0

    async def _empty(self, profile_id: str) -> int:
        """Take out what a removed author's profile still holds, and say that it is done."""
        removed = 0
        while True:
            profile = await self._profiles.find_one({"_id": profile_id}, {"through": 1})
            query = {"profile": profile_id, "state": {"$ne": "removed"}}
            posts = await self._posts.find(query, {"adds.hour": 1, "adds.first_seen": 1, "adds.hours": 1}).to_list(None)
            due = [post["_id"] for post in posts if _hour(post) <= profile["through"]]
            if not due:
                break
            for start in range(0, len(due), BATCH):
                removed += await self._take_out(due[start : start + BATCH], early=False)
        await self._profiles.update_one({"_id": profile_id, "through": profile["through"]}, {"$unset": {"closing": ""}})
        return removed


def _hour(post: Document) -> int:
    """Return a post's hour; one without a contribution was counted long ago."""
    return hour_of(post["adds"]) if "adds" in post else NEVER


def _withdrawal(profile: Document, posts: Sequence[Document], taking: set[str]) -> Withdrawal:
    uncommitted, withdrawn = set(profile["uncommitted"]), set(profile.get("withdrawn", ()))
    inside: dict[str, Increment | None] = {}
    for post in posts:
        state, post_id = post["state"], post["_id"]
        outside = {"pending": post_id not in uncommitted, "removing": post_id in withdrawn}
        if outside.get(state, state == "removed"):
            continue
        inside[post_id] = from_contribution(post["adds"]) if "adds" in post else None
    taken = [adds for post_id, adds in inside.items() if post_id in taking and adds]
    rest = [adds for post_id, adds in inside.items() if post_id not in taking and adds]
    return withdraw(folded_of(profile), profile.get("remnants", 0), taken, len(taking) - len(taken), rest)


def _change(profile_id: str, profile: Document, done: Withdrawal, taking: Sequence[str]) -> Document:
    change: Document = {"$push": {"withdrawn": {"$each": list(taking)}}, "$inc": {"version": 1}}
    if done.left.posts:
        change["$set"] = {**profile_fields(profile_id, done.left), "remnants": done.remnants}
    elif fields := profile.keys() - _LASTING:
        change["$unset"] = dict.fromkeys(fields, "")
    return change
