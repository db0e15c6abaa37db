"""Rows of buckets.parquet, checked."""

from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from services.profiles.author_sketch import MOST as MOST_AUTHORS
from services.profiles.author_sketch import WHOLE, AuthorSketch
from services.profiles.importing.fields import (
    Count,
    Hour,
    Name,
    NamedPosts,
    Posts,
    Reactions,
    Row,
    check_reactions,
    check_scores,
    counted,
    labels_of,
)
from services.profiles.kept import KeptBucket
from services.profiles.rollup import SPAN_SECONDS, BucketKey, Rollup, Scored, Span
from shared.analyzed_post import Voice

_BYTES_A_NUMBER = 8


class _Category(Row):
    name: Name
    posts: Posts
    scored_posts: Count
    score_sum: Count


class _BucketRow(Row):
    voice: Voice
    span: Span
    start: Hour
    posts: Posts
    scored_posts: Count
    score_sum: Count
    negative: Count
    neutral: Count
    positive: Count
    likes: Reactions
    reposts: Reactions
    replies: Reactions
    languages: list[NamedPosts]
    categories: list[_Category]
    author_threshold: Annotated[int, Field(ge=1, le=WHOLE)]
    author_numbers: Annotated[bytes, Field(max_length=MOST_AUTHORS * _BYTES_A_NUMBER)]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.start % SPAN_SECONDS[self.span]:
            raise ValueError("start must be that of an hour or a day, as span says")
        check_scores(self.posts, self.scored_posts, self.score_sum, labels_of(self))
        check_reactions(self)
        for category in self.categories:
            check_scores(category.posts, category.scored_posts, category.score_sum, {})
        parts: tuple[list[NamedPosts] | list[_Category], ...] = (self.languages, self.categories)
        if any(item.posts > self.posts for items in parts for item in items):
            raise ValueError("languages and categories must each be of at most posts")
        if len(self.author_numbers) % _BYTES_A_NUMBER:
            raise ValueError("author_numbers must be 8 bytes a number")
        numbers = np.frombuffer(self.author_numbers, dtype="<u8")
        if (numbers[1:] <= numbers[:-1]).any() or (numbers >= self.author_threshold).any():
            raise ValueError("author_numbers must ascend and lie below author_threshold")
        return self


def bucket_of(row: dict[str, Any]) -> KeptBucket:
    """Return the bucket that a row holds; raises ValueError, with a sentence that quotes nothing of it."""
    read = _BucketRow.model_validate(row)
    categories = {item.name: Scored(item.posts, item.scored_posts, item.score_sum) for item in read.categories}
    if len(categories) < len(read.categories):
        raise ValueError("categories: a name stands twice")
    rollup = Rollup(
        posts=read.posts,
        scored_posts=read.scored_posts,
        score_sum=read.score_sum,
        likes=read.likes,
        reposts=read.reposts,
        replies=read.replies,
        labels=labels_of(read),
        languages=counted(read.languages),
        categories=categories,
        authors=AuthorSketch(read.author_numbers, read.author_threshold),
    )
    return KeptBucket(BucketKey(read.voice, read.span, read.start), rollup)
