"""Reads of the past over HTTP: they end by themselves."""

from fastapi import APIRouter, Response

from services.ingest.api.dependencies import Res
from services.ingest.api.streams import OfBrand, StreamIn, listed, started
from services.ingest.streams.stream import StreamKind
from services.ingest.streams.stream_status import StreamAnswer
from shared.access import Scope
from shared.pages import DEFAULT_LIMIT, Page
from shared.web.auth import requires
from shared.web.dependencies import Cursor, Limit

router = APIRouter(prefix="/v1/backfills", tags=["backfills"])


@router.post("", status_code=201, dependencies=[requires(Scope.WRITE)])
async def start_backfill(body: StreamIn, resources: Res, response: Response) -> StreamAnswer:
    """Read what a network still gives of the past, from `since` (and for some sources `until`) of the parameters on.

    It goes on over restarts, and is `finished` once all of it is folded. While the same one is under way it is
    returned as it is, with 200. 404, 409 and 422 as for streams; not every source has a past to give.
    """
    return await started(StreamKind.BACKFILL, body, resources, response)


@router.get("", dependencies=[requires(Scope.READ)])
async def list_backfills(
    resources: Res, brand: OfBrand = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[StreamAnswer]:
    """The backfills in the order in which they were made, finished ones too."""
    return await listed(StreamKind.BACKFILL, resources, brand, limit, cursor)


@router.get("/{backfill_id}", dependencies=[requires(Scope.READ)])
async def show_backfill(backfill_id: str, resources: Res) -> StreamAnswer:
    """One backfill: its state, counts, last error in words and spend."""
    return (
        await resources.stream_statuses.of([await resources.stream_control.find(StreamKind.BACKFILL, backfill_id)])
    )[0]
