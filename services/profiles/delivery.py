"""What ingest delivers: analyzed posts under the version of their schema."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from services.profiles.embedding import has_length
from services.profiles.folding import HOUR_SECONDS
from shared.analyzed_post import AnalyzedPost, Key

MAX_POSTS = 1000
_FIRST_HOUR = int(datetime(1970, 1, 1, tzinfo=UTC).timestamp())
_END = int(datetime(3000, 1, 1, tzinfo=UTC).timestamp())


class Delivery(BaseModel):
    """A batch of posts of one brand."""

    schema_version: Literal[1]
    posts: Annotated[list[AnalyzedPost], Field(min_length=1, max_length=MAX_POSTS)]

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


class Inquiry(BaseModel):
    """Post keys of which somebody wants to know whether they are counted."""

    post_keys: Annotated[list[Key], Field(min_length=1, max_length=MAX_POSTS)]


class InquiryAnswer(BaseModel):
    """Those that are counted, in no order."""

    counted: list[Key]


class DeliveryAnswer(BaseModel):
    """How many posts were counted by this delivery, and how many had been before."""

    folded: int
    duplicates: int
