"""Profiles in MongoDB, a standalone server included: no operation needs a transaction."""

import random
from collections.abc import Mapping, Sequence

import pymongo

from services.profiles.kept import Erased, KeptBucket, KeptPost, KeptProfile, Place, RemovedAuthor, Sample
from services.profiles.listing import Listing
from services.profiles.profile import Basis, BrandSize, BrandSummary, Profile
from services.profiles.rollup import Bucket, Span
from services.profiles.stores.base import FoldCount, RemovalCount
from services.profiles.stores.mongo_assignments import MongoAssignments
from services.profiles.stores.mongo_erasing import MongoErasing
from services.profiles.stores.mongo_folding import MongoFolding
from services.profiles.stores.mongo_ledgers import SHARDS
from services.profiles.stores.mongo_listing import MongoListing
from services.profiles.stores.mongo_migrating import MongoMigration
from services.profiles.stores.mongo_posts import MongoPosts
from services.profiles.stores.mongo_queries import INDEXES
from services.profiles.stores.mongo_removing import MongoRemoving
from services.profiles.stores.mongo_restoring import MongoRestoring
from services.profiles.stores.mongo_tidying import tidy
from shared.analyzed_post import AnalyzedPost, Voice
from shared.clock import Clock, SystemClock
from shared.mongo import MongoDatabase, answering

INDEX_SECONDS = 3600.0
"""For an index that a database with many posts lacks; every other operation has the client's deadline."""


class MongoProfileStore:
    """`ProfileStore` on one database; `mongo_ledgers` tells how a post is counted, and how it goes."""

    def __init__(self, database: MongoDatabase, clock: Clock | None = None) -> None:
        """Use an open database; `prepare` is due before anything else. `clock` tells when a post is stored."""
        self._database = database
        self._clock = clock or SystemClock()
        self._folding = MongoFolding(database, random.randrange(SHARDS))  # noqa: S311 - any will do
        self._removing = MongoRemoving(database, self._folding)
        self._erasing = MongoErasing(database, self._folding, self._removing)
        self._assignments = MongoAssignments(database)
        self._listing = MongoListing(database, self._assignments)
        self._restoring = MongoRestoring(database, self._removing, self._assignments)
        self._posts = MongoPosts(database)

    @answering
    async def prepare(self) -> None:
        """Make the indexes, bring an older database to this version, and finish what a crash interrupted."""
        with pymongo.timeout(INDEX_SECONDS):
            for collection, keys, options in INDEXES:
                await self._database[collection].create_index(keys, **options)
        await MongoMigration(self._database, self._folding, self._clock).run()
        await self._folding.repair()
        await self._removing.repair()
        await self._erasing.repair()
        await tidy(self._database, self._folding.totals)

    @answering
    async def fold(self, brand: str, posts: Sequence[AnalyzedPost]) -> FoldCount:
        """See `ProfileStore.fold`."""
        stored_at = int(self._clock.now().timestamp())
        return await self._folding.fold(brand, [(post, stored_at) for post in posts])

    @answering
    async def remove(
        self, brand: str, post_keys: Sequence[str], authors: Mapping[str, int], *, early: bool = True
    ) -> RemovalCount:
        """See `ProfileStore.remove`."""
        return await self._removing.remove(brand, post_keys, authors, early=early)

    @answering
    async def erase(self, author_key: str) -> list[Erased]:
        """See `ProfileStore.erase`."""
        return await self._erasing.erase(author_key)

    @answering
    async def sweep(self, before: int, most: int) -> int:
        """See `ProfileStore.sweep`."""
        return await self._posts.sweep(before, most)

    @answering
    async def counted(self, brand: str, post_keys: Sequence[str]) -> set[str]:
        """See `ProfileStore.counted`."""
        return await self._posts.counted(brand, post_keys)

    @answering
    async def has_brand(self, brand: str) -> bool:
        """See `ProfileStore.has_brand`."""
        return await self._database["profiles"].find_one({"brand": brand}, {"_id": 1}) is not None

    @answering
    async def brands(self, after: str | None, limit: int) -> list[BrandSize]:
        """See `ProfileStore.brands`."""
        return await self._folding.totals.brands(after, limit)

    @answering
    async def summary(self, brand: str) -> BrandSummary | None:
        """See `ProfileStore.summary`."""
        return await self._folding.totals.summary(brand)

    @answering
    async def profile(self, brand: str, author_key: str) -> Profile | None:
        """See `ProfileStore.profile`."""
        return await self._listing.profile(brand, author_key)

    @answering
    async def profiles(self, listing: Listing) -> list[Profile]:
        """See `ProfileStore.profiles`."""
        return await self._listing.profiles(listing)

    @answering
    async def features(self, brand: str, after: str | None, limit: int) -> list[Profile]:
        """See `ProfileStore.features`."""
        return await self._listing.features(brand, after, limit)

    @answering
    async def stage(self, brand: str, basis: Basis, run_id: str, clusters: Mapping[str, int]) -> int:
        """See `ProfileStore.stage`."""
        return await self._assignments.stage(brand, basis, run_id, clusters)

    @answering
    async def publish(self, brand: str, basis: Basis, run_id: str, expected: int) -> int:
        """See `ProfileStore.publish`."""
        return await self._assignments.publish(brand, basis, run_id, expected)

    @answering
    async def rollups(
        self, brand: str, span: Span, start: int, end: int, voice: Voice | None = None, limit: int | None = None
    ) -> list[Bucket]:
        """See `ProfileStore.rollups`."""
        return await self._folding.buckets.rollups(brand, span, (start, end), voice, limit)

    @answering
    async def sample(self, brand: str, start: int, end: int, most: int, voice: Voice | None = None) -> Sample:
        """See `ProfileStore.sample`."""
        return await self._posts.sample(brand, (start, end), most, voice)

    @answering
    async def posts(self, brand: str, start: int, end: int, after: Place | None, limit: int) -> list[KeptPost]:
        """See `ProfileStore.posts`."""
        return await self._posts.by_date(brand, (start, end), after, limit)

    @answering
    async def kept_posts(self, brand: str, after: str | None, limit: int) -> list[KeptPost]:
        """See `ProfileStore.kept_posts`."""
        return await self._posts.by_key(brand, after, limit)

    @answering
    async def kept_profiles(self, brand: str, after: str | None, limit: int) -> list[KeptProfile]:
        """See `ProfileStore.kept_profiles`."""
        return await self._restoring.kept_profiles(brand, after, limit)

    @answering
    async def kept_buckets(self, brand: str) -> list[KeptBucket]:
        """See `ProfileStore.kept_buckets`."""
        return await self._folding.buckets.kept(brand)

    @answering
    async def removed_authors(self, brand: str, after: str | None, limit: int) -> list[RemovedAuthor]:
        """See `ProfileStore.removed_authors`."""
        return await self._restoring.removed_authors(brand, after, limit)

    @answering
    async def erased_authors(self, after: str | None, limit: int) -> list[str]:
        """See `ProfileStore.erased_authors`."""
        return await self._folding.authors.all_erased(after, limit)

    @answering
    async def embedding_lengths(self) -> dict[str, int]:
        """See `ProfileStore.embedding_lengths`."""
        return await self._folding.lengths.all()

    @answering
    async def restore_profiles(self, brand: str, profiles: Sequence[KeptProfile]) -> int:
        """See `ProfileStore.restore_profiles`."""
        return await self._restoring.restore_profiles(brand, profiles)

    @answering
    async def restore_buckets(self, brand: str, buckets: Sequence[KeptBucket]) -> int:
        """See `ProfileStore.restore_buckets`."""
        return await self._restoring.restore_buckets(brand, buckets)

    @answering
    async def restore_posts(self, brand: str, posts: Sequence[KeptPost]) -> FoldCount:
        """See `ProfileStore.restore_posts`."""
        return await self._restoring.restore_posts(brand, posts)

    @answering
    async def restore_removals(self, brand: str, removed: Sequence[RemovedAuthor], erased: Sequence[str]) -> None:
        """See `ProfileStore.restore_removals`."""
        await self._restoring.restore_removals(brand, removed, erased)

    @answering
    async def check_ready(self) -> None:
        """See `ProfileStore.check_ready`."""
        await self._database.command("ping")
