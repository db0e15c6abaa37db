"""Brands over HTTP: what is listened for, and what each platform will be asked."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from services.ingest.api.dependencies import Res
from services.ingest.brands.brand import BrandSettings, StoredBrand
from services.ingest.brands.query_plan import QueryPlan, query_plans
from shared.access import Scope
from shared.brand import BRAND_PATTERN
from shared.pages import DEFAULT_LIMIT, Page, text_after
from shared.web.auth import requires
from shared.web.dependencies import Cursor, Limit

router = APIRouter(prefix="/v1/brands", tags=["brands"])

BrandName = Annotated[str, Path(pattern=BRAND_PATTERN, description="lower-case letters, digits and hyphens")]


class DryRun(BaseModel):
    """What each platform will be asked for this version of the brand; nothing is asked by looking."""

    brand: str
    version: int
    platforms: list[QueryPlan]


@router.put("/{brand}", dependencies=[requires(Scope.WRITE)])
async def declare_brand(brand: BrandName, body: BrandSettings, resources: Res) -> StoredBrand:
    """Set everything that a brand is listened for, in place of what was set before.

    What is left out of the body is empty from then on. Streams that run take the new version up within seconds.
    """
    return await resources.store.brands.put(brand, body, resources.clock.now())


@router.get("", dependencies=[requires(Scope.READ)])
async def list_brands(resources: Res, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[StoredBrand]:
    """The declared brands by name; one that only its posts made is not among them."""
    found = await resources.store.brands.page(after=text_after(cursor), limit=limit + 1)
    return Page.of(found, limit, lambda stored: [stored.brand])


@router.get("/{brand}", dependencies=[requires(Scope.READ)])
async def show_brand(brand: BrandName, resources: Res) -> StoredBrand:
    """Return one declared brand in its canonical form."""
    return await resources.store.brands.find(brand)


@router.get("/{brand}/queries", dependencies=[requires(Scope.READ)])
async def show_queries(brand: BrandName, resources: Res) -> DryRun:
    """A dry run: exactly what each platform will be asked, what is filtered here, and what cannot be heard there."""
    stored = await resources.store.brands.find(brand)
    platforms = await asyncio.to_thread(query_plans, stored)
    return DryRun(brand=stored.brand, version=stored.version, platforms=platforms)
