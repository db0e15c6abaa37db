"""Exports: what a brand has, as a file that is streamed."""

import math
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope
from typing_extensions import override

from services.profiles.api.dependencies import NO_POSTS, Res
from services.profiles.transfer.export import Export, has_anything, stream
from services.profiles.transfer.row import END, FIRST
from services.profiles.transfer.table import MEDIA_TYPES, Format, TableKind
from shared.access import Scope
from shared.brand import Brand
from shared.errors import InputError, NotFoundError
from shared.web.auth import check_scope, opens, requires

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1", tags=["exports"], dependencies=[requires(Scope.READ, Scope.EVIDENCE)])

Since = Annotated[AwareDatetime | None, Query(alias="from", description="posts and buckets of then or later")]
Until = Annotated[AwareDatetime | None, Query(alias="to", description="posts and buckets of before then")]


@router.get(
    "/brands/{brand}/export",
    response_class=StreamingResponse,
    responses={200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}},
)
async def export_brand(
    brand: Brand,
    resources: Res,
    request: Request,
    of: TableKind = TableKind.PROFILES,
    form: Annotated[Format, Query(alias="format")] = Format.CSV,
    since: Since = None,
    until: Until = None,
) -> StreamingResponse:
    """Stream profiles, posts, buckets or removals as CSV, JSON lines or Parquet.

    CSV and JSON lines are for people; Parquet holds all that an import needs. Where the store fails in the middle the
    connection is broken off. Past `PROFILES_EXPORTS` at once it is 503. Without `from` and `to` Parquet has the keys of
    posts without a text too, last.
    Parquet and removals need the scope `admin`: backups have keys of posts and authors that are gone. Posts need the
    scope `evidence`, all else `read`; without `evidence` the clusters of profiles are left empty.
    """
    if form is Format.PARQUET or of is TableKind.REMOVALS:
        check_scope(request, Scope.ADMIN)
    check_scope(request, Scope.EVIDENCE if of is TableKind.POSTS else Scope.READ)
    if of not in {TableKind.POSTS, TableKind.BUCKETS} and (since or until):
        raise InputError("only posts and buckets have a date; leave `from` and `to` out", ("query", "from"))
    start, end = (_seconds(since, FIRST), _seconds(until, END))
    if start > end:
        raise InputError("`from` must not be after `to`", ("query", "from"))
    if not await has_anything(resources.store, brand):
        raise NotFoundError(NO_POSTS)
    export = Export(brand, of, form, start, end, clusters=opens(request, Scope.EVIDENCE))
    async with AsyncExitStack() as stack:
        stack.enter_context(resources.exports.running())
        pieces = await stack.enter_async_context(aclosing(stream(resources.store, export)))
        # Pulled before the answer begins: a store that is away is a 503, not a file that breaks off.
        first = await anext(pieces, b"")
        return _FileResponse(
            stack.pop_all(),
            _joined(first, pieces),
            media_type=MEDIA_TYPES[form],
            headers={"content-disposition": f'attachment; filename="{export.file_name}"'},
        )


class _FileResponse(StreamingResponse):
    """A file that is streamed; what `held` holds is given back however the sending ends, also before it began."""

    def __init__(self, held: AsyncExitStack, pieces: AsyncGenerator[bytes, None], **rest: Any) -> None:
        super().__init__(pieces, **rest)
        self._held = held

    @override
    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        async with self._held:
            await super().__call__(scope, receive, send)


def _seconds(moment: AwareDatetime | None, otherwise: int) -> int:
    return otherwise if moment is None else math.ceil(moment.timestamp())


async def _joined(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    yield first
    try:
        async for piece in rest:
            yield piece
    except Exception as error:
        log.warning("export.broken_off", error=type(error).__name__)
        raise
