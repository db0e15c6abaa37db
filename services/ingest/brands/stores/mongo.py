"""Brands in MongoDB, a standalone server included: a document a brand, keyed by its name."""

from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from services.ingest.brands.brand import BrandSettings, StoredBrand
from services.ingest.brands.stores.base import missing
from shared.errors import NotFoundError, OverloadedError
from shared.mongo import MongoDatabase, answering

ATTEMPTS = 5


class MongoBrandStore:
    """`BrandStore` on the collection `brands`."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database."""
        self._brands = database["brands"]

    async def prepare(self) -> None:
        """Make no index: names are the key, and nothing else is looked for."""

    @answering
    async def put(self, brand: str, settings: BrandSettings, now: datetime) -> StoredBrand:
        """See `BrandStore.put`.

        Two first puts of a name may both find no document; the second insert meets the first's key and is tried again.
        """
        kept = {"updated_at": now.isoformat(), "settings": settings.model_dump_json()}
        for _ in range(ATTEMPTS):
            try:
                document = await self._brands.find_one_and_update(
                    {"_id": brand},
                    {"$inc": {"version": 1}, "$set": kept},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError:
                continue
            return _brand(document)
        raise OverloadedError("others put this brand at the same moment; try again")

    @answering
    async def find(self, brand: str) -> StoredBrand:
        """See `BrandStore.find`."""
        document = await self._brands.find_one({"_id": brand})
        if document is None:
            raise NotFoundError(missing(brand))
        return _brand(document)

    @answering
    async def versions(self, brands: list[str]) -> dict[str, int]:
        """See `BrandStore.versions`."""
        cursor = self._brands.find({"_id": {"$in": brands}}, {"version": 1})
        return {document["_id"]: document["version"] async for document in cursor}

    @answering
    async def page(self, *, after: str, limit: int) -> list[StoredBrand]:
        """See `BrandStore.page`."""
        cursor = self._brands.find({"_id": {"$gt": after}}).sort("_id", 1).limit(limit)
        return [_brand(document) async for document in cursor]


def _brand(document: Any) -> StoredBrand:
    return StoredBrand(
        brand=document["_id"],
        version=document["version"],
        updated_at=datetime.fromisoformat(document["updated_at"]),
        settings=BrandSettings.model_validate_json(document["settings"]),
    )
