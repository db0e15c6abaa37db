"""Hours and days in MongoDB: the ledgers of posts beside their profiles; `mongo_ledgers` has the argument.

The hour that is now is written by every delivery of a brand. So each bucket has a document for each of a few shards,
which are joined when it is read. A post is given its shard when it is inserted, that of the store which inserts it,
and keeps it: whoever finishes the post adds it there. Within a process one task at a time writes a brand's buckets.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import get_args

from services.profiles.author_sketch import AuthorSketch, without
from services.profiles.encoding import from_bucket, to_bucket
from services.profiles.kept import KeptBucket
from services.profiles.rollup import (
    EMPTY,
    Bucket,
    BucketKey,
    Rollup,
    Span,
    join,
    join_all,
    rolled_up,
)
from services.profiles.stores.mongo_ledgers import (
    ATTEMPTS,
    SHARDS,
    BrandLocks,
    Document,
    Guarded,
    insert_missing,
    of_brand,
    wait_turn,
    write_all,
)
from services.profiles.stores.mongo_posts import BUCKETS, Entry, bucket_id
from shared.analyzed_post import Voice
from shared.errors import OverloadedError
from shared.mongo import MongoDatabase

RESTORED_SHARD = SHARDS
"""The shard of buckets that a backup brought, and of the posts that are in them: nobody folds into it."""
PAGE = 200
"""Buckets read at once where all of a brand are looked through: some megabytes."""
_BOOKS = {"uncommitted": 0, "withdrawn": 0}
Still = Callable[[Sequence[str]], Awaitable[set[str]]]
"""Returns those of the posts that are not marked yet: a read that happens when it is called."""


class MongoBuckets:
    """Buckets in the collection `rollups`."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use the collection."""
        self._rollups = database["rollups"]
        self.locks = BrandLocks()

    async def add(self, brand: str, entries: Sequence[Entry], still: Still) -> None:
        """Add posts that are in their profiles to all their buckets, but for those that somebody has marked since."""
        due = [entry for entry in entries if BUCKETS not in entry.given and entry.buckets]
        if not due:
            return
        async with self.locks.of(brand):
            for attempt in range(ATTEMPTS):
                documents = await self.read({bucket for entry in due for bucket in entry.buckets})
                unmarked = await still([entry.post_id for entry in due])
                left = [entry for entry in due if entry.post_id in unmarked]
                inserts, updates = await asyncio.to_thread(_additions, brand, documents, left)
                if not inserts and not updates:
                    return
                if await write_all(self._rollups, inserts, updates):
                    return
                await wait_turn(attempt)
        raise OverloadedError("too many deliveries add to the same hours; send this one again")

    async def read(self, ids: Collection[str]) -> dict[str, Document]:
        """Return the documents of buckets, with their books."""
        found = self._rollups.find({"_id": {"$in": list(ids)}}) if ids else None
        return {document["_id"]: document async for document in found} if found is not None else {}

    async def write(self, updates: Sequence[Guarded]) -> bool:
        """Make guarded updates and tell whether all matched."""
        return await write_all(self._rollups, [], updates)

    async def release(self, book: str, ids: Collection[str], post_ids: Sequence[str]) -> None:
        """Let posts leave a book (`uncommitted`, `withdrawn`) of these buckets: they are marked."""
        if ids and post_ids:
            await self._rollups.update_many({"_id": {"$in": list(ids)}}, {"$pullAll": {book: list(post_ids)}})

    async def forget(self, brand: str, author_key: str) -> None:
        """Take an author out of the counts of distinct authors of all a brand's buckets."""
        after = None
        while page := await self._page({"_id": of_brand(brand, after)}):
            for attempt in range(ATTEMPTS):
                changed = await asyncio.to_thread(_without, page, author_key)
                if not changed or await self.write(changed):
                    break
                await wait_turn(attempt)
                page = await self._page({"_id": {"$in": [found["_id"] for found in page]}})
            else:
                raise OverloadedError("too many deliveries add to the same hours; send this erasure again")
            after = page[-1]["_id"].removeprefix(f"{brand}|")

    async def _page(self, query: Document) -> list[Document]:
        names = {"version": 1, "theta": 1, "authors": 1}
        found: list[Document] = await self._rollups.find(query, names).sort("_id", 1).limit(PAGE).to_list(None)
        return found

    async def rollups(
        self, brand: str, span: Span, stretch: tuple[int, int], voice: Voice | None, limit: int | None
    ) -> list[Bucket]:
        """See `ProfileStore.rollups`."""
        query: Document = {"brand": brand, "span": span, "start": {"$gte": stretch[0], "$lt": stretch[1]}}
        query.update({"voice": voice} if voice else {}, posts={"$gt": 0})
        cursor = self._rollups.find(query, _BOOKS).sort("start", 1)
        if limit is not None:
            # That many documents hold the wanted buckets, each at most once a voice and shard.
            cursor = cursor.limit(limit * len(get_args(Voice)) * (SHARDS + 1))
        found = await cursor.to_list(None)
        return (await asyncio.to_thread(_by_start, found))[:limit]

    async def kept(self, brand: str) -> list[KeptBucket]:
        """See `ProfileStore.kept_buckets`."""
        found = await self._rollups.find({"brand": brand, "posts": {"$gt": 0}}, _BOOKS).to_list(None)
        return await asyncio.to_thread(_by_key, found)

    async def has_own(self, brand: str) -> bool:
        """Tell whether the brand has a bucket with posts that no backup brought."""
        query = {"_id": of_brand(brand), "posts": {"$gt": 0}, "shard": {"$ne": RESTORED_SHARD}}
        return await self._rollups.find_one(query, {"_id": 1}) is not None

    async def put(self, brand: str, buckets: Iterable[KeptBucket], gone: Collection[str]) -> int:
        """Put those buckets of a backup in place that are new, without authors who are gone, and return how many."""
        documents = [
            {
                "_id": bucket_id(brand, bucket.key, RESTORED_SHARD),
                **_names(brand, bucket.key, RESTORED_SHARD),
                "version": 1,
                "uncommitted": [],
                **rollup_fields(replace(bucket.rollup, authors=without(bucket.rollup.authors, gone))),
            }
            for bucket in buckets
        ]
        return len(documents) - len(await insert_missing(self._rollups, documents))


def rollup_fields(rollup: Rollup) -> Document:
    """Return the fields of a bucket's document that posts add to."""
    return {**to_bucket(rollup), "theta": rollup.authors.theta, "authors": rollup.authors.numbers}


def rollup_in(document: Mapping[str, object] | None) -> Rollup:
    """Return what a bucket's document holds; the unit where there is none."""
    return from_bucket(document, _authors(document)) if document else EMPTY


def _authors(document: Mapping[str, object]) -> AuthorSketch:
    return AuthorSketch(bytes(document["authors"]), int(document["theta"]))  # type: ignore[call-overload]


def _without(documents: Sequence[Document], author_key: str) -> list[Guarded]:
    changed: list[Guarded] = []
    for found in documents:
        known = _authors(found)
        rest = without(known, [author_key])
        if rest.kept < known.kept:
            guard = {"_id": found["_id"], "version": found["version"]}
            changed.append((guard, {"$set": {"authors": rest.numbers}, "$inc": {"version": 1}}))
    return changed


def _names(brand: str, key: BucketKey, shard: int) -> Document:
    return {"brand": brand, "voice": key.voice, "span": key.span, "start": key.start, "shard": shard}


def _additions(
    brand: str, documents: Mapping[str, Document], entries: Sequence[Entry]
) -> tuple[list[Document], list[Guarded]]:
    """Return the documents to insert and the updates that add the posts to those buckets that they are outside of."""
    inside = {bucket: set(document["uncommitted"]) for bucket, document in documents.items()}
    outside: dict[str, list[str]] = {}
    alike: dict[tuple[int, frozenset[Span]], list[Entry]] = {}
    keys: dict[str, tuple[BucketKey, int]] = {}
    for entry in entries:
        shard, missing = entry.shard or 0, set[Span]()
        for bucket, key in entry.buckets.items():
            if entry.post_id not in inside.get(bucket, ()):
                keys[bucket] = (key, shard)
                outside.setdefault(bucket, []).append(entry.post_id)
                missing.add(key.span)
        alike.setdefault((shard, frozenset(missing)), []).append(entry)
    more: dict[str, Rollup] = {}
    for (shard, spans), same in alike.items():
        parts = rolled_up((entry.voice, entry.author_key, entry.adds) for entry in same if entry.adds)
        for key, part in parts.items():
            if key.span in spans:
                bucket = bucket_id(brand, key, shard)
                more[bucket] = join(more.get(bucket, EMPTY), part)
    inserts: list[Document] = []
    updates: list[Guarded] = []
    for bucket, ids in outside.items():
        before = documents.get(bucket)
        fields = rollup_fields(join(rollup_in(before), more[bucket]))
        if before is None:
            names = {"_id": bucket, **_names(brand, *keys[bucket])}
            inserts.append({**names, "version": 1, "uncommitted": ids, **fields})
        else:
            change = {"$set": fields, "$push": {"uncommitted": {"$each": ids}}, "$inc": {"version": 1}}
            updates.append(({"_id": bucket, "version": before["version"]}, change))
    return inserts, updates


def _by_start(documents: Sequence[Document]) -> list[Bucket]:
    return [
        Bucket(start, join_all(rollup_in(document) for document in same))
        for start, same in groupby(documents, lambda document: document["start"])
    ]


def _by_key(documents: Sequence[Document]) -> list[KeptBucket]:
    def key_of(document: Document) -> BucketKey:
        return BucketKey(document["voice"], document["span"], document["start"])

    return [
        KeptBucket(key, join_all(rollup_in(document) for document in same))
        for key, same in groupby(sorted(documents, key=key_of), key_of)
    ]
