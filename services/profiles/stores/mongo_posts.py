"""Posts in MongoDB: read by key and by date, and forgotten when their time is over.

Key and text are one document, so that a post and its key are written at once. A TTL index would delete the key along
with the text, and a post delivered again would count twice: so texts go by an explicit sweep.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from services.profiles.kept import KeptPost, Place, Sample
from services.profiles.stores.mongo_documents import CONTENT, Document, from_post, key_of, of_brand, to_kept
from services.profiles.texts import StoredText, TextPage, TextQuery
from shared.analyzed_post import Voice
from shared.mongo import MongoDatabase

_TEXT_FIELDS: Final = ("profile", "hour", "body", "text")
_BATCH: Final = 500
"""Posts fetched at once: what one batch is over the bytes of a page is read in vain."""


class MongoPosts:
    """The collection `posts`, outside of transactions."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use the collection."""
        self._posts = database["posts"]

    async def known(self, brand: str, post_keys: Sequence[str]) -> set[str]:
        """Return those of the keys that are known."""
        query = {"_id": {"$in": [f"{brand}|{post_key}" for post_key in post_keys]}}
        return {key_of(post["_id"]) async for post in self._posts.find(query, {"_id": 1})}

    async def sweep(self, before: int, most: int) -> int:
        """Forget text and analysis of up to `most` posts that were stored before a moment; return how many."""
        query = {"stored_at": {"$lt": before}}
        found = await self._posts.find(query, {"_id": 1}).sort("stored_at", 1).limit(most).to_list(None)
        if found:
            due = {"_id": {"$in": [post["_id"] for post in found]}}
            await self._posts.update_many(due, {"$unset": dict.fromkeys(CONTENT, "")})
        return len(found)

    async def redate(self, latest: int, most: int) -> int:
        """Say of up to `most` posts that were stored later than a moment that they were stored then."""
        later = {"stored_at": {"$gt": latest}}
        found = await self._posts.find(later, {"_id": 1}).limit(most).to_list(None)
        if found:
            ids = {"_id": {"$in": [post["_id"] for post in found]}}
            await self._posts.update_many({**ids, **later}, {"$set": {"stored_at": latest}})
        return len(found)

    async def sample(self, brand: str, window: tuple[int, int], most: int, voice: Voice | None) -> Sample:
        """Return the posts of a window with the lowest keys, without embeddings, and how many there are in all."""
        query: Document = {"brand": brand, "hour": {"$gte": window[0], "$lt": window[1]}}
        if voice:
            query["voice"] = voice
        total: int = await self._posts.count_documents(query)
        chosen = await self._posts.find(query, {"_id": 1}).sort("_id", 1).limit(most).to_list(None)
        ids = {"_id": {"$in": [post["_id"] for post in chosen]}, "brand": brand}
        found = await self._posts.find(ids, {"embedding": 0}).sort("_id", 1).to_list(None)
        return Sample(await asyncio.to_thread(lambda: [from_post(document) for document in found]), total)

    async def by_date(self, brand: str, window: tuple[int, int], after: Place | None, limit: int) -> list[KeptPost]:
        """Return a page of the posts of a window, by hour and key."""
        start, end = window
        query: Document = {"brand": brand, "hour": {"$gte": start, "$lt": end}}
        if after is not None:
            later = {"hour": {"$gt": after.hour}}
            same = {"hour": after.hour, "_id": {"$gt": f"{brand}|{after.post_key}"}}
            query = {**query, "hour": {"$gte": max(start, after.hour), "$lt": end}, "$or": [later, same]}
        return await self._kept(query, [("hour", 1), ("_id", 1)], limit)

    async def texts(self, brand: str, query: TextQuery) -> TextPage:
        """Return a page of the posts of a window, by key, as they are stored."""
        ids: Document = {"$gt": f"{brand}|{query.after}", "$lt": f"{brand}}}"}
        if query.post_keys is not None:
            ids["$in"] = [f"{brand}|{post_key}" for post_key in query.post_keys]
        matching = {"brand": brand, "_id": ids, "hour": {"$gte": query.start, "$lt": query.end}}
        names = dict.fromkeys(_TEXT_FIELDS + (("embedding",) if query.embeddings else ()), 1)
        found = self._posts.find(matching, names).sort("_id", 1).limit(query.limit + 1).batch_size(_BATCH)
        posts: list[StoredText] = []
        taken = 0
        async for document in found:
            posts.append(_stored(document))
            if taken >= query.most_bytes:
                break
            taken += posts[-1].size
        return query.page_of(posts)

    async def by_key(self, brand: str, after: str | None, limit: int) -> list[KeptPost]:
        """Return a page of the known posts, by key, expired and removed ones too."""
        return await self._kept({"_id": of_brand(brand, after)}, [("_id", 1)], limit)

    async def _kept(self, query: Document, order: list[tuple[str, int]], limit: int) -> list[KeptPost]:
        found = await self._posts.find(query).sort(order).limit(limit).to_list(None)
        return await asyncio.to_thread(lambda: [to_kept(document) for document in found])


def _stored(document: Document) -> StoredText:
    names = (key_of(document["_id"]), key_of(document["profile"]), document["hour"])
    return StoredText(*names, document["body"], document.get("text"), document.get("embedding"))
