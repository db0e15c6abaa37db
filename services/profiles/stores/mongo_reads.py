"""What rules want to know, read from MongoDB inside a transaction."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.profiles.rollup import Rollup
from services.profiles.stores.mongo_documents import (
    Document,
    bucket_id,
    from_rollup,
    key_of,
    of_brand,
    sharded_key,
    to_author,
    to_counted,
)
from services.profiles.stores.state import (
    NEVER,
    TOMBSTONE,
    Counted,
    KnownAuthor,
    Loaded,
    Part,
    PostsOf,
    ShardedKey,
    Wanted,
)
from shared.analyzed_post import Voice
from shared.mongo import MongoDatabase, MongoSession

SHARDS = 8
"""So many processes may write to one brand without meeting; the first shard takes what a backup brings, too."""
PAGE = 200
"""Buckets read at once where all of a brand are looked through: some megabytes."""
_NO_TEXT = {"text": 0}
_PRESENT: dict[Part, str] = {"profiles": "profiles", "buckets": "rollups"}


class MongoReads:
    """Reads of one transaction."""

    def __init__(
        self, database: MongoDatabase, session: MongoSession, brand: str, shard: int, lengths: Mapping[str, int]
    ) -> None:
        """Read what a brand has, as of the session's transaction.

        `shard` is where its writer adds; `lengths` are those of embeddings that the process has read before, which
        never change.
        """
        self._database = database
        self._session = session
        self._brand = brand
        self._shard = shard
        self.lengths = lengths

    async def load(self, wanted: Wanted) -> Loaded:
        """Return what a rule wants to know."""
        return Loaded(
            known=await self._known(wanted.post_keys),
            authors=await self._authors(wanted.authors),
            posts=await self._posts(wanted.posts),
            hours={author_key: await self._hours(author_key) for author_key in wanted.hours},
            buckets=await self._buckets(wanted),
            shard=self._shard,
            lengths=await self._lengths(wanted.lengths),
            parts=await self._parts() if wanted.parts else (),
            present=await self._present() if wanted.parts else (),
            assignments=await self._assignments(wanted.assignments) if wanted.assignments else 0,
        )

    async def _find(self, collection: str, query: Mapping[str, Any], names: Mapping[str, Any] | None = None) -> Any:
        return await self._database[collection].find(query, names, session=self._session).to_list(None)

    async def _find_ids(
        self, collection: str, ids: Collection[str], names: Mapping[str, Any] | None = None
    ) -> list[Document]:
        found: list[Document] = await self._find(collection, {"_id": {"$in": list(ids)}}, names) if ids else []
        return found

    async def _known(self, post_keys: Collection[str]) -> dict[str, str]:
        ids = [f"{self._brand}|{post_key}" for post_key in post_keys]
        return {
            key_of(post["_id"]): key_of(post["profile"]) if "profile" in post else TOMBSTONE
            for post in await self._find_ids("posts", ids, {"profile": 1})
        }

    async def _authors(self, author_keys: Collection[str]) -> dict[str, KnownAuthor]:
        if not author_keys:
            return {}
        erased = {one["_id"] for one in await self._find_ids("erased", author_keys)}
        profiles = await self._find_ids("profiles", [f"{self._brand}|{key}" for key in author_keys])

        def decoded() -> dict[str, KnownAuthor]:
            by_id = {profile["_id"]: profile for profile in profiles}
            return {key: to_author(by_id.get(f"{self._brand}|{key}"), erased=key in erased) for key in author_keys}

        return await asyncio.to_thread(decoded)

    async def _posts(self, wanted: Sequence[PostsOf]) -> dict[str, dict[str, Counted]]:
        found: dict[str, dict[str, Counted]] = {}
        for one in wanted:
            found.setdefault(one.author_key, {}).update(await self._posts_of(one))
        return found

    async def _posts_of(self, wanted: PostsOf) -> dict[str, Counted]:
        profile = f"{self._brand}|{wanted.author_key}"
        if wanted.post_keys is not None:
            documents = await self._find_ids("posts", [f"{self._brand}|{one}" for one in wanted.post_keys], _NO_TEXT)
        else:
            hours = {"$gt": NEVER} if wanted.hours is None else {"$in": list(wanted.hours)}
            cursor = self._database["posts"].find({"profile": profile, "hour": hours}, _NO_TEXT, session=self._session)
            documents = await cursor.limit(wanted.limit or 0).to_list(None)

        def decoded() -> dict[str, Counted]:
            own = [one for one in documents if one.get("profile") == profile and "body" in one]
            return {key_of(one["_id"]): to_counted(one) for one in own}

        return await asyncio.to_thread(decoded)

    async def _hours(self, author_key: str) -> Counter[tuple[Voice, int]]:
        """Count by the index alone."""
        stages: list[Document] = [
            {"$match": {"profile": f"{self._brand}|{author_key}", "hour": {"$gt": NEVER}}},
            {"$group": {"_id": {"voice": "$voice", "hour": "$hour"}, "posts": {"$sum": 1}}},
        ]
        found = await self._database["posts"].aggregate(stages, session=self._session).to_list(None)
        return Counter({(one["_id"]["voice"], one["_id"]["hour"]): one["posts"] for one in found})

    async def _buckets(self, wanted: Wanted) -> dict[ShardedKey, Rollup]:
        if wanted.buckets_after is not None:
            after = None if wanted.buckets_after == "first" else bucket_id(self._brand, wanted.buckets_after)
            query = {"_id": of_brand(self._brand, after and key_of(after))}
            cursor = self._database["rollups"].find(query, session=self._session).sort("_id", 1).limit(PAGE)
            documents = await cursor.to_list(None)
        else:
            shards = range(SHARDS) if wanted.every_shard else (self._shard,)
            ids = [bucket_id(self._brand, (key, shard)) for key in wanted.buckets for shard in shards]
            documents = await self._find_ids("rollups", ids)
        return await asyncio.to_thread(lambda: {sharded_key(one): from_rollup(one) for one in documents})

    async def _lengths(self, versions: Collection[str]) -> Mapping[str, int]:
        if not self.lengths.keys() >= set(versions):
            self.lengths = {one["_id"]: one["dimensions"] for one in await self._find("embedding_versions", {})}
        return self.lengths

    async def _parts(self) -> list[Part]:
        parts = list[Part](_PRESENT)
        found = {
            one["_id"] for one in await self._find_ids("restorations", [f"{self._brand}|{part}" for part in parts])
        }
        return [part for part in parts if f"{self._brand}|{part}" in found]

    async def _present(self) -> list[Part]:
        async def has(collection: str) -> bool:
            query = {"brand": self._brand}
            return await self._database[collection].find_one(query, {"_id": 1}, session=self._session) is not None

        return [part for part, collection in _PRESENT.items() if await has(collection)]

    async def _assignments(self, author_key: str) -> int:
        query = {"profile": f"{self._brand}|{author_key}"}
        return int(await self._database["assignments"].count_documents(query, session=self._session))
