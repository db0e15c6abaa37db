"""Profiles in MongoDB, on a replica set: whatever a rule changes is one transaction."""

from collections.abc import Sequence
from typing import Final

import pymongo
from typing_extensions import override

from services.profiles.embedding import EmbeddingSpace
from services.profiles.feature_page import Beginning, FeatureRows, NamedAuthors
from services.profiles.kept import KeptBucket, KeptPost, KeptProfile, Place, RemovedAuthor, Sample
from services.profiles.listing import Listing
from services.profiles.profile import BrandSize, BrandSummary, Profile
from services.profiles.rollup import Bucket, Span
from services.profiles.stores import mongo_assignments, mongo_listing
from services.profiles.stores.mongo_changes import MongoChanges
from services.profiles.stores.mongo_documents import INDEXES, key_of, of_brand
from services.profiles.stores.mongo_posts import MongoPosts
from services.profiles.stores.mongo_schema import check_schema, keep_schema
from services.profiles.stores.mongo_transactions import MongoTransactions
from services.profiles.stores.transactions import PIECE
from services.profiles.texts import TextPage, TextQuery
from shared.analyzed_post import Voice
from shared.brand_changes import BrandChanges
from shared.clock import Clock
from shared.mongo import MongoDatabase, answering, check_replica_set

INDEX_SECONDS: Final = 3600.0
"""For an index that a database with many posts lacks; every other operation has the client's deadline."""


class MongoProfileStore(MongoTransactions):
    """`ProfileStore` on one database."""

    def __init__(self, database: MongoDatabase, clock: Clock | None = None) -> None:
        """Use an open database; `prepare` comes before anything else. `clock` tells when a post is stored."""
        super().__init__(database, clock)
        self._posts = MongoPosts(database)
        self._changes = MongoChanges(database)

    @answering
    async def prepare(self) -> None:
        """Make the indexes; raises SettingsError for a server without transactions and a store of an earlier kind."""
        await check_replica_set(self._database)
        is_earlier = await check_schema(self._database)
        with pymongo.timeout(INDEX_SECONDS):
            for collection, keys, options in INDEXES:
                await self._database[collection].create_index(keys, **options)
            if is_earlier:
                await self._changes.bring_up(await self._totals.registered())
                await mongo_assignments.note_earlier_runs(self._database)
        await keep_schema(self._database)
        await self._turns.prepare()

    @override
    @answering
    async def _brands(self) -> list[str]:
        return await self._totals.registered()

    @override
    @answering
    async def kept_brands(self) -> list[str]:
        return await self._totals.registered()

    @override
    @answering
    async def _forget_keys(self, author_key: str) -> None:
        for brand in await self._totals.registered():
            query = {"profile": f"{brand}|{author_key}"}
            while found := await self._database["posts"].find(query, {"_id": 1}).limit(PIECE).to_list(None):
                await self._database["posts"].delete_many({"_id": {"$in": [one["_id"] for one in found]}})

    @override
    @answering
    async def sweep(self, before: int, most: int) -> int:
        return await self._posts.sweep(before, most)

    @override
    @answering
    async def redate(self, latest: int, most: int) -> int:
        return await self._posts.redate(latest, most)

    @override
    @answering
    async def counted(self, brand: str, post_keys: Sequence[str]) -> set[str]:
        return await self._posts.known(brand, post_keys)

    @override
    @answering
    async def has_brand(self, brand: str) -> bool:
        return await self._database["profiles"].find_one({"brand": brand}, {"_id": 1}) is not None

    @override
    @answering
    async def brands(self, after: str | None, limit: int) -> list[BrandSize]:
        return await self._totals.brands(after, limit)

    @override
    async def summary(self, brand: str) -> BrandSummary | None:
        return await self._in_transaction(lambda session: self._totals.summary(session, brand))

    @override
    async def profile(self, brand: str, author_key: str) -> Profile | None:
        return await self._in_transaction(
            lambda session: mongo_listing.one_profile(self._database, session, brand, author_key)
        )

    @override
    async def profiles(self, listing: Listing) -> list[Profile]:
        return await self._in_transaction(lambda session: mongo_listing.profiles(self._database, session, listing))

    @override
    async def cluster_sizes(self, brand: str) -> dict[str, dict[int, int]]:
        return await self._in_transaction(
            lambda session: mongo_assignments.cluster_sizes(self._database, session, brand)
        )

    @override
    @answering
    async def features(
        self, brand: str, place: Beginning | NamedAuthors, limit: int, version: str | None = None
    ) -> FeatureRows:
        return await mongo_listing.features(self._database, brand, place, limit, version)

    @override
    @answering
    async def embedding_space(self, brand: str) -> EmbeddingSpace | None:
        return await self._changes.embedding_space(brand)

    @override
    @answering
    async def last_change(self, brand: str) -> int:
        return await self._changes.last(brand)

    @override
    @answering
    async def changes(self, after: int) -> BrandChanges:
        return await self._changes.after(after)

    @override
    @answering
    async def rollups(
        self, brand: str, span: Span, start: int, end: int, voice: Voice | None = None, limit: int | None = None
    ) -> list[Bucket]:
        return await self._totals.rollups(brand, span, (start, end), voice, limit)

    @override
    @answering
    async def sample(self, brand: str, start: int, end: int, most: int, voice: Voice | None = None) -> Sample:
        return await self._posts.sample(brand, (start, end), most, voice)

    @override
    @answering
    async def posts(self, brand: str, start: int, end: int, after: Place | None, limit: int) -> list[KeptPost]:
        return await self._posts.by_date(brand, (start, end), after, limit)

    @override
    @answering
    async def texts(self, brand: str, query: TextQuery) -> TextPage:
        return await self._posts.texts(brand, query)

    @override
    @answering
    async def kept_posts(self, brand: str, after: str | None, limit: int) -> list[KeptPost]:
        return await self._posts.by_key(brand, after, limit)

    @override
    async def kept_profiles(self, brand: str, after: str | None, limit: int) -> list[KeptProfile]:
        return await self._in_transaction(
            lambda session: mongo_listing.kept_profiles(self._database, session, brand, after, limit)
        )

    @override
    @answering
    async def kept_buckets(self, brand: str) -> list[KeptBucket]:
        return await self._totals.kept_buckets(brand)

    @override
    @answering
    async def removed_authors(self, brand: str, after: str | None, limit: int) -> list[RemovedAuthor]:
        query = {"removed": brand, "_id": of_brand(brand, after)}
        found = await self._database["profiles"].find(query, {"through": 1}).sort("_id", 1).limit(limit).to_list(None)
        return [RemovedAuthor(key_of(one["_id"]), one["through"]) for one in found]

    @override
    @answering
    async def erased_authors(self, after: str | None, limit: int) -> list[str]:
        found = self._database["erased"].find({"_id": {"$gt": after or ""}}).sort("_id", 1).limit(limit)
        return [one["_id"] async for one in found]

    @override
    @answering
    async def embedding_lengths(self) -> dict[str, int]:
        return {one["_id"]: one["dimensions"] async for one in self._database["embedding_versions"].find()}

    @override
    @answering
    async def check_ready(self) -> None:
        await self._database.command("ping")
