"""Buckets as a table: one row an hour or a day of one voice, by voice, span and time."""

from typing import Annotated, Any, Final, Self

import numpy as np
from pydantic import Field, model_validator

from services.profiles.author_sketch import MOST as MOST_AUTHORS
from services.profiles.author_sketch import WHOLE, AuthorSketch
from services.profiles.kept import KeptBucket
from services.profiles.profile import mean_of_millionths
from services.profiles.rollup import PLAIN, SPAN_SECONDS, BucketKey, Rollup, Scored, Span
from services.profiles.transfer.row import (
    Count,
    DerivedCount,
    DerivedNumber,
    DerivedTruth,
    Hour,
    Name,
    NamedPosts,
    Posts,
    Reactions,
    TableRow,
    check_scores,
    check_sums,
    counts_of,
    labels_of,
    named_posts,
)
from services.profiles.transfer.table import Table, TableKind
from shared.analysis import SENTIMENT_LABELS
from shared.analyzed_post import Voice

_BYTES_A_NUMBER: Final = 8


class CategoryCell(TableRow):
    """The posts of one category, and their scores."""

    name: Name
    posts: Posts
    scored_posts: Count
    score_sum: Count


class BucketRow(TableRow):
    """A bucket."""

    voice: Voice
    span: Span
    start: Hour
    posts: Posts
    scored_posts: Count
    mean_score: DerivedNumber = None
    authors: DerivedCount = None
    authors_exact: DerivedTruth = None
    negative: Count
    neutral: Count
    positive: Count
    likes: Reactions
    reposts: Reactions
    replies: Reactions
    languages: list[NamedPosts]
    categories: list[CategoryCell]
    score_sum: Count
    author_threshold: Annotated[int, Field(ge=1, le=WHOLE)]
    author_numbers: Annotated[bytes, Field(max_length=MOST_AUTHORS * _BYTES_A_NUMBER)]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.start % SPAN_SECONDS[self.span]:
            raise ValueError("start must be that of an hour or a day, as span says")
        check_sums(self)
        for category in self.categories:
            check_scores(category)
        parts: tuple[list[NamedPosts] | list[CategoryCell], ...] = (self.languages, self.categories)
        if any(item.posts > self.posts for items in parts for item in items):
            raise ValueError("languages and categories must each be of at most posts")
        if len(self.author_numbers) % _BYTES_A_NUMBER:
            raise ValueError("author_numbers must be 8 bytes a number")
        numbers = np.frombuffer(self.author_numbers, dtype="<u8")
        if (numbers[1:] <= numbers[:-1]).any() or (numbers >= self.author_threshold).any():
            raise ValueError("author_numbers must ascend and lie below author_threshold")
        return self


def _cells(kept: KeptBucket) -> dict[str, Any]:
    rollup = kept.rollup
    return {
        **{name: getattr(kept.key, name) for name in ("voice", "span", "start")},
        **{name: getattr(rollup, name) for name in PLAIN},
        **{label: rollup.labels.get(label, 0) for label in SENTIMENT_LABELS},
        "mean_score": mean_of_millionths(rollup.score_sum, rollup.scored_posts),
        "authors": rollup.authors.authors,
        "authors_exact": rollup.authors.exact,
        "languages": named_posts(rollup.languages),
        "categories": [
            {"name": name} | {field: getattr(scored, field) for field in ("posts", "scored_posts", "score_sum")}
            for name, scored in sorted(rollup.categories.items())
        ],
        "author_threshold": rollup.authors.theta,
        "author_numbers": rollup.authors.numbers,
    }


def _kept(_brand: str, row: dict[str, Any]) -> KeptBucket:
    read = BucketRow.model_validate(row)
    categories = {item.name: Scored(item.posts, item.scored_posts, item.score_sum) for item in read.categories}
    if len(categories) < len(read.categories):
        raise ValueError("categories: a name stands twice")
    plain = {name: getattr(read, name) for name in PLAIN}
    rollup = Rollup(
        **plain,
        labels=labels_of(read),
        languages=counts_of(read.languages),
        categories=categories,
        authors=AuthorSketch(read.author_numbers, read.author_threshold),
    )
    return KeptBucket(BucketKey(read.voice, read.span, read.start), rollup)


BUCKETS: Final = Table(
    TableKind.BUCKETS,
    BucketRow,
    _cells,
    _kept,
    lambda kept: (kept.key.voice, kept.key.span, kept.key.start),
    backup_from="score_sum",
)
