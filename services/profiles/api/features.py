"""The feature matrix of a brand, in pages of Arrow, and which brands changed."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from services.profiles.api.dependencies import KnownBrand, Res
from services.profiles.arrow import MEDIA_TYPE, RESPONSES
from services.profiles.cursors import FeaturePlace, decode_feature_place
from services.profiles.embedding import EmbeddingSpace
from services.profiles.feature_page import ChangedSpan, NamedAuthors, arrow_stream
from services.profiles.stores.base import ProfileStore
from shared.access import Scope
from shared.analyzed_post import Key
from shared.brand_changes import BrandChanges, ChangeNumber
from shared.strict_body import StrictBody
from shared.web.auth import check_service, for_services, requires
from shared.web.dependencies import Cursor

router = APIRouter(prefix="/v1", tags=["features"])

MAX_ROWS: Final = 100_000
DEFAULT_ROWS: Final = 5000
MOST_NAMED: Final = 1000
MOST_EMBEDDINGS: Final = 20_000
"""Of a page: some 30 MB."""
Embeddings = Annotated[bool, Query(description="also each author's mean embedding: for services alone")]
After = Annotated[ChangeNumber, Query(description="`next` of the answer before, nought at first")]
LAST_AUTHOR: Final = "g"
"""After every author key: changes with the number itself are not asked for."""


@router.get(
    "/brands/{brand}/features",
    response_class=Response,
    responses=RESPONSES,
    dependencies=[requires(Scope.READ)],
)
async def page_features(
    request: Request,
    brand: KnownBrand,
    resources: Res,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS, description=f"{MOST_EMBEDDINGS} at most with embeddings")] = (
        DEFAULT_ROWS
    ),
    cursor: Cursor = None,
    embeddings: Embeddings = False,  # noqa: FBT002 - a query
    changed_after: Annotated[
        ChangeNumber | None, Query(description="only profiles whose last change has a higher number, in that order")
    ] = None,
) -> Response:
    """Return one page of profiles as numbers, by author or by change; `x-next-cursor` is absent on the last.

    The stream's metadata have `last_change`: its pages have every change up to that number, with which those that
    follow may be asked for; and `embedding_version`. A profile that changes meanwhile is told as of the page, or left
    out of later pages of changes, for whoever asks after `last_change` to see.
    """
    if embeddings:
        check_service(request)
        limit = min(limit, MOST_EMBEDDINGS)
    store = resources.store
    if cursor is not None:
        at = decode_feature_place(cursor, by_change=changed_after is not None)
    else:
        at = await _beginning(store, brand, changed_after, embeddings=embeddings)
    use = await _use(store, at.version) if embeddings else None
    found = await store.features(brand, at.place, limit + 1, use.version if use else None)
    rows = found.first(limit)
    body = await asyncio.to_thread(arrow_stream, rows, at.through, use, embeddings=embeddings)
    headers = {}
    if len(found) > limit:
        headers["x-next-cursor"] = at.after(*rows.last()).cursor()
    return Response(body, media_type=MEDIA_TYPE, headers=headers)


class NamedAuthorsBody(StrictBody):
    """Authors whose numbers are asked for."""

    author_keys: Annotated[list[Key], Field(min_length=1, max_length=MOST_NAMED, fail_fast=True)]
    embeddings: bool = False


@router.post(
    "/brands/{brand}/features/named",
    response_class=Response,
    responses=RESPONSES,
    dependencies=[for_services()],
)
async def find_features(brand: KnownBrand, named: NamedAuthorsBody, resources: Res) -> Response:
    """Return those of the authors who have a profile as numbers, by author."""
    at = await _beginning(resources.store, brand, None, embeddings=named.embeddings)
    use = await _use(resources.store, at.version)
    place = NamedAuthors(named.author_keys)
    rows = await resources.store.features(brand, place, MOST_NAMED, use.version if use else None)
    body = await asyncio.to_thread(arrow_stream, rows, at.through, use, embeddings=named.embeddings)
    return Response(body, media_type=MEDIA_TYPE)


async def _beginning(store: ProfileStore, brand: str, changed_after: int | None, *, embeddings: bool) -> FeaturePlace:
    # The number comes first: what changes from here on has a higher one.
    through = await store.last_change(brand)
    use = await store.embedding_space(brand) if embeddings else None
    place = "" if changed_after is None else ChangedSpan(changed_after, LAST_AUTHOR, through)
    return FeaturePlace(place, through, use.version if use else None)


async def _use(store: ProfileStore, version: str | None) -> EmbeddingSpace | None:
    if version is None:
        return None
    lengths = await store.embedding_lengths()
    return EmbeddingSpace(version, lengths[version]) if version in lengths else None


@router.get("/changes", dependencies=[for_services()])
async def list_changes(resources: Res, after: After = 0) -> BrandChanges:
    """Return the number of the last change of each brand whose profiles changed since; what is asked often is cheap.

    The number of a brand is what its features are asked for with `changed_after` later on; remember it with `next`. A
    `next` that is lower than the one before means that the store was put back: begin anew.
    """
    return await resources.store.changes(after)
