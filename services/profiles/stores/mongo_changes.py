"""Which profiles changed, in MongoDB: numbers that shards give by themselves, levelled where they are read.

A transaction counts the `sequence` of its shard's totals, which it writes anyway, and gives the new number to the
profiles that it changes. Two that write to one shard meet, so a shard's numbers are seen in their order; those of two
shards are not: a fold may still be at work under a lower number than another shard has shown. So a reader first lifts
the shards that lag to the highest number. A transaction that was at work on one of them then meets that write, and is
made again with a number above; from then on nothing comes under the highest number any more. No fold waits for another
shard's: at the most it is made again once for each time that somebody asks.

Numbers of brands are not compared with one another: `at` says in which order readers saw brands change.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from services.profiles.embedding import EmbeddingSpace
from services.profiles.stores.mongo_documents import embedded_of, to_author
from services.profiles.stores.mongo_writes import MongoWrites
from services.profiles.stores.state import FIRST_SHARD, Changes, KnownAuthor
from shared.brand_changes import BrandChanges
from shared.mongo import MongoDatabase, MongoSession, in_transaction, met_another

PIECE: Final = 1000
_COUNTER: Final = ""
"""The id of the document that counts; no brand is called so."""
_PAUSE_SECONDS: Final = 0.01


class MongoChanges:
    """The numbers of changes, in `totals` and `brand_changes`."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use the collections."""
        self._database = database
        self._totals = database["totals"]
        self._brands = database["brand_changes"]

    async def last(self, brand: str) -> int:
        """Return a number that no change which is not seen yet will have, nor a lower one."""
        found = await self._totals.find({"brand": brand}, {"sequence": 1}).to_list(None)
        numbers = {one["_id"]: int(one.get("sequence", 0)) for one in found}
        last = max(numbers.values(), default=0)
        for shard, number in numbers.items():
            if number < last:
                await self._lift(shard, last)
        return last

    async def _lift(self, shard: str, number: int) -> None:
        while True:
            try:
                await self._totals.update_one({"_id": shard}, {"$max": {"sequence": number}})
            except PyMongoError as error:
                if not met_another(error):
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return

    async def after(self, after: int) -> BrandChanges:
        """Return the brands that changed since readers had counted to a number; costs by the number of brands."""
        stages: list[Mapping[str, Any]] = [{"$group": {"_id": "$brand", "sequence": {"$max": "$sequence"}}}]
        highest = {one["_id"]: one["sequence"] or 0 async for one in self._totals.aggregate(stages)}
        seen = {one["_id"]: one.get("sequence", 0) async for one in self._brands.find()}
        if changed := [brand for brand, number in highest.items() if number > seen.get(brand, 0)]:
            numbers = {brand: await self.last(brand) for brand in changed}
            await in_transaction(self._database, lambda session: self._tell(session, numbers))
        # The counter comes first: what is counted later is asked for again.
        counter = await self._brands.find_one({"_id": _COUNTER})
        found = self._brands.find({"at": {"$gt": after}, "_id": {"$ne": _COUNTER}})
        brands = {one["_id"]: one["sequence"] async for one in found}
        return BrandChanges(brands=brands, next=counter["at"] if counter else 0)

    async def _tell(self, session: MongoSession, numbers: Mapping[str, int]) -> None:
        counter = await self._brands.find_one({"_id": _COUNTER}, session=session)
        at = (counter["at"] if counter else 0) + 1
        seen = self._brands.find({"_id": {"$in": list(numbers)}}, session=session)
        known = {one["_id"]: one["sequence"] async for one in seen}
        new = {brand: number for brand, number in numbers.items() if number > known.get(brand, 0)}
        writes = [
            UpdateOne({"_id": brand}, {"$set": {"sequence": number, "at": at}}, upsert=True)
            for brand, number in new.items()
        ]
        if writes:
            await self._brands.update_one({"_id": _COUNTER}, {"$set": {"at": at}}, upsert=True, session=session)
            await self._brands.bulk_write(writes, ordered=False, session=session)

    async def embedding_space(self, brand: str) -> EmbeddingSpace | None:
        """Return the version of the brand's latest posts."""
        posts, latest = Counter[str](), dict[str, int]()
        async for totals in self._totals.find({"brand": brand}, {"embeddings": 1}):
            for version, one in embedded_of(totals).items():
                posts[version] += one.posts
                latest[version] = max(latest.get(version, one.latest), one.latest)
        known = [version for version in latest if posts[version] > 0]
        if not known:
            return None
        chosen = min(known, key=lambda version: (-latest[version], -posts[version], version))
        length = await self._database["embedding_versions"].find_one({"_id": chosen})
        return EmbeddingSpace(chosen, length["dimensions"]) if length else None

    async def bring_up(self, brands: Sequence[str]) -> None:
        """Give a record and a number to every profile that an earlier version wrote without them."""
        for brand in brands:
            while await in_transaction(self._database, partial(self._bring_up_some, brand)):
                pass

    async def _bring_up_some(self, brand: str, session: MongoSession) -> bool:
        query = {"brand": brand, "changed": None}
        found = await self._database["profiles"].find(query, session=session).limit(PIECE).to_list(None)
        known = {one["author_key"]: (KnownAuthor(), to_author(one)) for one in found}
        if known:
            await MongoWrites(self._database, session, brand, FIRST_SHARD).save(Changes(authors=known))
        return bool(known)
