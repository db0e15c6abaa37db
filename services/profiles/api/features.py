"""The feature matrix of a brand, in pages of Arrow."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.profiles.api.dependencies import KnownBrand, Res
from services.profiles.cursors import decode_author
from services.profiles.features import MEDIA_TYPE, arrow_stream
from shared.access import Scope
from shared.pages import Page
from shared.web.auth import requires
from shared.web.dependencies import Cursor

router = APIRouter(prefix="/v1", tags=["features"], dependencies=[requires(Scope.READ)])

MAX_ROWS = 20_000
DEFAULT_ROWS = 5000


@router.get(
    "/brands/{brand}/features",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {}}, "description": "an Arrow IPC stream; `x-next-cursor` names more"}},
)
async def page_features(
    brand: KnownBrand,
    resources: Res,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS)] = DEFAULT_ROWS,
    cursor: Cursor = None,
) -> Response:
    """Return one page of profiles as numbers, by author; the header `x-next-cursor` is absent on the last."""
    found = await resources.store.features(brand, decode_author(cursor), limit + 1)
    page = Page.of(found, limit, lambda profile: [profile.author_key])
    body = await asyncio.to_thread(arrow_stream, page.items)
    headers = {"x-next-cursor": page.next_cursor} if page.next_cursor else None
    return Response(body, media_type=MEDIA_TYPE, headers=headers)
