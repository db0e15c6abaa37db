"""Profiles in MongoDB, on a replica set: whatever a rule changes is one transaction."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import pymongo
from typing_extensions import override

from services.profiles.embedding import EmbeddingSpace
from services.profiles.feature_page import Beginning, FeatureRows
from services.profiles.kept import KeptBucket, KeptPost, KeptProfile, Place, RemovedAuthor, Sample
from services.profiles.listing import Listing
from services.profiles.profile import Basis, BrandSize, BrandSummary, Profile
from services.profiles.rollup import Bucket, Span
from services.profiles.stores import mongo_listing
from services.profiles.stores.mongo_assignments import cluster_sizes, publish, stage
from services.profiles.stores.mongo_changes import MongoChanges
from services.profiles.stores.mongo_documents import INDEXES, key_of, of_brand
from services.profiles.stores.mongo_group import GroupCommit
from services.profiles.stores.mongo_posts import MongoPosts
from services.profiles.stores.mongo_reads import MongoReads
from services.profiles.stores.mongo_schema import check_schema, keep_schema
from services.profiles.stores.mongo_totals import MongoTotals
from services.profiles.stores.mongo_turns import Turns
from services.profiles.stores.mongo_writes import MongoWrites
from services.profiles.stores.state import NOTHING, Arrival, Result, Rule
from services.profiles.stores.transactions import EVERY_BRAND, PIECE, TransactionalProfileStore
from services.profiles.texts import TextPage, TextQuery
from shared.analyzed_post import Voice
from shared.brand_changes import BrandChanges
from shared.clock import Clock
from shared.mongo import MongoDatabase, MongoSession, answering, check_replica_set, in_transaction

MEETINGS: Final = 2
"""So often a transaction meets others before its process takes turns with them."""
INDEX_SECONDS: Final = 3600.0
"""For an index that a database with many posts lacks; every other operation has the client's deadline."""


class MongoProfileStore(TransactionalProfileStore):
    """`ProfileStore` on one database.

    Within a process one transaction at a time writes to a brand, and takes along whatever waits by then; processes
    write to shards of their own. Where transactions meet all the same, one of them is made again: `conflicts` counts
    that.
    """

    most_removed = 2_000

    def __init__(self, database: MongoDatabase, clock: Clock | None = None) -> None:
        """Use an open database; `prepare` comes before anything else. `clock` tells when a post is stored."""
        super().__init__(clock)
        self.conflicts = 0
        self._database = database
        self._lengths: Mapping[str, int] = {}
        self._turns = Turns(database, self._clock)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._group = GroupCommit(self._transact)
        self._totals = MongoTotals(database)
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
        await keep_schema(self._database)
        await self._turns.prepare()

    @override
    async def _transact(self, brand: str, rule: Callable[[], Rule[Result]], *, rarely: bool = False) -> Result:
        shard, lengths = await self._shard_for(brand), self._lengths

        async def work(session: MongoSession) -> Result:
            nonlocal lengths
            loading = MongoReads(self._database, session, brand, shard, self._lengths)
            asking = rule()
            wanted = next(asking)
            while True:
                loaded = await loading.load(wanted)
                try:
                    wanted = asking.send(loaded)
                except StopIteration as decided:
                    changes, answer = decided.value
                    break
            if changes != NOTHING:
                await MongoWrites(self._database, session, brand, shard).save(changes)
            lengths = loading.lengths
            result: Result = answer
            return result

        async with self._locks[brand]:
            result = await self._in_transaction(work, brand)
        # Only now it is certain that what was read there stays.
        self._lengths = lengths
        return result

    @answering
    async def _shard_for(self, brand: str) -> int:
        """Return where to write, in a brand that erasures know."""
        if brand != EVERY_BRAND:
            await self._totals.register(brand)
        return await self._turns.shard()

    async def _in_transaction(
        self, work: Callable[[MongoSession], Awaitable[Result]], brand: str = EVERY_BRAND
    ) -> Result:
        tries, turn = 0, await self._turn(brand)

        async def trying(session: MongoSession) -> Result:
            nonlocal tries, turn
            tries += 1
            self.conflicts += tries > 1
            if tries > MEETINGS:
                self._turns.meet(brand)
                turn = turn or await self._turn(brand)
            return await work(session)

        try:
            return await in_transaction(self._database, trying)
        finally:
            if turn:
                await self._turns.give_back(brand)

    async def _turn(self, brand: str) -> bool:
        return brand != EVERY_BRAND and await self._turns.wait(brand)

    @override
    async def _fold(self, brand: str, ready: Sequence[Arrival]) -> int:
        return await self._group.fold(brand, ready)

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
        return await self._in_transaction(lambda session: cluster_sizes(self._database, session, brand))

    @override
    @answering
    async def features(self, brand: str, place: Beginning, limit: int, version: str | None = None) -> FeatureRows:
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
    async def stage(self, brand: str, basis: Basis, run_id: str, clusters: Mapping[str, int]) -> int:
        shard = await self._shard_for(brand)
        names, items, staged = {"brand": brand, "basis": basis, "run_id": run_id}, list(clusters.items()), 0
        for start in range(0, len(items), PIECE):
            piece = dict(items[start : start + PIECE])

            async def work(session: MongoSession, piece: dict[str, int] = piece) -> int:
                # An erasure writes the same document: of the two one sees what the other did.
                await self._totals.touch(session, brand, shard)
                return await stage(self._database, session, names, piece)

            staged += await self._in_transaction(work)
        return staged

    @override
    @answering
    async def publish(self, brand: str, basis: Basis, run_id: str, expected: int) -> int:
        return await publish(self._database, brand, basis, run_id, expected)

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
