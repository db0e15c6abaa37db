"""Profiles, one and in lists."""

import math
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from services.profiles.api.dependencies import KnownBrand, Res
from services.profiles.cursors import cursor_of, decode_position
from services.profiles.listing import ClusterFilter, Listing, Order, Sort, position_of
from services.profiles.profile import Basis
from services.profiles.views import ProfileView, view_profile
from shared.access import Scope
from shared.analyzed_post import Key
from shared.errors import NotFoundError
from shared.paging import DEFAULT_LIMIT, Page
from shared.web.auth import requires
from shared.web.dependencies import Cursor, Limit

router = APIRouter(prefix="/v1", tags=["profiles"], dependencies=[requires(Scope.READ)])

MOST = 10**12


@router.get("/brands/{brand}/profiles")
async def list_profiles(
    brand: KnownBrand,
    resources: Res,
    sort: Sort = Sort.POSTS,
    order: Annotated[Order | None, Query(description="by default asc for author_key, else desc")] = None,
    min_posts: Annotated[int, Query(ge=1, le=MOST)] = 1,
    since: Annotated[AwareDatetime | None, Query(description="last seen then or later")] = None,
    language: Annotated[str | None, Query(pattern=r"^[a-z]{2,3}$", description="at least one post in it")] = None,
    cluster: Annotated[int | None, Query(ge=0, le=10**6)] = None,
    basis: Annotated[Basis, Query(description="which clusters `cluster` means")] = "behaviour",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ProfileView]:
    """List profiles; those without a scored post come last by mean score."""
    order = order or (Order.ASC if sort is Sort.AUTHOR_KEY else Order.DESC)
    listing = Listing(
        brand,
        limit + 1,
        sort,
        order,
        decode_position(cursor, sort, order),
        min_posts,
        since=None if since is None else math.ceil(since.timestamp()),
        language=language,
        cluster=None if cluster is None else ClusterFilter(basis, cluster),
    )
    found = await resources.store.profiles(listing)
    page = Page.of(found, limit, lambda profile: cursor_of(position_of(profile, sort, order), sort, order))
    return page.showing([view_profile(profile) for profile in page.items])


@router.get("/brands/{brand}/profiles/{author_key}")
async def show_profile(brand: KnownBrand, author_key: Annotated[Key, Path()], resources: Res) -> ProfileView:
    """Show one author's profile."""
    profile = await resources.store.profile(brand, author_key)
    if profile is None:
        raise NotFoundError("this brand has no profile of that author")
    return view_profile(profile)
