"""Posts of one author leave their profile and their buckets in MongoDB, each ledger by one guarded update."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.profiles.folding import LATEST, Increment
from services.profiles.rollup import EMPTY, BucketKey, buckets_of, part_from, rolled_up
from services.profiles.stores.mongo_buckets import RESTORED_SHARD, rollup_fields, rollup_in
from services.profiles.stores.mongo_folding import MongoFolding
from services.profiles.stores.mongo_ledgers import ATTEMPTS, SHARDS, Document, Guarded, brand_of, wait_turn
from services.profiles.stores.mongo_posts import FIGURES_ALONE, Entry, bucket_id, entry_of
from services.profiles.stores.mongo_profiles import LASTING, folded_of, profile_fields
from services.profiles.stores.mongo_totals import forget_owed, owed
from services.profiles.withdrawing import Withdrawal, withdraw
from shared.errors import OverloadedError
from shared.mongo import MongoDatabase


@dataclass(frozen=True, slots=True)
class Out:
    """Posts of a profile that are out of all their ledgers and wait for being marked; `removed` left it just now."""

    profile_id: str
    erased: bool
    removed: int
    post_ids: Sequence[str]
    buckets: set[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """A profile, and all posts of its author with the states that they had after it was read."""

    author_key: str
    profile: Document
    states: Mapping[str, str]
    entries: Mapping[str, Entry]

    @property
    def explained(self) -> bool:
        """Tell whether each post in the profile has an analysis, but for those taken out without their figures."""
        known = sum(
            entry.adds is not None and self.is_in(self.profile, post_id) for post_id, entry in self.entries.items()
        )
        return int(self.profile.get("posts", 0)) - int(self.profile.get("remnants", 0)) <= known

    def is_in(self, ledger: Document, post_id: str) -> bool:
        """Tell whether one of the posts is in a ledger that was read before them, if it belongs there at all."""
        state = self.states[post_id]
        if state == "pending":
            return post_id in ledger.get("uncommitted", ())
        return state == "counted" or (state == "removing" and post_id not in ledger.get("withdrawn", ()))


class MongoWithdrawing:
    """Takes posts that are marked removing out of their ledgers."""

    def __init__(self, database: MongoDatabase, folding: MongoFolding) -> None:
        """Use the database, with the buckets, totals and shard of `folding`."""
        self._posts = database["posts"]
        self._profiles = database["profiles"]
        self._folding = folding

    async def withdraw(self, profile_id: str, posts: Sequence[Document]) -> Out:
        """Take those of the posts that are removing out; none is out of all where somebody else was first."""
        buckets = self._folding.buckets
        touched = {bucket for post in posts for bucket in _buckets_of(post)}
        async with buckets.locks.of(brand_of(profile_id)):
            profile: Document = await self._profiles.find_one({"_id": profile_id}) or {}
            ledgers = await buckets.read(touched)
            read = await self._read(profile_id, profile)
            going = [post["_id"] for post in posts if read.states.get(post["_id"]) == "removing"]
            done, complete = await self._leave_profile(read, going)
            updates = await asyncio.to_thread(_departures, read, ledgers, going)
            complete = (not updates or await buckets.write(updates)) and complete
        return Out(profile_id, bool(profile.get("erased")), done, going if complete else [], touched)

    async def drop_unexplained(self, profile_id: str) -> int | None:
        """Take out of a profile what none of its posts explains, and return how many posts that was.

        None where a post has lost its analysis meanwhile, and is to be taken out first.
        """
        for attempt in range(ATTEMPTS):
            profile: Document = await self._profiles.find_one({"_id": profile_id}) or {}
            read = await self._read(profile_id, profile)
            inside = [post_id for post_id in read.entries if read.is_in(profile, post_id)]
            if any(read.entries[post_id].adds is None for post_id in inside):
                return None
            rest = [adds for post_id in inside if (adds := read.entries[post_id].adds)]
            folded = folded_of(profile)
            if folded.posts <= len(rest):
                await self._settle(profile_id)
                return 0
            done = withdraw(folded, profile.get("remnants", 0), [], LATEST, rest)
            if await self._write(profile, done, []):
                await self._settle(profile_id)
                return done.removed
            await wait_turn(attempt)
        raise OverloadedError("too many deliveries fold into the same profiles; send this removal again")

    async def _settle(self, profile_id: str) -> None:
        told = await self._folding.totals.settle(brand_of(profile_id), [profile_id], self._folding.shard)
        await forget_owed(self._profiles, [profile_id], told.ids)
        await self._folding.totals.release(told)

    async def _read(self, profile_id: str, profile: Document) -> Reading:
        found = await self._posts.find({"profile": profile_id}, FIGURES_ALONE).hint([("profile", 1)]).to_list(None)
        entries = await asyncio.to_thread(lambda: {post["_id"]: entry_of(post) for post in found})
        states = {post["_id"]: post["state"] for post in found}
        return Reading(profile_id.partition("|")[2], profile, states, entries)

    async def _leave_profile(self, read: Reading, going: Sequence[str]) -> tuple[int, bool]:
        """Take the posts out of the profile; return how many left it, and whether all are out."""
        taking = [post_id for post_id in going if read.is_in(read.profile, post_id)]
        if not taking or "posts" not in read.profile:
            # A backup may bring posts without the profile that they were in.
            return 0, True
        done = await asyncio.to_thread(_withdrawal, read, set(taking))
        won = await self._write(read.profile, done, taking)
        return (done.removed, True) if won else (0, False)

    async def _write(self, profile: Document, done: Withdrawal, taking: Sequence[str]) -> bool:
        profile_id, version = profile["_id"], profile["version"] + 1
        owing = owed(profile_id, version, self._folding.shard, folded_of(profile), done.left)
        change: Document = {"$push": {"owed": owing}, "$inc": {"version": 1}}
        if taking:
            change["$push"]["withdrawn"] = {"$each": list(taking)}
        if done.left.posts:
            change["$set"] = {**profile_fields(profile_id, done.left), "remnants": done.remnants}
        elif fields := profile.keys() - LASTING:
            change["$unset"] = dict.fromkeys(fields, "")
        guard = {"_id": profile_id, "version": profile["version"]}
        written = await self._profiles.update_one(guard, change)
        return bool(written.matched_count)


def _buckets_of(post: Document) -> set[str]:
    """Return the ids of all shards of the post's buckets: its author may have others of his posts in any."""
    if "hour" not in post:
        return set()
    keys, brand = buckets_of(post["voice"], post["hour"]), brand_of(post["_id"])
    return {bucket_id(brand, key, shard) for key in keys for shard in (*range(SHARDS), RESTORED_SHARD)}


def _withdrawal(read: Reading, taking: set[str]) -> Withdrawal:
    taken: list[Increment] = []
    rest: list[Increment] = []
    for post_id, entry in read.entries.items():
        if entry.adds is not None and read.is_in(read.profile, post_id):
            (taken if post_id in taking else rest).append(entry.adds)
    remnants = read.profile.get("remnants", 0)
    return withdraw(folded_of(read.profile), remnants, taken, len(taking) - len(taken), rest)


def _departures(read: Reading, ledgers: Mapping[str, Document], going: Sequence[str]) -> list[Guarded]:
    """Return the updates by which the posts leave their buckets, and the author those where none of his is left.

    While the author has posts of which nobody knows the hour any more, the author stays in all of them.
    """
    leaving: dict[str, list[str]] = {}
    keys: set[BucketKey] = set()
    for post_id in going:
        for bucket, key in read.entries[post_id].buckets.items():
            keys.add(key)
            if bucket in ledgers and read.is_in(ledgers[bucket], post_id):
                leaving.setdefault(bucket, []).append(post_id)
    staying = {
        key
        for post_id, entry in read.entries.items()
        for bucket, key in entry.buckets.items()
        if bucket in ledgers and post_id not in going and read.is_in(ledgers[bucket], post_id)
    }
    updates: list[Guarded] = []
    for bucket, before in ledgers.items():
        key, ids = BucketKey(before["voice"], before["span"], before["start"]), leaving.get(bucket, [])
        entries = [read.entries[post_id] for post_id in ids]
        part = rolled_up((entry.voice, entry.author_key, entry.adds) for entry in entries if entry.adds)
        whole, gone = rollup_in(before), [read.author_key] if read.explained and key in keys - staying else []
        left = part_from(whole, part.get(key, EMPTY), gone)
        if left != whole:
            change = {"$set": rollup_fields(left), "$push": {"withdrawn": {"$each": ids}}, "$inc": {"version": 1}}
            updates.append(({"_id": bucket, "version": before["version"]}, change))
    return updates
