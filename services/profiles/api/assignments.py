"""Assignments: chunks from clusters, then the swap; those of several runs are kept."""

import asyncio
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field, model_validator

from services.profiles.api.dependencies import KnownBrand, Res
from services.profiles.arrow import MEDIA_TYPE, RESPONSES
from services.profiles.assigned_run import arrow_assignments
from services.profiles.cursors import decode_author
from services.profiles.profile import Basis
from shared.analyzed_post import Key
from shared.errors import NotFoundError
from shared.pages import Page
from shared.strict_body import StrictBody
from shared.web.auth import for_services
from shared.web.dependencies import Cursor

router = APIRouter(prefix="/v1", tags=["assignments"], dependencies=[for_services()])

RunId = Annotated[str, Path(pattern=r"^[0-9a-z-]{1,64}$")]
MAX_ITEMS = 10_000
MAX_ROWS = 100_000
DEFAULT_ROWS = 10_000


class Assignment(StrictBody):
    """An author's cluster."""

    author_key: Key
    cluster: Annotated[int, Field(ge=0, le=10**6)]


class AssignmentChunk(StrictBody):
    """Some of a run's assignments; an author stands in it once."""

    basis: Basis
    items: Annotated[list[Assignment], Field(min_length=1, max_length=MAX_ITEMS, fail_fast=True)]

    @model_validator(mode="after")
    def _name_each_author_once(self) -> Self:
        if len({item.author_key for item in self.items}) < len(self.items):
            raise ValueError("an author_key stands twice among the items")
        return self


class StagedCount(BaseModel):
    """How many assignments of the chunk are kept."""

    stored: int


class Publication(StrictBody):
    """The run is complete with this many authors; of one that was published before it is not asked."""

    basis: Basis
    expected: Annotated[int, Field(ge=1, le=10**12)]


class PublishedCount(BaseModel):
    """How many assignments are shown now."""

    published: int


@router.put("/brands/{brand}/assignments/{run_id}")
async def stage_assignments(brand: KnownBrand, run_id: RunId, chunk: AssignmentChunk, resources: Res) -> StagedCount:
    """Keep a chunk of a run's assignments, not shown before the run is published. Safe to repeat.

    What is sent of the published run is shown at once. Authors without a profile are passed over; 409 where the run is
    being removed.
    """
    clusters = {item.author_key: item.cluster for item in chunk.items}
    return StagedCount(stored=await resources.store.stage(brand, chunk.basis, run_id, clusters))


@router.post("/brands/{brand}/assignments/{run_id}/publish")
async def publish_assignments(
    brand: KnownBrand, run_id: RunId, publication: Publication, resources: Res
) -> PublishedCount:
    """Show the run's assignments in place of those before, at once; 409 where not exactly `expected` are kept.

    Those of the runs shown before stay, so many as PROFILES_KEPT_RUNS says: published again, one of them is shown
    again, with the authors that it has by now.
    """
    keep = resources.kept_runs
    published = await resources.store.publish(brand, publication.basis, run_id, publication.expected, keep)
    resources.withheld.changed()
    return PublishedCount(published=published)


@router.get("/brands/{brand}/assignments/{run_id}", response_class=Response, responses=RESPONSES)
async def page_assignments(
    brand: KnownBrand,
    run_id: RunId,
    resources: Res,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS)] = DEFAULT_ROWS,
    cursor: Cursor = None,
) -> Response:
    """Return one page of a run's authors and their clusters; the header `x-next-cursor` is absent on the last.

    404 where no assignments of the run are kept.
    """
    after = decode_author(cursor)
    runs = await resources.store.assigned_runs(brand)
    run = next((run for run in runs if run.run_id == run_id and not run.leaving), None)
    if run is None:
        raise NotFoundError(f"no assignments of run {run_id} are kept for this brand")
    found = await resources.store.assignments(brand, run.basis, run_id, after, limit + 1)
    page = Page.of(found, limit, lambda row: [row[0]])
    body = await asyncio.to_thread(arrow_assignments, page.items)
    headers = {"x-next-cursor": page.next_cursor} if page.next_cursor else None
    return Response(body, media_type=MEDIA_TYPE, headers=headers)


@router.delete("/brands/{brand}/assignments/{run_id}", status_code=204)
async def forget_assignments(brand: KnownBrand, run_id: RunId, resources: Res) -> None:
    """Remove the assignments of a run; of the published one nothing is shown any more. Safe to repeat."""
    await resources.store.forget_run(brand, run_id)
    resources.withheld.changed()
