"""Deliveries of analyzed posts."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, field_validator

from services.profiles.api.dependencies import Res
from services.profiles.embedding import has_length
from services.profiles.folding import HOUR_SECONDS
from shared.analyzed_post import AnalyzedPost, Key
from shared.brand import Brand
from shared.strict_body import StrictBody
from shared.web.auth import for_services

router = APIRouter(prefix="/v1", tags=["posts"])


MAX_POSTS = 1000
_FIRST_HOUR = int(datetime(1970, 1, 1, tzinfo=UTC).timestamp())
_END = int(datetime(3000, 1, 1, tzinfo=UTC).timestamp())


class PostBatch(StrictBody):
    """A batch of posts of one brand.

    Within a post fields that this version does not know are left out: an ingest of a later version may send some, and
    `schema_version` changes where they matter.
    """

    schema_version: Literal[1]
    posts: Annotated[list[AnalyzedPost], Field(min_length=1, max_length=MAX_POSTS, fail_fast=True)]

    @field_validator("posts")
    @classmethod
    def _have_plain_hours(cls, posts: list[AnalyzedPost]) -> list[AnalyzedPost]:
        for place, post in enumerate(posts):
            seconds = post.hour.timestamp()
            if seconds % HOUR_SECONDS or not _FIRST_HOUR <= seconds < _END:
                raise ValueError(f"hour of post {place} must be a full hour in UTC, from 1970 to 2999")
        return posts

    @field_validator("posts")
    @classmethod
    def _have_embeddings_with_a_length(cls, posts: list[AnalyzedPost]) -> list[AnalyzedPost]:
        for place, post in enumerate(posts):
            if post.analysis.embedding is not None and not has_length(post.analysis.embedding):
                raise ValueError(f"the embedding of post {place} must have a length, neither nought nor infinite")
        return posts


class CountedRequest(StrictBody):
    """Post keys of which the caller wants to know whether they are counted."""

    post_keys: Annotated[list[Key], Field(min_length=1, max_length=MAX_POSTS, fail_fast=True)]


class CountedAnswer(BaseModel):
    """Those that are counted, in no order."""

    counted: list[Key]


class FoldAnswer(BaseModel):
    """How many posts were counted by this delivery, and how many had been before."""

    folded: int
    duplicates: int


@router.post("/brands/{brand}/posts", dependencies=[for_services()])
async def fold_posts(brand: Brand, batch: PostBatch, resources: Res) -> FoldAnswer:
    """Count each post that was not counted yet; an answer means that all are, durably. Safe to repeat.

    For ingest: a caller that has posts sends them to ingest's `POST /v1/posts`.
    """
    count = await resources.store.fold(brand, batch.posts)
    resources.metrics.observe(count)
    return FoldAnswer(folded=count.folded, duplicates=count.duplicates)


@router.post("/brands/{brand}/posts/counted", dependencies=[for_services()])
async def find_counted(brand: Brand, request: CountedRequest, resources: Res) -> CountedAnswer:
    """Tell which of the post keys are counted already, so that a replay need not have them analysed again."""
    counted = await resources.store.counted(brand, request.post_keys)
    return CountedAnswer(counted=list(counted))
