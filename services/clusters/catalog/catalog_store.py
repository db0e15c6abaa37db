"""Where catalogues are kept: a head for each brand, and its products in parts, with the embeddings they have so far."""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.clusters.catalog.product import Product
from shared.clock import Clock
from shared.documents.base import Documents, Operations
from shared.documents.collection import Collection, Document, Index
from shared.documents.query import Query
from shared.documents.unreadable_row import read_document
from shared.errors import NotFoundError

CATALOGS: Final = Collection("catalogs", {"missing": int}, (Index(("missing",)),))
"""One head a brand; `missing` is how many products have no embedding, absent where all have one."""
PARTS: Final = Collection("catalog_parts", {"catalog": str}, (Index(("catalog",)),))
_PART: Final = 200
_MOST_PARTS: Final = 1000
_MOST_WAITING: Final = 100

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class CatalogHead:
    """What is known of a catalogue without its products."""

    brand: str
    edition: str
    products: int
    parts: int
    missing: int
    updated_at: datetime


@dataclass(frozen=True)
class Offer:
    """A product with its embedding, (dimensions,) of length 1, None before it has one."""

    product: Product
    embedding: Vector | None = None
    embedding_version: str | None = None


class CatalogStore:
    """Catalogues by brand, each replaced as a whole. Operations raise as those of documents do."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        """Use an open database with `CATALOGS` and `PARTS`."""
        self._documents = documents
        self._clock = clock

    async def put(self, brand: str, products: Sequence[Product]) -> CatalogHead:
        """Keep products in place of those before, all at once: a failure on the way leaves the catalogue of before."""
        edition = secrets.token_hex(8)
        parts = [products[first : first + _PART] for first in range(0, len(products), _PART)]
        documents = [_part(edition, number, [Offer(product) for product in part]) for number, part in enumerate(parts)]
        head = CatalogHead(brand, edition, len(products), len(parts), len(products), self._clock.now())

        async def swap(operations: Operations) -> None:
            kept = await operations.get(CATALOGS, brand)
            if kept is not None:
                await operations.delete_found(PARTS, Query(("catalog",), (_head(kept).edition,)), _MOST_PARTS)
            await operations.put_all(PARTS, documents)
            await operations.put_all(CATALOGS, [_head_document(head)])

        await self._documents.transaction(swap)
        return head

    async def head(self, brand: str) -> CatalogHead:
        """Return what is known of a brand's catalogue; raises NotFoundError."""
        found = await self._documents.get(CATALOGS, brand)
        if found is None:
            raise NotFoundError(f"{brand} has no catalogue; send one with PUT /v1/brands/{brand}/catalog")
        return read_document(CATALOGS, found, _head)

    async def delete(self, brand: str) -> None:
        """Forget a brand's catalogue; raises NotFoundError."""
        head = await self.head(brand)

        async def remove(operations: Operations) -> None:
            await operations.delete_found(PARTS, Query(("catalog",), (head.edition,)), _MOST_PARTS)
            await operations.delete(CATALOGS, brand)

        await self._documents.transaction(remove)

    async def offers(self, head: CatalogHead, part: int) -> list[Offer]:
        """Return the products of one part; none where the catalogue was replaced meanwhile."""
        found = await self._documents.get(PARTS, _key(head.edition, part))
        return [] if found is None else read_document(PARTS, found, _offers)

    async def some_offers(self, head: CatalogHead, first: int, most: int) -> list[Offer]:
        """Return up to `most` products from the place `first` on."""
        found: list[Offer] = []
        for part in range(first // _PART, head.parts):
            skipped = max(first - part * _PART, 0)
            found += (await self.offers(head, part))[skipped:]
            if len(found) >= most:
                break
        return found[:most]

    async def all_offers(self, head: CatalogHead) -> list[Offer]:
        """Return every product, in the order they were sent in."""
        return [offer for part in range(head.parts) for offer in await self.offers(head, part)]

    async def embed(self, head: CatalogHead, part: int, offers: Sequence[Offer]) -> None:
        """Keep the embeddings of one part; nothing where the catalogue was replaced meanwhile."""
        kept = await self._documents.get(PARTS, _key(head.edition, part))
        if kept is not None:
            await self._documents.replace(PARTS, replace(_part(head.edition, part, offers), version=kept.version))

    async def tell_missing(self, head: CatalogHead, missing: int) -> CatalogHead:
        """Say how many products have no embedding, unless the catalogue was replaced meanwhile; return the head."""

        def told(kept: Document | None) -> Document | None:
            return (
                _head_document(replace(head, missing=missing)) if kept and _head(kept).edition == head.edition else kept
            )

        kept = await self._documents.update(CATALOGS, head.brand, told)
        return head if kept is None else _head(kept)

    async def incomplete(self) -> list[CatalogHead]:
        """Return some catalogues with products that have no embedding."""
        found = await self._documents.find(CATALOGS, Query(("missing",)), _MOST_WAITING)
        return [read_document(CATALOGS, one, _head) for one in found]


def _key(edition: str, part: int) -> str:
    return f"{edition}|{part:05d}"


def _head_document(head: CatalogHead) -> Document:
    body = {**vars(head), "updated_at": head.updated_at.isoformat()}
    return Document(head.brand, json.dumps(body), {"missing": head.missing or None})


def _head(document: Document) -> CatalogHead:
    told: dict[str, Any] = json.loads(document.body)
    return CatalogHead(**{**told, "updated_at": datetime.fromisoformat(told["updated_at"])})


def _part(edition: str, number: int, offers: Sequence[Offer]) -> Document:
    body = [
        {"product": offer.product.model_dump(), "version": offer.embedding_version, "vector": _packed(offer.embedding)}
        for offer in offers
    ]
    return Document(_key(edition, number), json.dumps(body), {"catalog": edition})


def _offers(document: Document) -> list[Offer]:
    return [
        Offer(Product.model_validate(one["product"]), _unpacked(one["vector"]), one["version"])
        for one in json.loads(document.body)
    ]


def _packed(vector: Vector | None) -> str | None:
    return None if vector is None else base64.b64encode(vector.astype("<f2").tobytes()).decode()


def _unpacked(packed: str | None) -> Vector | None:
    if packed is None:
        return None
    vector = np.frombuffer(base64.b64decode(packed), "<f2").astype(np.float32)
    length = float(np.linalg.norm(vector))
    return vector / length if length else None
