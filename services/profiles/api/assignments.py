"""Assignments: chunks from clusters, then the swap."""

from typing import Annotated, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, model_validator

from services.profiles.api.dependencies import KnownBrand, Res
from services.profiles.profile import Basis
from shared.analyzed_post import Key
from shared.strict_body import StrictBody
from shared.web.auth import for_services

router = APIRouter(prefix="/v1", tags=["assignments"], dependencies=[for_services()])

RunId = Annotated[str, Path(pattern=r"^[0-9a-z-]{1,64}$")]
MAX_ITEMS = 10_000


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
    """The run is complete with this many authors."""

    basis: Basis
    expected: Annotated[int, Field(ge=1, le=10**12)]


class PublishedCount(BaseModel):
    """How many assignments are shown now."""

    published: int


@router.put("/brands/{brand}/assignments/{run_id}")
async def stage_assignments(brand: KnownBrand, run_id: RunId, chunk: AssignmentChunk, resources: Res) -> StagedCount:
    """Keep a chunk of a run's assignments, not shown before the run is published. Safe to repeat."""
    clusters = {item.author_key: item.cluster for item in chunk.items}
    return StagedCount(stored=await resources.store.stage(brand, chunk.basis, run_id, clusters))


@router.post("/brands/{brand}/assignments/{run_id}/publish")
async def publish_assignments(
    brand: KnownBrand, run_id: RunId, publication: Publication, resources: Res
) -> PublishedCount:
    """Show the run's assignments in place of those before, at once; 409 where not exactly `expected` are kept."""
    published = await resources.store.publish(brand, publication.basis, run_id, publication.expected)
    resources.withheld.changed()
    return PublishedCount(published=published)
