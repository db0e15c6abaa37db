"""Rows of profiles.parquet, checked."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from services.profiles.embedding import EmbeddingSum
from services.profiles.folding import HOURS_A_DAY, MILLION, Figure, Increment
from services.profiles.importing.fields import (
    Count,
    Hour,
    NamedPosts,
    Posts,
    Reactions,
    Row,
    Version,
    check_reactions,
    check_scores,
    counted,
    labels_of,
)
from services.profiles.kept import KeptProfile
from services.profiles.profile import Profile
from shared.analyzed_post import Account, Key, Platform

_BYTES_A_SUM = 4
_MOST_SUMS = 4096 * _BYTES_A_SUM
Cluster = Annotated[int, Field(ge=0, le=10**6)] | None


class _Figure(Row):
    name: Literal["followers", "following", "posts", "listed", "verified", "protected", "age_months"]
    hour: Hour
    value: Count


class _Embeddings(Row):
    version: Annotated[str, Field(min_length=1, max_length=200)]
    posts: Posts
    sums: Annotated[bytes, Field(min_length=_BYTES_A_SUM, max_length=_MOST_SUMS)]

    @field_validator("sums")
    @classmethod
    def _are_whole_numbers(cls, sums: bytes) -> bytes:
        if len(sums) % _BYTES_A_SUM:
            raise ValueError("must be 4 bytes a number")
        return sums


class _ProfileRow(Row):
    author_key: Key
    platform: Platform
    posts: Posts
    scored_posts: Count
    negative: Count
    neutral: Count
    positive: Count
    languages: Annotated[list[NamedPosts], Field(min_length=1)]
    categories: list[NamedPosts]
    likes: Reactions
    reposts: Reactions
    replies: Reactions
    repost_posts: Count
    reply_posts: Count
    hours: Annotated[list[Count], Field(min_length=HOURS_A_DAY, max_length=HOURS_A_DAY)]
    first_seen: Hour
    last_seen: Hour
    cluster_behaviour: Cluster
    cluster_interests: Cluster
    cluster_combined: Cluster
    key_version: Version
    score_sum: Count
    score_squares: Annotated[Decimal, Field(ge=0)]
    subjectivity_posts: Count
    subjectivity_sum: Count
    figures: list[_Figure]
    embeddings: list[_Embeddings]
    remnants: Count

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        check_scores(self.posts, self.scored_posts, self.score_sum, labels_of(self))
        check_reactions(self)
        if max(self.repost_posts, self.reply_posts) > self.posts:
            raise ValueError("repost_posts and reply_posts must be at most posts")
        if self.scored_posts * int(self.score_squares) < self.score_sum**2:
            raise ValueError("score_squares is less than such scores can have")
        if self.score_squares > self.score_sum * MILLION:
            raise ValueError("score_squares is more than such scores can have")
        if self.subjectivity_sum > self.subjectivity_posts * MILLION or self.subjectivity_posts > self.posts:
            raise ValueError("subjectivity_sum and subjectivity_posts do not fit posts")
        if sum(self.hours) != self.posts:
            raise ValueError("hours must add up to posts")
        if self.first_seen > self.last_seen:
            raise ValueError("first_seen must not be after last_seen")
        if self.remnants > self.posts:
            raise ValueError("remnants must be at most posts")
        parts: tuple[list[NamedPosts] | list[_Embeddings], ...] = (self.languages, self.categories, self.embeddings)
        if any(item.posts > self.posts for items in parts for item in items):
            raise ValueError("languages, categories and embeddings must each be of at most posts")
        return self


def profile_of(brand: str, row: dict[str, Any]) -> KeptProfile:
    """Return the profile that a row holds; raises ValueError, with a sentence that quotes nothing of it."""
    read = _ProfileRow.model_validate(row)
    figures: dict[str, Figure] = {figure.name: (figure.hour, figure.value) for figure in read.figures}
    embeddings = {total.version: EmbeddingSum(total.posts, total.sums) for total in read.embeddings}
    Account.model_validate({name: value for name, (_, value) in figures.items()})
    if len(figures) < len(read.figures) or len(embeddings) < len(read.embeddings):
        raise ValueError("figures, embeddings: a name stands twice")
    plain = {name: getattr(read, name) for name in _PLAIN}
    folded = Increment(
        **plain,
        score_squares=int(read.score_squares),
        hours=tuple(read.hours),
        labels=labels_of(read),
        languages=counted(read.languages),
        categories=counted(read.categories),
        figures=figures,
        embeddings=embeddings,
    )
    clusters = {
        "behaviour": read.cluster_behaviour,
        "interests": read.cluster_interests,
        "combined": read.cluster_combined,
    }
    shown = {basis: cluster for basis, cluster in clusters.items() if cluster is not None}
    return KeptProfile(Profile(brand, read.author_key, folded, shown), read.remnants)


_PLAIN = (
    "posts",
    "scored_posts",
    "score_sum",
    "subjectivity_posts",
    "subjectivity_sum",
    "likes",
    "reposts",
    "replies",
    "repost_posts",
    "reply_posts",
    "first_seen",
    "last_seen",
    "platform",
    "key_version",
)
