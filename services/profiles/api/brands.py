"""Brands and what is said of them in sum."""

from fastapi import APIRouter
from pydantic import BaseModel

from services.profiles.analytics.bucket_reads import total_of
from services.profiles.analytics.figures import SummaryView, view_summary
from services.profiles.api.dependencies import WEEK, Length, OfVoice, Res, Summed, Until, asked_window, permit
from services.profiles.cursors import decode_brand
from shared.access import Scope
from shared.brand import Brand
from shared.pages import DEFAULT_LIMIT, Page
from shared.web.auth import requires
from shared.web.dependencies import Cursor, Limit

router = APIRouter(prefix="/v1", tags=["brands"], dependencies=[requires(Scope.READ)])


class BrandView(BaseModel):
    """How much a brand has."""

    brand: str
    profiles: int
    posts: int


@router.get("/brands")
async def list_brands(resources: Res, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[BrandView]:
    """List the brands that have posts, by name."""
    found = await resources.store.brands(decode_brand(cursor), limit + 1)
    page = Page.of(found, limit, lambda size: [size.brand])
    return page.showing([BrandView(brand=size.brand, profiles=size.profiles, posts=size.posts) for size in page.items])


@router.get("/brands/{brand}/summary")
async def summarize_brand(
    brand: Brand,
    summary: Summed,
    resources: Res,
    window: Length = WEEK,
    until: Until = None,
    voice: OfVoice = None,
) -> SummaryView:
    """Show all profiles of a brand together, then a window of its posts beside the window before."""
    time = asked_window(summary, window, until, resources)
    async with permit(resources, summary, time, time.before):
        now = await total_of(resources.store, brand, time, voice)
        before = await total_of(resources.store, brand, time.before, voice)
    return view_summary(summary, time, now, before)
