"""What posts add to a profile: a commutative monoid, so that order and grouping of posts never matter.

Scores are summed as whole millionths. Integers add exactly, in any order, where floats would not: two
stores that counted the same posts hold equal sums, and a variance is never negative.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, TypeVar

from services.profiles.embedding import Embeddings, add, quantised, sum_of
from shared.analyzed_post import Account, AnalyzedPost

MILLION = 10**6
HOUR_SECONDS = 3600
HOURS_A_DAY = 24
NO_HOURS = (0,) * HOURS_A_DAY
UNKNOWN_LANGUAGE = "und"
LATEST = 2**53
"""Later than any post: the unit of `min`."""

Value = TypeVar("Value")
Counts = Mapping[str, int]
Figure = tuple[int, int]
"""The hour (Unix seconds) at which a figure was seen, and its value; truths are 0 and 1."""


@dataclass(frozen=True, slots=True)
class Increment:
    """What a set of posts adds to one profile; without arguments the unit, which adds nothing.

    `score_sum` and `subjectivity_sum` are in millionths, `score_squares` in millionths squared; they and
    `labels` count scored posts alone. Times are Unix seconds of full hours, `hours` counts posts by UTC
    hour of day. `figures` holds each known account figure as of the latest post that told it. `embeddings` has the
    sum of the posts' embeddings for each version.
    """

    posts: int = 0
    scored_posts: int = 0
    score_sum: int = 0
    score_squares: int = 0
    subjectivity_posts: int = 0
    subjectivity_sum: int = 0
    likes: int = 0
    reposts: int = 0
    replies: int = 0
    repost_posts: int = 0
    reply_posts: int = 0
    first_seen: int = LATEST
    last_seen: int = -LATEST
    hours: tuple[int, ...] = NO_HOURS
    labels: Counts = field(default_factory=dict)
    languages: Counts = field(default_factory=dict)
    categories: Counts = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    embeddings: Embeddings = field(default_factory=dict)
    platform: str = ""
    key_version: int = 0


UNIT = Increment()
_COUNTED = ("labels", "languages", "categories")
_SUMMED = (
    "posts",
    "scored_posts",
    "score_sum",
    "score_squares",
    "subjectivity_posts",
    "subjectivity_sum",
    "likes",
    "reposts",
    "replies",
    "repost_posts",
    "reply_posts",
)


def increment_of(post: AnalyzedPost) -> Increment:
    """Return what one post adds.

    A post without a sentiment, or in a language that the model was not trained on, is counted, but it
    stays out of every mean. Raises ValueError where its embedding has no length.
    """
    embedding = post.analysis.embedding
    return adds_of(post, quantised(embedding) if embedding is not None else None)


def adds_of(post: AnalyzedPost, embedding: bytes | None) -> Increment:
    """Return what `increment_of` returns of a post whose embedding is quantised already."""
    analysis, hour = post.analysis, int(post.hour.timestamp())
    sentiment = analysis.sentiment if analysis.supported_language else None
    subjectivity = analysis.subjectivity if analysis.supported_language else None
    score = round(sentiment.score * MILLION) if sentiment else 0
    language = analysis.language.code if analysis.language else UNKNOWN_LANGUAGE
    version = post.embedding_version
    return Increment(
        posts=1,
        scored_posts=int(sentiment is not None),
        score_sum=score,
        score_squares=score * score,
        subjectivity_posts=int(subjectivity is not None),
        subjectivity_sum=round((subjectivity or 0.0) * MILLION),
        likes=post.likes,
        reposts=post.reposts,
        replies=post.replies,
        repost_posts=int(post.is_repost),
        reply_posts=int(post.is_reply),
        first_seen=hour,
        last_seen=hour,
        hours=one_hour(hour),
        labels={sentiment.label: 1} if sentiment else {},
        languages={language: 1},
        categories={analysis.category.label: 1} if analysis.category else {},
        figures=_figures(post.account, hour),
        embeddings={version: sum_of(embedding)} if version is not None and embedding is not None else {},
        platform=post.platform,
        key_version=post.key_version,
    )


_ONE_HOUR = tuple((*NO_HOURS[:hour], 1, *NO_HOURS[hour + 1 :]) for hour in range(HOURS_A_DAY))


def one_hour(hour: int) -> tuple[int, ...]:
    """Return `Increment.hours` of one post that was published at an hour (Unix seconds)."""
    return _ONE_HOUR[hour // HOUR_SECONDS % HOURS_A_DAY]


def combine(one: Increment, other: Increment) -> Increment:
    """Return what both add together: associative and commutative, with `UNIT` as its unit.

    Of two values of a figure from the same hour the larger stays, so that no order decides.
    """
    if not one.posts or not other.posts:
        return one if one.posts else other
    return Increment(
        posts=one.posts + other.posts,
        scored_posts=one.scored_posts + other.scored_posts,
        score_sum=one.score_sum + other.score_sum,
        score_squares=one.score_squares + other.score_squares,
        subjectivity_posts=one.subjectivity_posts + other.subjectivity_posts,
        subjectivity_sum=one.subjectivity_sum + other.subjectivity_sum,
        likes=one.likes + other.likes,
        reposts=one.reposts + other.reposts,
        replies=one.replies + other.replies,
        repost_posts=one.repost_posts + other.repost_posts,
        reply_posts=one.reply_posts + other.reply_posts,
        first_seen=min(one.first_seen, other.first_seen),
        last_seen=max(one.last_seen, other.last_seen),
        hours=tuple(map(int.__add__, one.hours, other.hours)),
        labels=_merge(one.labels, other.labels, int.__add__),
        languages=_merge(one.languages, other.languages, int.__add__),
        categories=_merge(one.categories, other.categories, int.__add__),
        figures=_latest(one.figures, other.figures),
        embeddings=add(one.embeddings, other.embeddings),
        platform=max(one.platform, other.platform),
        key_version=max(one.key_version, other.key_version),
    )


def combine_all(increments: Iterable[Increment], *, of_author: bool = True) -> Increment:
    """Return what all of them add together, as `combine` would one after another; the unit where there are none.

    Without `of_author` what only one author has is left out: the account's figures and the embeddings.
    """
    found = [one for one in increments if one.posts]
    if not found:
        return UNIT
    sums: dict[str, Any] = {name: sum([getattr(one, name) for one in found]) for name in _SUMMED}
    counts: dict[str, Any] = {name: _counted(getattr(one, name) for one in found) for name in _COUNTED}
    return Increment(
        **sums,
        **counts,
        first_seen=min(one.first_seen for one in found),
        last_seen=max(one.last_seen for one in found),
        hours=tuple(map(sum, zip(*(one.hours for one in found), strict=True))),
        figures=reduce(_latest, (one.figures for one in found)) if of_author else {},
        embeddings=reduce(add, (one.embeddings for one in found)) if of_author else {},
        platform=max(one.platform for one in found),
        key_version=max(one.key_version for one in found),
    )


def _figures(account: Account, hour: int) -> dict[str, Figure]:
    # vars() because a model's own iteration costs more than all the rest of an increment.
    return {name: (hour, int(value)) for name, value in vars(account).items() if value is not None}


def _counted(counts: Iterable[Counts]) -> Counts:
    total: dict[str, int] = {}
    for one in counts:
        for name, posts in one.items():
            total[name] = total.get(name, 0) + posts
    return total


def _latest(one: Mapping[str, Figure], other: Mapping[str, Figure]) -> Mapping[str, Figure]:
    return _merge(one, other, max)


def _merge(
    one: Mapping[str, Value], other: Mapping[str, Value], join: Callable[[Value, Value], Value]
) -> Mapping[str, Value]:
    if not one or not other:
        return one or other
    merged = dict(one)
    for name, value in other.items():
        merged[name] = join(merged[name], value) if name in merged else value
    return merged
