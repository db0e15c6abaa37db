"""Posts folded per second into a server that speaks MongoDB's protocol: ours, the limit, and how it used to be done."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from pymongo import InsertOne, ReplaceOne

from bench.profiles.sqlite_rates import BRAND, Batches, in_pairs, rate
from services.profiles.encoding import from_document, to_document
from services.profiles.folding import UNIT, combine, increment_of
from services.profiles.stores.mongo import MongoProfileStore
from shared.analyzed_post import AnalyzedPost
from shared.clock import SystemClock
from shared.mongo import MongoDatabase, open_mongo
from shared.store_url import MongoUrl

COLLECTIONS = ("posts", "profiles", "rollups", "totals")
Documents = dict[str, list[dict[str, Any]]]
"""What is there of a batch once it is folded, by collection."""


async def ours(server: str, batches: Batches) -> float:
    """Return posts per second of `MongoProfileStore.fold`, two batches in flight."""
    async with _database(server) as database:
        store = MongoProfileStore(database, SystemClock())
        await store.prepare()
        started = time.perf_counter()
        await in_pairs([partial(store.fold, BRAND, batch) for batch in batches])
        return rate(batches, started)


async def alone(server: str, batches: Batches, most: int) -> float:
    """Return posts per second of folding each of the first `most` posts by itself."""
    posts = [post for batch in batches for post in batch][:most]
    async with _database(server) as database:
        store = MongoProfileStore(database, SystemClock())
        await store.prepare()
        started = time.perf_counter()
        for post in posts:
            await store.fold(BRAND, [post])
        return len(posts) / (time.perf_counter() - started)


async def together(server: str, batches: Batches, callers: int, replicas: int) -> tuple[float, int]:
    """Return posts per second of callers who deliver to one brand at once, and how often transactions met.

    Callers share the replicas of the service, each of which has a store of its own.
    """
    async with _database(server) as database:
        stores = [MongoProfileStore(database, SystemClock()) for _ in range(replicas)]
        await stores[0].prepare()
        started = time.perf_counter()

        async def deliver(caller: int) -> None:
            for batch in batches[caller::callers]:
                await stores[caller % replicas].fold(BRAND, batch)

        await asyncio.gather(*(deliver(caller) for caller in range(callers)))
        return rate(batches, started), sum(store.conflicts for store in stores)


async def recorded(server: str, batches: Batches) -> list[Documents]:
    """Return what each batch leaves: its posts, and every profile, bucket and total that it changed."""
    found: list[Documents] = []
    async with _database(server) as database:
        store = MongoProfileStore(database, SystemClock())
        await store.prepare()
        before: dict[str, dict[Any, Any]] = {name: {} for name in COLLECTIONS}
        for batch in batches:
            await store.fold(BRAND, batch)
            left: Documents = {}
            for name in COLLECTIONS:
                query = {"_id": {"$in": [f"{BRAND}|{key}" for key in _keys(name, batch)]}} if _keys(name, batch) else {}
                now = {one["_id"]: one async for one in database[name].find(query)}
                left[name] = [one for key, one in now.items() if before[name].get(key) != one]
                before[name] |= now
            found.append(left)
    return found


async def limit(server: str, batches: Batches, written: Sequence[Documents]) -> float:
    """Return posts per second of writing the same documents by one bare, unordered `bulk_write` a collection."""
    async with _database(server) as database:
        await MongoProfileStore(database, SystemClock()).prepare()
        started = time.perf_counter()
        for documents in written:
            for name, left in documents.items():
                if left:
                    await database[name].bulk_write([_writing(name, one) for one in left], ordered=False)
        return rate(batches, started)


async def one_at_a_time(server: str, batches: Batches, most: int) -> float:
    """Return posts per second of finding and updating the profile of each of the first `most` posts by itself."""
    posts = [post for batch in batches for post in batch][:most]
    async with _database(server) as database:
        started = time.perf_counter()
        for post in posts:
            await _update(database, post)
        return len(posts) / (time.perf_counter() - started)


async def _update(database: MongoDatabase, post: AnalyzedPost) -> None:
    if await database["single_posts"].find_one({"_id": post.post_key}):
        return
    found = await database["single_profiles"].find_one({"_id": post.author_key})
    body = to_document(combine(from_document(found) if found else UNIT, increment_of(post)))
    await database["single_posts"].insert_one({"_id": post.post_key, "body": post.model_dump(mode="json")})
    await database["single_profiles"].update_one({"_id": post.author_key}, {"$set": body}, upsert=True)


def _keys(name: str, batch: Iterable[AnalyzedPost]) -> list[str]:
    if name == "posts":
        return [post.post_key for post in batch]
    return [post.author_key for post in batch] if name == "profiles" else []


def _writing(name: str, document: dict[str, Any]) -> InsertOne[Any] | ReplaceOne[Any]:
    if name == "posts":
        return InsertOne(document)
    return ReplaceOne({"_id": document["_id"]}, document, upsert=True)


@asynccontextmanager
async def _database(server: str) -> AsyncIterator[MongoDatabase]:
    name = f"voxpop_bench_{uuid.uuid4().hex}"
    base, _, options = server.partition("?")
    url = f"{base.rstrip('/')}/{name}" + (f"?{options}" if options else "")
    async with open_mongo(MongoUrl(url, name)) as database:
        try:
            yield database
        finally:
            await database.client.drop_database(name)
