"""The feature matrix of a brand, in pages of Arrow."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.profiles.api.dependencies import Cursor, KnownBrand, Store
from services.profiles.cursors import decode_author, encode_author
from services.profiles.features import MEDIA_TYPE, arrow_stream
from shared.access import Scope
from shared.web.auth import requires

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
    store: Store,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS)] = DEFAULT_ROWS,
    cursor: Cursor = None,
) -> Response:
    """Return one page of profiles as numbers, by author; the header `x-next-cursor` is absent on the last."""
    found = await store.features(brand, decode_author(cursor), limit + 1)
    page = found[:limit]
    body = await asyncio.to_thread(arrow_stream, page)
    headers = {"x-next-cursor": encode_author(page[-1].author_key)} if len(found) > limit else None
    return Response(body, media_type=MEDIA_TYPE, headers=headers)
