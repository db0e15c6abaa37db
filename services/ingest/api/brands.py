"""Brands over HTTP: what is listened for, and what each platform will be asked."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from services.ingest.api.dependencies import Cursor, Limit, OpenedResources
from services.ingest.brands.brand import BrandSettings, StoredBrand
from services.ingest.brands.query_plan import QueryPlan, query_plans
from shared.access import Scope
from shared.brand import BRAND_PATTERN
from shared.paging import DEFAULT_LIMIT, Page, decode_cursor, encode_cursor
from shared.web.auth import requires

router = APIRouter(prefix="/v1/brands", tags=["brands"])

BrandName = Annotated[str, Path(pattern=BRAND_PATTERN, description="lower-case letters, digits and hyphens")]


class DryRun(BaseModel):
    """What each platform will be asked for this version of the brand; nothing is asked by looking."""

    brand: str
    version: int
    platforms: list[QueryPlan]


@router.put("/{brand}", dependencies=[requires(Scope.WRITE)])
async def declare_brand(brand: BrandName, body: BrandSettings, opened: OpenedResources) -> StoredBrand:
    """Set everything that a brand is listened for, in place of what was set before.

    What is left out of the body is empty from then on. Streams that run take the new version up within seconds.
    """
    return await opened.store.brands.put(brand, body, opened.clock.now())


@router.get("", dependencies=[requires(Scope.READ)])
async def list_brands(
    opened: OpenedResources, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[StoredBrand]:
    """The declared brands by name; one that only its posts made is not among them."""
    after = "" if cursor is None else str(decode_cursor(cursor, str)[0])
    found = await opened.store.brands.page(after=after, limit=limit + 1)
    more = encode_cursor([found[limit - 1].brand]) if len(found) > limit else None
    return Page[StoredBrand](items=found[:limit], next_cursor=more)


@router.get("/{brand}", dependencies=[requires(Scope.READ)])
async def show_brand(brand: BrandName, opened: OpenedResources) -> StoredBrand:
    """Return one declared brand in its canonical form."""
    return await opened.store.brands.find(brand)


@router.get("/{brand}/queries", dependencies=[requires(Scope.READ)])
async def show_queries(brand: BrandName, opened: OpenedResources) -> DryRun:
    """A dry run: exactly what each platform will be asked, what is filtered here, and what cannot be heard there."""
    stored = await opened.store.brands.find(brand)
    platforms = await asyncio.to_thread(query_plans, stored)
    return DryRun(brand=stored.brand, version=stored.version, platforms=platforms)
