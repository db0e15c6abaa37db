"""A brand's totals in MongoDB: kept along with its profiles, so that a summary costs by shards, not by profiles.

Every update of a profile puts what it changes in the brand's totals into the profile's `owed`, under an id of its own:
the author's key and the profile's new version. One update of the totals then adds what is owed, along with the ids in
the totals' `applied`, guarded by the totals' version. After it the entries leave `owed`, and last their ids leave
`applied`. So at every moment

    a change is in the totals  <=>  its id is in `applied`, or it has left `owed`.

Whoever settles what is owed reads the totals first and the profiles after. A change found in `owed` and not in
`applied` was not in the totals at the first read, since ids leave `applied` only after their entries left `owed`, for
good; had it been added since, the totals' version would have moved. An entry names its shard of the totals, so whoever
finishes it uses the same. Posts are marked counted or removed only after what their profile owes is settled.

Totals lag behind profiles by what is under way, and never by anything that a call has returned for.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.profiles.author_sketch import NOBODY
from services.profiles.encoding import from_bucket, to_bucket
from services.profiles.folding import Increment
from services.profiles.profile import BrandSize, BrandSummary
from services.profiles.rollup import EMPTY, Rollup, join, join_all, part_from
from services.profiles.stores.mongo_ledgers import (
    ATTEMPTS,
    BrandLocks,
    Document,
    Guarded,
    brand_of,
    wait_turn,
    write_all,
)
from shared.errors import OverloadedError
from shared.mongo import MongoDatabase


@dataclass(frozen=True, slots=True)
class Told:
    """What the totals hold now: ids by the document of the totals; they are to leave `owed` first, `applied` last."""

    applied: dict[str, list[str]] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        """Return all ids."""
        return [change_id for ids in self.applied.values() for change_id in ids]

    def by_profile(self, brand: str) -> dict[str, list[str]]:
        """Return the ids by the profile that owed them."""
        found: dict[str, list[str]] = {}
        for change_id in self.ids:
            found.setdefault(f"{brand}|{change_id.partition('|')[0]}", []).append(change_id)
        return found


def owed(profile_id: str, version: int, shard: int, before: Increment, after: Increment) -> Document:
    """Return what an update of a profile to `version` changes in its brand's totals."""
    change = part_from(_of_profile(after), _of_profile(before), ())
    author_key = profile_id.partition("|")[2]
    profiles = int(after.posts > 0) - int(before.posts > 0)
    return {"id": f"{author_key}|{version}", "shard": shard, "profiles": profiles, **to_bucket(change)}


class MongoTotals:
    """Totals of brands in the collection `totals`, a document for each brand and shard."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use the collections `totals` and `profiles`."""
        self._totals = database["totals"]
        self._profiles = database["profiles"]
        self._locks = BrandLocks()

    async def settle(self, brand: str, profile_ids: Collection[str], shard: int) -> Told:
        """Add what these profiles of a brand owe, most of it to one shard, and return what they owed."""
        async with self._locks.of(brand):
            shards = {shard}
            for attempt in range(ATTEMPTS):
                query = {"_id": {"$in": [f"{brand}|{number}" for number in shards]}}
                totals = {found["shard"]: found async for found in self._totals.find(query)}
                by_shard = await self._owed(profile_ids)
                inserts, updates = _additions(brand, by_shard, shards, totals)
                complete = await write_all(self._totals, inserts, updates) if inserts or updates else True
                if complete and by_shard.keys() <= shards:
                    ids = {f"{brand}|{number}": [one["id"] for one in found] for number, found in by_shard.items()}
                    return Told(ids)
                shards |= by_shard.keys()
                if not complete:
                    await wait_turn(attempt)
        raise OverloadedError("too many deliveries change the same totals; send this one again")

    async def release(self, told: Told) -> None:
        """Let the ids go of what has left `owed`."""
        for total_id, ids in told.applied.items():
            await self._totals.update_one({"_id": total_id}, {"$pullAll": {"applied": ids}})

    async def tidy(self) -> None:
        """Finish what crashes left: changes that are owed, and ids of changes that no profile owes any more."""
        by_brand: dict[str, list[str]] = {}
        async for profile in self._profiles.find({"owed.0.id": {"$exists": True}}, {"_id": 1}):
            by_brand.setdefault(brand_of(profile["_id"]), []).append(profile["_id"])
        for brand, profile_ids in by_brand.items():
            told = await self.settle(brand, profile_ids, 0)
            await forget_owed(self._profiles, profile_ids, told.ids)
            await self.release(told)
        async for total in self._totals.find({"applied": {"$gt": ""}}, {"applied": 1}):
            brand, ids = brand_of(total["_id"]), total["applied"]
            still = await self._owed({f"{brand}|{change_id.partition('|')[0]}" for change_id in ids})
            waiting = {one["id"] for found in still.values() for one in found}
            await self.release(Told({total["_id"]: [one for one in ids if one not in waiting]}))

    async def brands(self, after: str | None, limit: int) -> list[BrandSize]:
        """See `ProfileStore.brands`."""
        stages: list[Document] = [
            {"$match": {"brand": {"$gt": after or ""}}},
            {"$group": {"_id": "$brand", "profiles": {"$sum": "$profiles"}, "posts": {"$sum": "$posts"}}},
            {"$match": {"profiles": {"$gt": 0}}},
            {"$sort": {"_id": 1}},
            {"$limit": limit},
        ]
        return [BrandSize(row["_id"], row["profiles"], row["posts"]) async for row in self._totals.aggregate(stages)]

    async def summary(self, brand: str) -> BrandSummary | None:
        """See `ProfileStore.summary`; first and last hour are found by the indexes of profiles."""
        documents = await self._totals.find({"brand": brand}, {"applied": 0}).to_list(None)
        total, profiles = (
            join_all(_rollup(document) for document in documents),
            sum(one["profiles"] for one in documents),
        )
        first, last = await self._end(brand, "first_seen", 1), await self._end(brand, "last_seen", -1)
        if profiles <= 0 or first is None or last is None:
            return None
        return BrandSummary(
            brand=brand,
            profiles=profiles,
            posts=total.posts,
            scored_posts=total.scored_posts,
            score_sum=total.score_sum,
            labels=total.labels,
            languages=total.languages,
            first_seen=first,
            last_seen=last,
        )

    async def _end(self, brand: str, name: str, direction: int) -> int | None:
        found = await self._profiles.find({"brand": brand}, {name: 1}).sort(name, direction).limit(1).to_list(1)
        return int(found[0][name]) if found else None

    async def _owed(self, profile_ids: Iterable[str]) -> dict[int, list[Document]]:
        by_shard: dict[int, list[Document]] = {}
        async for profile in self._profiles.find({"_id": {"$in": list(profile_ids)}}, {"owed": 1}):
            for one in profile.get("owed", ()):
                by_shard.setdefault(one["shard"], []).append(one)
        return by_shard


async def forget_owed(profiles: Any, profile_ids: Iterable[str], ids: Sequence[str]) -> None:
    """Let entries leave `owed` that the totals have."""
    if ids:
        change = {"$pull": {"owed": {"id": {"$in": list(ids)}}}}
        await profiles.update_many({"_id": {"$in": list(profile_ids)}}, change)


def _additions(
    brand: str, by_shard: dict[int, list[Document]], shards: set[int], totals: dict[int, Document]
) -> tuple[list[Document], list[Guarded]]:
    inserts: list[Document] = []
    updates: list[Guarded] = []
    for shard in shards & by_shard.keys():
        before = totals.get(shard)
        applied = set(before["applied"]) if before else set()
        new = [one for one in by_shard[shard] if one["id"] not in applied]
        if not new:
            continue
        more, ids = join_all(_rollup(one) for one in new), [one["id"] for one in new]
        profiles = sum(one["profiles"] for one in new)
        if before is None:
            names = {"_id": f"{brand}|{shard}", "brand": brand, "shard": shard, "version": 1, "applied": ids}
            inserts.append({**names, "profiles": profiles, **to_bucket(more)})
        else:
            fields = {"profiles": before["profiles"] + profiles, **to_bucket(join(_rollup(before), more))}
            change = {"$set": fields, "$push": {"applied": {"$each": ids}}, "$inc": {"version": 1}}
            updates.append(({"_id": before["_id"], "version": before["version"]}, change))
    return inserts, updates


def _of_profile(folded: Increment) -> Rollup:
    return replace(
        EMPTY,
        posts=folded.posts,
        scored_posts=folded.scored_posts,
        score_sum=folded.score_sum,
        labels=folded.labels,
        languages=folded.languages,
    )


def _rollup(document: Document) -> Rollup:
    return from_bucket(document, NOBODY)
