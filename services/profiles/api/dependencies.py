"""What routes ask for by annotation."""

from typing import Annotated

from fastapi import Depends, Query, Request

from services.profiles.resources import Resources
from services.profiles.stores.base import ProfileStore
from shared.brand import Brand
from shared.errors import NotFoundError
from shared.paging import DEFAULT_LIMIT, MAX_LIMIT

CURSOR_LENGTH = 300


async def opened_resources(request: Request) -> Resources:
    """Return what the lifespan opened."""
    resources: Resources = request.app.state.resources
    return resources


OpenedResources = Annotated[Resources, Depends(opened_resources)]


async def opened_store(resources: OpenedResources) -> ProfileStore:
    """Return the store."""
    return resources.store


Store = Annotated[ProfileStore, Depends(opened_store)]


async def known_brand(brand: Brand, store: Store) -> str:
    """Return the brand of the path; raises NotFoundError where it has no posts."""
    if not await store.has_brand(brand):
        raise NotFoundError("no post of this brand was ever counted")
    return brand


KnownBrand = Annotated[str, Depends(known_brand)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description=f"items a page, {DEFAULT_LIMIT} by default")]
Cursor = Annotated[str | None, Query(max_length=CURSOR_LENGTH, description="`next_cursor` of the page before")]
