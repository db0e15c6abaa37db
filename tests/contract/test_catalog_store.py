"""The contract of `CatalogStore`, on SQLite and on MongoDB."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from services.clusters.catalog.catalog_store import CATALOGS, PARTS, CatalogHead, CatalogStore, Offer
from services.clusters.catalog.product import Product
from shared.documents.backend import open_documents
from shared.documents.base import Documents
from shared.documents.query import Query
from shared.errors import NotFoundError
from shared.store_url import MongoUrl, SqliteUrl
from tests.unit.ingest.virtual_clock import VirtualClock


@pytest.fixture
async def documents(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[Documents]:
    """Yield an empty database of catalogues."""
    async with open_documents(store_url, [CATALOGS, PARTS]) as opened:
        yield opened


@pytest.fixture
def store(documents: Documents) -> CatalogStore:
    """Return a store of catalogues in it."""
    return CatalogStore(documents, VirtualClock())


def products(count: int, title: str = "Bag") -> list[Product]:
    """Return some products."""
    return [Product(id=str(number), title=f"{title} {number}", tags=["travel"]) for number in range(count)]


async def embed(store: CatalogStore, head: CatalogHead, parts: Sequence[int]) -> None:
    """Give every product of some parts an embedding."""
    for part in parts:
        offers = await store.offers(head, part)
        vectors = np.eye(8, dtype=np.float32)[[int(offer.product.id) % 8 for offer in offers]]
        done = [replace(o, embedding=v, embedding_version="m1") for o, v in zip(offers, vectors, strict=True)]
        await store.embed(head, part, done)


async def test_a_catalogue_comes_back_as_it_was_sent(store: CatalogStore) -> None:
    """In order, over several parts, none with an embedding yet."""
    head = await store.put("acme", products(450))
    assert (head.products, head.parts, head.missing) == (450, 3, 450)
    assert await store.head("acme") == head
    assert [offer.product for offer in await store.all_offers(head)] == products(450)
    with pytest.raises(NotFoundError, match="other has no catalogue"):
        await store.head("other")


async def test_embeddings_stay_with_their_products(store: CatalogStore) -> None:
    """What has none yet is found until it has."""
    head = await store.put("acme", products(210))
    await embed(store, head, [1])
    assert [one.brand for one in await store.incomplete()] == ["acme"]
    first, last = (await store.all_offers(head))[0], (await store.all_offers(head))[-1]
    assert first.embedding is None
    assert last.embedding is not None
    assert last.embedding.tolist() == np.eye(8)[209 % 8].tolist()
    assert (await store.tell_missing(head, 0)).missing == 0
    assert await store.incomplete() == []


async def test_a_new_catalogue_takes_the_place_of_the_one_before_as_a_whole(
    store: CatalogStore, documents: Documents
) -> None:
    """What was on its way for the one before changes nothing, and nothing of it stays."""
    before = await store.put("acme", products(450))
    after = await store.put("acme", products(3, "Case"))
    assert await store.offers(before, 0) == []
    await store.embed(before, 0, [Offer(product) for product in products(2)])
    assert (await store.tell_missing(before, 0)) == after
    assert [offer.product.title for offer in await store.all_offers(after)] == ["Case 0", "Case 1", "Case 2"]
    assert await documents.count(PARTS, Query(("catalog",)), 10) == 1
