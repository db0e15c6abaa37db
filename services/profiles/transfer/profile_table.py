"""Profiles as a table: one row an author, by author."""

from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self, get_args

import pyarrow as pa
from pydantic import Field, field_validator, model_validator

from services.profiles.embedding import EmbeddingSum
from services.profiles.folding import HOURS_A_DAY, MILLION, Figure, Increment
from services.profiles.kept import KeptProfile
from services.profiles.profile import Basis, Profile
from services.profiles.transfer.row import (
    LATER,
    Count,
    DerivedCount,
    DerivedNumber,
    DerivedText,
    DerivedTruth,
    Hour,
    NamedPosts,
    Posts,
    Reactions,
    TableRow,
    Version,
    check_sums,
    counts_of,
    labels_of,
    named_posts,
)
from services.profiles.transfer.table import Table, TableKind
from shared.analysis import SENTIMENT_LABELS
from shared.analyzed_post import Account, Key, Platform

ACCOUNT_FIGURES: Final = {
    "followers": "followers",
    "following": "following",
    "account_posts": "posts",
    "listed": "listed",
}
"""Columns of an account's figures, and what an account calls each."""
TRUTHS: Final = ("verified", "protected")
BASES: Final[tuple[Basis, ...]] = get_args(Basis)
_BYTES_A_SUM: Final = 4
_MOST_SUMS: Final = 4096 * _BYTES_A_SUM

Cluster = Annotated[int, Field(ge=0, le=10**6), pa.int32()] | None


class FigureCell(TableRow):
    """An account figure as of an hour."""

    name: Literal["followers", "following", "posts", "listed", "verified", "protected", "age_months"]
    hour: Annotated[Hour, pa.int64()]
    value: Count


class EmbeddingCell(TableRow):
    """The sum of the embeddings of one version."""

    version: Annotated[str, Field(min_length=1, max_length=200)]
    posts: Posts
    sums: Annotated[bytes, Field(min_length=_BYTES_A_SUM, max_length=_MOST_SUMS)]

    @field_validator("sums")
    @classmethod
    def _are_whole_numbers(cls, sums: bytes) -> bytes:
        if len(sums) % _BYTES_A_SUM:
            raise ValueError("must be 4 bytes a number")
        return sums


class ProfileRow(TableRow):
    """A profile. A restore reads account figures with their hours (Unix seconds) from `figures`."""

    author_key: Key
    platform: Platform
    posts: Posts
    scored_posts: Count
    mean_score: DerivedNumber = None
    score_stddev: DerivedNumber = None
    mean_subjectivity: DerivedNumber = None
    negative: Count
    neutral: Count
    positive: Count
    main_language: DerivedText = None
    languages: Annotated[list[NamedPosts], Field(min_length=1)]
    categories: list[NamedPosts]
    likes: Reactions
    reposts: Reactions
    replies: Reactions
    repost_posts: Count
    reply_posts: Count
    hours: Annotated[list[Count], Field(min_length=HOURS_A_DAY, max_length=HOURS_A_DAY)]
    followers: DerivedCount = None
    following: DerivedCount = None
    account_posts: DerivedCount = None
    listed: DerivedCount = None
    verified: DerivedTruth = None
    protected: DerivedTruth = None
    age_days: DerivedCount = None
    first_seen: Hour
    last_seen: Hour
    cluster_behaviour: Cluster
    cluster_interests: Cluster
    cluster_combined: Cluster
    key_version: Version
    score_sum: Count
    # Ten million posts of one author are more than 64 bits of millionths squared.
    score_squares: Annotated[Decimal, Field(ge=0), pa.decimal128(38, 0)]
    subjectivity_posts: Count
    subjectivity_sum: Count
    figures: list[FigureCell]
    embeddings: list[EmbeddingCell]
    remnants: Count
    is_unknown: Annotated[bool, LATER] = False

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        check_sums(self)
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
        parts: tuple[list[NamedPosts] | list[EmbeddingCell], ...] = (self.languages, self.categories, self.embeddings)
        if any(item.posts > self.posts for items in parts for item in items):
            raise ValueError("languages, categories and embeddings must each be of at most posts")
        return self


_NESTED: Final = ("languages", "categories", "figures", "embeddings")
_PLAIN: Final = [
    one.name for one in fields(Increment) if one.name in ProfileRow.model_fields and one.name not in _NESTED
]
"""What a profile adds up and has a column of the same name for, with the value as it is."""


def _cells(kept: KeptProfile) -> dict[str, Any]:
    profile, folded = kept.profile, kept.profile.folded
    derived = ("mean_score", "score_stddev", "mean_subjectivity", "main_language", "age_days")
    truths = {name: profile.figure(name) for name in TRUTHS}
    figures, embeddings = sorted(folded.figures.items()), sorted(folded.embeddings.items())
    return {
        "author_key": profile.author_key,
        **{name: getattr(folded, name) for name in _PLAIN},
        **{name: getattr(profile, name) for name in derived},
        **{label: folded.labels.get(label, 0) for label in SENTIMENT_LABELS},
        "languages": named_posts(folded.languages),
        "categories": named_posts(folded.categories),
        **{name: profile.figure(figure) for name, figure in ACCOUNT_FIGURES.items()},
        **{name: None if value is None else bool(value) for name, value in truths.items()},
        **{f"cluster_{basis}": profile.clusters.get(basis) for basis in BASES},
        "figures": [{"name": name, "hour": hour, "value": value} for name, (hour, value) in figures],
        "embeddings": [{"version": version, "posts": one.posts, "sums": one.sums} for version, one in embeddings],
        "remnants": kept.remnants,
    }


def _kept(brand: str, row: dict[str, Any]) -> KeptProfile:
    read = ProfileRow.model_validate(row)
    figures: dict[str, Figure] = {figure.name: (figure.hour, figure.value) for figure in read.figures}
    embeddings = {total.version: EmbeddingSum(total.posts, total.sums) for total in read.embeddings}
    Account.model_validate({name: value for name, (_, value) in figures.items()})
    if len(figures) < len(read.figures) or len(embeddings) < len(read.embeddings):
        raise ValueError("figures, embeddings: a name stands twice")
    plain = {name: getattr(read, name) for name in _PLAIN}
    folded = Increment(
        **plain | {"hours": tuple(read.hours), "score_squares": int(read.score_squares)},
        labels=labels_of(read),
        languages=counts_of(read.languages),
        categories=counts_of(read.categories),
        figures=figures,
        embeddings=embeddings,
    )
    clusters = {basis: getattr(read, f"cluster_{basis}") for basis in BASES}
    shown: dict[str, int] = {basis: cluster for basis, cluster in clusters.items() if cluster is not None}
    return KeptProfile(Profile(brand, read.author_key, folded, shown), read.remnants)


def _embeddings(kept: KeptProfile) -> Iterable[tuple[str, int]]:
    return ((version, total.dimensions) for version, total in kept.profile.folded.embeddings.items())


PROFILES: Final = Table(
    TableKind.PROFILES,
    ProfileRow,
    _cells,
    _kept,
    lambda kept: (kept.profile.author_key,),
    _embeddings,
    backup_from="key_version",
)
