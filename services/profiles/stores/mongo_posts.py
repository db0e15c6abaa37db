"""Documents of posts in MongoDB: the key, and for a time text and analysis.

Key and text are one document, so that a post and what it adds are inserted at once. A TTL index would delete the
key along with the text, and a post delivered again would count twice: so texts go by an explicit sweep.
The analysis is JSON, since the name of a category may be what no document's key may be. `brand` stands in a document
that is counted and not expired, which is what searches by date look for.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.profiles.contribution import from_contribution
from services.profiles.encoding import from_body, to_body, to_embedding
from services.profiles.folding import Increment, increment_of
from services.profiles.kept import KeptPost, Place, Sample
from services.profiles.rollup import BucketKey, buckets_of
from services.profiles.stores.mongo_ledgers import NEVER, Document, brand_of, of_brand
from shared.analyzed_post import AnalyzedPost, Voice
from shared.mongo import MongoDatabase

_CONTENT = ("adds", "body", "text", "embedding", "hour", "voice", "shard", "stored_at", "brand", "given")
EXPIRED: Document = {"$unset": dict.fromkeys(_CONTENT, "")}
"""What leaves the key of a counted post alone."""
_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
BURIED: Document = {"$set": {"state": "removed"}, "$unset": dict.fromkeys((*_CONTENT, "profile"), "")}
"""What makes a tombstone of a post."""
FIGURES_ALONE = {"text": 0}
"""What need not be read where a post is read for what it adds."""
PROFILES, BUCKETS = "profiles", "buckets"
"""What a restored post is not added to, because a backup brought it: the words of `given`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A post as ledgers know it; `adds` is None, and `hour` NEVER, where its analysis has expired."""

    post_id: str
    profile_id: str
    adds: Increment | None
    hour: int = NEVER
    voice: Voice = "external"
    shard: int | None = 0
    given: frozenset[str] = frozenset()

    @property
    def author_key(self) -> str:
        """Return whose post it is."""
        return self.profile_id.partition("|")[2]

    @property
    def buckets(self) -> dict[str, BucketKey]:
        """Return the buckets that the post belongs to, by the id of their documents."""
        if self.adds is None or self.shard is None:
            return {}
        brand = brand_of(self.post_id)
        return {bucket_id(brand, key, self.shard): key for key in buckets_of(self.voice, self.hour)}


def bucket_id(brand: str, key: BucketKey, shard: int) -> str:
    """Return the id of a bucket's document."""
    return f"{brand}|{key.voice}|{key.span}|{key.start}|{shard}"


def pending_document(
    brand: str, post: AnalyzedPost, stored_at: int, shard: int, given: Sequence[str] = ()
) -> tuple[Document, Entry]:
    """Return the document of a post that is to be counted, and the post as ledgers know it."""
    hour, embedding, body = int(post.hour.timestamp()), to_embedding(post), to_body(post)
    entry = Entry(
        f"{brand}|{post.post_key}",
        f"{brand}|{post.author_key}",
        increment_of(post),
        hour,
        post.voice,
        shard,
        frozenset(given),
    )
    document = {
        "_id": entry.post_id,
        "profile": entry.profile_id,
        "key_version": post.key_version,
        "state": "pending",
        "hour": hour,
        "voice": post.voice,
        "shard": shard,
        "stored_at": stored_at,
    }
    if (text := body.pop("text", None)) is not None:
        document["text"] = text
    document["body"] = _COMPACT.encode(body)
    if embedding is not None:
        document["embedding"] = embedding
    if given:
        document["given"] = list(given)
    return document, entry


def entry_of(document: Mapping[str, Any]) -> Entry:
    """Return the post of a document as ledgers know it; one that an earlier version counted is in no bucket."""
    post_id, profile_id = document["_id"], document["profile"]
    if "body" in document:
        return Entry(
            post_id,
            profile_id,
            increment_of(_post(document)),
            document["hour"],
            document["voice"],
            document["shard"],
            frozenset(document.get("given", ())),
        )
    if "adds" in document:
        adds = from_contribution(document["adds"])
        return Entry(post_id, profile_id, adds, adds.first_seen, shard=0 if document["state"] == "pending" else None)
    return Entry(post_id, profile_id, None)


class MongoPosts:
    """Reads posts by key and by date, and lets their texts expire."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use the collection `posts`."""
        self._posts = database["posts"]

    async def counted(self, brand: str, post_keys: Sequence[str]) -> set[str]:
        """See `ProfileStore.counted`: a pending post is not, its delivery made again would finish it."""
        query = {"_id": {"$in": [f"{brand}|{post_key}" for post_key in post_keys]}, "state": {"$ne": "pending"}}
        found = await self._posts.find(query, {"_id": 1}).to_list(None)
        return {post["_id"].removeprefix(f"{brand}|") for post in found}

    async def sweep(self, before: int, most: int) -> int:
        """See `ProfileStore.sweep`."""
        query = {"stored_at": {"$lt": before}, "state": "counted"}
        found = await self._posts.find(query, {"_id": 1}).sort("stored_at", 1).limit(most).to_list(None)
        if found:
            due = {"_id": {"$in": [post["_id"] for post in found]}, "state": "counted"}
            await self._posts.update_many(due, EXPIRED)
        return len(found)

    async def sample(self, brand: str, stretch: tuple[int, int], most: int, voice: Voice | None) -> Sample:
        """See `ProfileStore.sample`; ids begin with the brand, so their order is that of the keys. No embeddings."""
        query: Document = {"brand": brand, "hour": {"$gte": stretch[0], "$lt": stretch[1]}}
        if voice:
            query["voice"] = voice
        total: int = await self._posts.count_documents(query)
        chosen = await self._posts.find(query, {"_id": 1}).sort("_id", 1).limit(most).to_list(None)
        ids = {"_id": {"$in": [post["_id"] for post in chosen]}, "brand": brand}
        found = await self._posts.find(ids, {"embedding": 0}).sort("_id", 1).to_list(None)
        return Sample(await asyncio.to_thread(lambda: [_post(document) for document in found]), total)

    async def by_date(self, brand: str, stretch: tuple[int, int], after: Place | None, limit: int) -> list[KeptPost]:
        """See `ProfileStore.posts`."""
        start, end = stretch
        query: Document = {"brand": brand, "hour": {"$gte": start, "$lt": end}}
        if after is not None:
            later = {"hour": {"$gt": after.hour}}
            same = {"hour": after.hour, "_id": {"$gt": f"{brand}|{after.post_key}"}}
            query = {**query, "hour": {"$gte": max(start, after.hour), "$lt": end}, "$or": [later, same]}
        found = await self._posts.find(query).sort([("hour", 1), ("_id", 1)]).limit(limit).to_list(None)
        return await asyncio.to_thread(lambda: [_kept(document) for document in found])

    async def by_key(self, brand: str, after: str | None, limit: int) -> list[KeptPost]:
        """See `ProfileStore.kept_posts`; what is half removed is removed, what is half counted not known yet."""
        query = {"_id": of_brand(brand, after), "state": {"$ne": "pending"}}
        found = await self._posts.find(query).sort("_id", 1).limit(limit).to_list(None)
        return await asyncio.to_thread(lambda: [_kept(document) for document in found])


def _kept(document: Document) -> KeptPost:
    post_key, key_version = document["_id"].partition("|")[2], document.get("key_version", 1)
    if document["state"] != "counted":
        return KeptPost(post_key, None, key_version)
    author_key = document["profile"].partition("|")[2]
    if "body" not in document:
        return KeptPost(post_key, author_key, key_version)
    return KeptPost(post_key, author_key, key_version, document["stored_at"], _post(document))


def _post(document: Mapping[str, Any]) -> AnalyzedPost:
    body = json.loads(document["body"])
    if "text" in document:
        body["text"] = document["text"]
    return from_body(body, document.get("embedding"))
