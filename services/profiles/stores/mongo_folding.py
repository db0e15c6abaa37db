"""Exactly-once folding into MongoDB without transactions: posts pending, then counted.

A post is first inserted as pending, with what it adds. One update then adds the pending posts of an author
to the profile, along with their ids in the profile's `uncommitted`, guarded by the profile's version. After
it the posts are marked counted, and last their ids leave `uncommitted`. So, as long as nothing is removed, at every
moment

    a post is in its profile  <=>  it is marked counted, or its id is in the profile's `uncommitted`.

A folder reads the profile first and the posts' states after. A post that it finds pending and not among
the `uncommitted` was not in the profile at the first read: ids leave `uncommitted` only after their posts
were marked. Had the post been added since, the version would have moved and the guarded update would match
nothing, and the folder starts over. Nobody need know who is still alive: any folder may finish another's
work at any moment, and what a crash left is finished by the same delivery or by the next start.

A profile is never deleted, so no version ever comes back with another content; one without posts has no brand
and is found by nobody (see `mongo_removing`). A profile whose author was removed says in `through` up to which
hour. A folder that finds a post of such an hour pending and not `uncommitted` marks it removed instead of adding it:
the post was not in the profile at the first read, and nobody can add it any more. Whoever read the profile
before `through` was set (or moved) has an older version, and whoever reads it after sees it.
"""

import asyncio
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from services.profiles.encoding import from_contribution, from_document, hour_of, to_contribution, to_document
from services.profiles.folding import LATEST, UNIT, Increment, combine, combine_all, increment_of
from services.profiles.listing import sort_fields
from services.profiles.profile import Profile
from services.profiles.stores.base import FoldCount
from shared.analyzed_post import AnalyzedPost
from shared.errors import OverloadedError
from shared.mongo import MongoDatabase

ATTEMPTS = 60
MAX_WAIT_SECONDS = 0.2
CONCURRENT_UPDATES = 8
REPAIR_BATCH = 500
BURIED = {"$set": {"state": "removed"}, "$unset": {"adds": "", "profile": ""}}
"""What makes a tombstone of a post: its key alone is left."""
NEVER = -LATEST
_DUPLICATE_KEY = 11000

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Round:
    """What one reading allows: profiles to insert, or to update from a version on; by profile the ids that each adds.

    `added` are ids that are in their profile already and wait for being marked; `refused` are ids of posts
    that came after their author's removal.
    """

    inserts: list[Document] = field(default_factory=list)
    updates: list[tuple[Document, Document]] = field(default_factory=list)
    adding: dict[str, list[str]] = field(default_factory=dict)
    added: dict[str, list[str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


class MongoFolding:
    """Folds posts, and finishes folds that were interrupted."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use the collections `posts` and `profiles`."""
        self._posts = database["posts"]
        self._profiles = database["profiles"]

    async def fold(self, brand: str, posts: Sequence[AnalyzedPost]) -> FoldCount:
        """See `ProfileStore.fold`."""
        pending = await asyncio.to_thread(_pending, brand, posts)
        await insert_missing(self._posts, list(pending.values()))
        folded = await self.settle(list(pending), {post["profile"] for post in pending.values()})
        return FoldCount(folded, len(posts) - folded)

    async def counted(self, brand: str, post_keys: Sequence[str]) -> set[str]:
        """See `ProfileStore.counted`: a pending post is not, its delivery made again would finish it."""
        query = {"_id": {"$in": [f"{brand}|{post_key}" for post_key in post_keys]}, "state": {"$ne": "pending"}}
        found = await self._posts.find(query, {"_id": 1}).to_list(None)
        return {post["_id"].removeprefix(f"{brand}|") for post in found}

    async def repair(self) -> None:
        """Finish whatever crashed folds left; harmless beside folds that go on."""
        async for profile in self._profiles.find({"uncommitted": {"$gt": ""}}, {"uncommitted": 1}):
            await self._commit({profile["_id"]: profile["uncommitted"]})
        while left := await self._posts.find({"state": "pending"}, {"profile": 1}).limit(REPAIR_BATCH).to_list(None):
            await self.settle([post["_id"] for post in left], {post["profile"] for post in left})

    async def settle(self, post_ids: Sequence[str], profile_ids: Collection[str]) -> int:
        """Bring pending posts to counted or removed and return how many this call added; raises OverloadedError."""
        counted = 0
        for attempt in range(ATTEMPTS):
            profiles = await self._profiles.find({"_id": {"$in": list(profile_ids)}}).to_list(None)
            query = {"_id": {"$in": list(post_ids)}, "state": "pending"}
            pending = await self._posts.find(query).to_list(None)
            readable = [post for post in pending if post["profile"] in profile_ids]
            plan = await asyncio.to_thread(_plan, profiles, readable)
            won = await self._write(plan)
            await self._commit(_joined(plan.added, {profile: plan.adding[profile] for profile in won}))
            await self._refuse(plan.refused)
            counted += sum(len(plan.adding[profile]) for profile in won)
            done = {*plan.refused, *(post_id for ids in plan.added.values() for post_id in ids)}
            done.update(post_id for profile in won for post_id in plan.adding[profile])
            left = [post for post in pending if post["_id"] not in done]
            if not left:
                return counted
            post_ids, profile_ids = [post["_id"] for post in left], {post["profile"] for post in left}
            await asyncio.sleep(random.uniform(0, min(MAX_WAIT_SECONDS, 0.005 * 2**attempt)))  # noqa: S311 - jitter
        raise OverloadedError("too many deliveries fold into the same profiles; send this one again")

    async def _write(self, plan: Round) -> list[str]:
        """Write the plan's profiles and return the ids of those where nobody else was first."""
        lost = await insert_missing(self._profiles, plan.inserts)
        won = [document["_id"] for document in plan.inserts if document["_id"] not in lost]
        slots = asyncio.Semaphore(CONCURRENT_UPDATES)

        async def update(guard: Document, change: Document) -> None:
            async with slots:
                result = await self._profiles.update_one(guard, change)
            if result.matched_count:
                won.append(guard["_id"])

        try:
            async with asyncio.TaskGroup() as group:
                for guard, change in plan.updates:
                    group.create_task(update(guard, change))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return won

    async def _commit(self, added: Mapping[str, list[str]]) -> None:
        """Mark posts that are in their profiles, then let their ids go."""
        if not added:
            return
        post_ids = [post_id for ids in added.values() for post_id in ids]
        pending = {"_id": {"$in": post_ids}, "state": "pending"}
        await self._posts.update_many(pending, {"$set": {"state": "counted"}})
        released = [UpdateOne({"_id": profile}, {"$pullAll": {"uncommitted": ids}}) for profile, ids in added.items()]
        await self._profiles.bulk_write(released, ordered=False)

    async def _refuse(self, post_ids: Sequence[str]) -> None:
        if post_ids:
            await self._posts.update_many({"_id": {"$in": list(post_ids)}, "state": "pending"}, BURIED)


async def insert_missing(collection: Any, documents: Sequence[Document]) -> set[str]:
    """Insert the documents whose id is not there yet, and return the ids that were."""
    if not documents:
        return set()
    try:
        await collection.bulk_write([InsertOne(document) for document in documents], ordered=False)
    except BulkWriteError as error:
        failures = error.details["writeErrors"]
        if error.details["writeConcernErrors"] or any(item["code"] != _DUPLICATE_KEY for item in failures):
            raise
        return {documents[item["index"]]["_id"] for item in failures}
    return set()


def _pending(brand: str, posts: Sequence[AnalyzedPost]) -> dict[str, Document]:
    pending: dict[str, Document] = {}
    for post in posts:
        post_id = f"{brand}|{post.post_key}"
        if post_id not in pending:
            pending[post_id] = {
                "_id": post_id,
                "profile": f"{brand}|{post.author_key}",
                "key_version": post.key_version,
                "state": "pending",
                "adds": to_contribution(increment_of(post)),
            }
    return pending


def _plan(profiles: Sequence[Document], pending: Sequence[Document]) -> Round:
    by_profile: dict[str, list[Document]] = {}
    for post in pending:
        by_profile.setdefault(post["profile"], []).append(post)
    known = {profile["_id"]: profile for profile in profiles}
    plan = Round()
    for profile_id, posts in by_profile.items():
        before = known.get(profile_id)
        uncommitted = set(before["uncommitted"]) if before else set()
        through = before.get("through", NEVER) if before else NEVER
        outside = [post for post in posts if post["_id"] not in uncommitted]
        plan.refused.extend(post["_id"] for post in outside if hour_of(post["adds"]) <= through)
        new = [post for post in outside if hour_of(post["adds"]) > through]
        if waiting := [post["_id"] for post in posts if post["_id"] in uncommitted]:
            plan.added[profile_id] = waiting
        if new:
            _add(plan, profile_id, before, new)
    return plan


def _add(plan: Round, profile_id: str, before: Document | None, posts: Sequence[Document]) -> None:
    added = combine_all(from_contribution(post["adds"]) for post in posts)
    fields = profile_fields(profile_id, combine(folded_of(before), added))
    plan.adding[profile_id] = ids = [post["_id"] for post in posts]
    if before is None:
        plan.inserts.append({"_id": profile_id, "version": 1, "uncommitted": ids, **fields})
    else:
        change = {"$set": fields, "$push": {"uncommitted": {"$each": ids}}, "$inc": {"version": 1}}
        plan.updates.append(({"_id": profile_id, "version": before["version"]}, change))


def folded_of(profile: Document | None) -> Increment:
    """Return what a profile's document holds; the unit where it is empty, or not there."""
    return from_document(profile) if profile and "posts" in profile else UNIT


def profile_fields(profile_id: str, folded: Increment) -> Document:
    """Return the fields of a profile with posts."""
    brand, _, author_key = profile_id.partition("|")
    names = {"brand": brand, "author_key": author_key}
    return {**names, **to_document(folded), **sort_fields(Profile(brand, author_key, folded))}


def _joined(one: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name: [*one.get(name, ()), *other.get(name, ())] for name in {*one, *other}}
