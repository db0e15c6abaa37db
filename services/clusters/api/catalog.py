"""What a company offers, over HTTP: sent as a whole, shown in pages."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from services.clusters.api.dependencies import Res
from services.clusters.catalog.catalog_store import CatalogHead
from services.clusters.catalog.product import CatalogBody, Product
from shared.access import Scope
from shared.analysis import Frozen
from shared.brand import Brand
from shared.errors import PeerError
from shared.pages import DEFAULT_LIMIT, MAX_LIMIT, Page, decode_cursor
from shared.web.auth import requires

router = APIRouter(prefix="/v1/brands/{brand}/catalog", tags=["catalog"])

_CSV = {"requestBody": {"content": {"text/csv": {"schema": {"type": "string"}}}}}


class CatalogSummary(Frozen):
    """How many products there are; those that are not `embedded` yet are recommended to no cluster so far."""

    products: int
    embedded: int
    updated_at: AwareDatetime


class ProductPage(Page[Product], CatalogSummary):
    """Some of the products, in the order in which they were sent."""


@router.put("", dependencies=[requires(Scope.WRITE)], openapi_extra=_CSV)
async def put_catalog(brand: Brand, body: CatalogBody, resources: Res) -> CatalogSummary:
    """Keep products in place of those before: JSON, or CSV with the columns id, title, description and tags.

    Where sentiment is away they are kept all the same, and embedded once it is back.
    """
    head = await resources.store.catalogs.put(brand, body.items)
    try:
        head = await resources.embedding.embed_at_once(head)
    except PeerError:
        head = await resources.store.catalogs.head(brand)
    return _summary(head)


@router.get("", dependencies=[requires(Scope.READ)])
async def list_products(
    brand: Brand,
    resources: Res,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> ProductPage:
    """The brand's products."""
    first = 0 if cursor is None else max(0, int(str(decode_cursor(cursor, int)[0])))
    head = await resources.store.catalogs.head(brand)
    offers = await resources.store.catalogs.some_offers(head, first, limit + 1)
    page = Page.of(list(enumerate(offers, first + 1)), limit, lambda numbered: [numbered[0]])
    shown = page.showing([offer.product for _, offer in page.items])
    return ProductPage(items=shown.items, next_cursor=shown.next_cursor, **dict(_summary(head)))


@router.delete("", status_code=204, dependencies=[requires(Scope.WRITE)])
async def delete_catalog(brand: Brand, resources: Res) -> None:
    """Forget the brand's products."""
    await resources.store.catalogs.delete(brand)


def _summary(head: CatalogHead) -> CatalogSummary:
    return CatalogSummary(products=head.products, embedded=head.products - head.missing, updated_at=head.updated_at)
