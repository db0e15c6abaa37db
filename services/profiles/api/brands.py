"""Brands and what is said of them in sum."""

from fastapi import APIRouter

from services.profiles.api.dependencies import Cursor, KnownBrand, Limit, Store
from services.profiles.cursors import decode_brand, encode_brand
from services.profiles.views import BrandView, SummaryView, view_summary
from shared.access import Scope
from shared.errors import NotFoundError
from shared.paging import DEFAULT_LIMIT, Page
from shared.web.auth import requires

router = APIRouter(prefix="/v1", tags=["brands"], dependencies=[requires(Scope.READ)])


@router.get("/brands")
async def list_brands(store: Store, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[BrandView]:
    """List the brands that have posts, by name."""
    found = await store.brands(decode_brand(cursor), limit + 1)
    page = found[:limit]
    return Page(
        items=[BrandView(brand=size.brand, profiles=size.profiles, posts=size.posts) for size in page],
        next_cursor=encode_brand(page[-1].brand) if len(found) > limit else None,
    )


@router.get("/brands/{brand}/summary")
async def summarize_brand(brand: KnownBrand, store: Store) -> SummaryView:
    """Show all profiles of a brand together."""
    summary = await store.summary(brand)
    if summary is None:
        raise NotFoundError("this brand has no profiles")
    return view_summary(summary)
