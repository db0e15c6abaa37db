"""Live streams over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.ingest.api.dependencies import Res
from services.ingest.resources import Resources
from services.ingest.streams.stream import StreamKind
from services.ingest.streams.stream_status import StreamAnswer
from shared.access import Scope
from shared.brand import Brand
from shared.pages import DEFAULT_LIMIT, Page, text_after
from shared.strict_body import StrictBody
from shared.web.auth import requires
from shared.web.dependencies import Cursor, Limit

router = APIRouter(prefix="/v1/streams", tags=["streams"])

OfBrand = Annotated[Brand | None, Query(description="those of this brand alone")]


class StreamIn(StrictBody):
    """Which source to listen to for which brand; most sources take no parameters."""

    brand: Brand
    source: Annotated[str, Field(max_length=64)]
    parameters: Annotated[
        dict[str, Any], Field(max_length=20, fail_fast=True, json_schema_extra={"x-holds": [1000, 4]})
    ] = Field(default_factory=dict)


@router.post("", status_code=201, dependencies=[requires(Scope.WRITE)])
async def start_stream(body: StreamIn, resources: Res, response: Response) -> StreamAnswer:
    """Start listening: within seconds a replica takes the stream up, and it goes on over restarts until it is paused.

    Where the same stream (brand, source and parameters) is there already it is returned as it is, with 200. 404 where
    the brand was not declared, 409 with the setting's name where one is missing, 422 for a source that is not known.
    """
    return await started(StreamKind.STREAM, body, resources, response)


@router.get("", dependencies=[requires(Scope.READ)])
async def list_streams(
    resources: Res, brand: OfBrand = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[StreamAnswer]:
    """The streams in the order in which they were made."""
    return await listed(StreamKind.STREAM, resources, brand, limit, cursor)


@router.get("/{stream_id}", dependencies=[requires(Scope.READ)])
async def show_stream(stream_id: str, resources: Res) -> StreamAnswer:
    """One stream: its state, counts, rate, lag, last error in words, reconnects and spend."""
    return (await resources.stream_statuses.of([await resources.stream_control.find(StreamKind.STREAM, stream_id)]))[0]


@router.post("/{stream_id}/pause", dependencies=[requires(Scope.WRITE)])
async def pause_stream(stream_id: str, resources: Res) -> StreamAnswer:
    """Stop listening and keep the place. What is under way is finished; `state` is `paused` within seconds."""
    return (await resources.stream_statuses.of([await resources.stream_control.pause(stream_id)]))[0]


@router.post("/{stream_id}/resume", dependencies=[requires(Scope.WRITE)])
async def resume_stream(stream_id: str, resources: Res) -> StreamAnswer:
    """Go on from the place where it stopped, as far as the network still gives what came since."""
    return (await resources.stream_statuses.of([await resources.stream_control.resume(stream_id)]))[0]


@router.delete("/{stream_id}", status_code=204, dependencies=[requires(Scope.WRITE)])
async def delete_stream(stream_id: str, resources: Res) -> None:
    """Stop listening for good. What was folded stays."""
    await resources.stream_control.delete(stream_id)


async def started(kind: StreamKind, body: StreamIn, resources: Resources, response: Response) -> StreamAnswer:
    """Make one and return it; 200 where it was there."""
    stream, is_new = await resources.stream_control.start(kind, body.brand, body.source, body.parameters)
    if not is_new:
        response.status_code = 200
    return (await resources.stream_statuses.of([stream]))[0]


async def listed(
    kind: StreamKind, resources: Resources, brand: str | None, limit: int, cursor: str | None
) -> Page[StreamAnswer]:
    """Return one page of a kind."""
    found = await resources.store.streams.page(kind, brand, text_after(cursor), limit + 1)
    page = Page.of(found, limit, lambda stream: [stream.stream_id])
    return page.showing(await resources.stream_statuses.of(page.items))
