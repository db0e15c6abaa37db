"""Brands as they are kept."""

import json
from datetime import datetime
from typing import Final

from services.ingest.brands.brand import BrandSettings, StoredBrand
from shared.documents.base import Documents
from shared.documents.collection import Collection, Document
from shared.documents.query import Query
from shared.documents.unreadable_row import find_readable, read_document
from shared.errors import NotFoundError

BRANDS: Final = Collection("brands")


class BrandStore:
    """Brands as people declared them, each in its latest version.

    A brand's versions rise by one with each `put`, so that a replica that runs a stream can tell by the number alone
    whether the rules it works by are still the latest. Every operation is all or nothing, also between processes that
    share the store; of two puts at once each gets a version of its own, and the later one stays.

    Operations raise as those of documents do.
    """

    def __init__(self, documents: Documents) -> None:
        """Use an open database with `BRANDS`."""
        self._documents = documents

    async def put(self, brand: str, settings: BrandSettings, now: datetime) -> StoredBrand:
        """Keep the settings in place of what the brand had; return them with the version that they got."""
        document = Document(brand, body_of(now.isoformat(), settings.model_dump_json()))
        kept = await self._documents.update(BRANDS, brand, lambda _: document)
        return _brand(kept or document)

    async def find(self, brand: str) -> StoredBrand:
        """Return a brand; raises NotFoundError where it was not declared."""
        document = await self._documents.get(BRANDS, brand)
        if document is None:
            raise NotFoundError(
                f"brand '{brand}' is not declared; PUT /v1/brands/{brand} does, GET /v1/brands lists those there are"
            )
        return read_document(BRANDS, document, _brand)

    async def versions(self, brands: list[str]) -> dict[str, int]:
        """Return the version of each of `brands` that is there; cheap enough to be asked every few seconds."""
        found = await self._documents.get_all(BRANDS, brands, bodies=False)
        return {document.key: document.version for document in found}

    async def page(self, *, after: str, limit: int) -> list[StoredBrand]:
        """Return up to `limit` brands by name, those that follow `after` alone ("" for the first)."""
        return await find_readable(self._documents, BRANDS, Query(after=(after,)), limit, _brand)


def body_of(updated_at: str, settings: str) -> str:
    """Return what is kept of a brand: a moment in ISO 8601 and settings in JSON."""
    return json.dumps({"updated_at": updated_at, "settings": json.loads(settings)})


def _brand(document: Document) -> StoredBrand:
    kept = json.loads(document.body)
    return StoredBrand(
        brand=document.key,
        version=document.version,
        updated_at=datetime.fromisoformat(kept["updated_at"]),
        settings=BrandSettings.model_validate(kept["settings"]),
    )
