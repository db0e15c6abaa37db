"""What posts add to a profile: a commutative monoid, so that order and grouping of posts never matter.

Scores are summed as whole millionths. Integers add exactly, in any order, where floats would not: two
stores that counted the same posts hold equal sums, and a variance is never negative.

How each field adds up is declared once, with the field. Combining, taking out, encoding for stores and backups, and
the columns of `/features` follow from that.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import attrgetter
from typing import Annotated, Any, Final, TypeVar, get_type_hints

from services.profiles import embedding as embeddings_of_posts
from services.profiles.embedding import Embeddings, quantised, sum_of
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
class Adding:
    """How the values of a field add up: two of them, many of them; and a whole without a part of it."""

    two: Callable[[Any, Any], Any]
    many: Callable[[Sequence[Any]], Any]
    without: Callable[[Any, Any], Any]


def _count_together(one: Counts, other: Counts) -> Counts:
    if not one or not other:
        return one or other
    merged = dict(one)
    for name, posts in other.items():
        merged[name] = merged.get(name, 0) + posts
    return merged


def _count_all(counts: Iterable[Counts]) -> Counts:
    total: dict[str, int] = {}
    for one in counts:
        for name, posts in one.items():
            total[name] = total.get(name, 0) + posts
    return total


def count_without(whole: Counts, part: Counts) -> Counts:
    """Return the counts of `whole` less those of `part`; a name of which none is left goes."""
    left = {name: count - part.get(name, 0) for name, count in whole.items()}
    return {name: count for name, count in left.items() if count}


def _latest(one: Mapping[str, Figure], other: Mapping[str, Figure]) -> Mapping[str, Figure]:
    """Return the latest of each figure; of two values from one hour the larger, so that no order decides."""
    if not one or not other:
        return one or other
    merged = dict(one)
    for name, figure in other.items():
        known = merged.get(name)
        if known is None or figure > known:
            merged[name] = figure
    return merged


def _stays(whole: Value, _part: Value) -> Value:
    """Return the whole: nothing in a maximum tells the one below it."""
    return whole


SUM: Final = Adding(operator.add, sum, operator.sub)
FIRST: Final = Adding(min, min, _stays)
LAST: Final = Adding(max, max, _stays)
COUNTS: Final = Adding(_count_together, _count_all, count_without)
HOURS: Final = Adding(
    lambda one, other: tuple(map(operator.add, one, other)),
    lambda all_hours: tuple(map(sum, zip(*all_hours, strict=True))),
    lambda whole, part: tuple(map(operator.sub, whole, part)),
)
FIGURES: Final = Adding(_latest, lambda figures: reduce(_latest, figures), _stays)
EMBEDDINGS: Final = Adding(
    embeddings_of_posts.add,
    lambda sums: reduce(embeddings_of_posts.add, sums),
    embeddings_of_posts.subtract,
)


_SHOWN: Final = "means something by itself"
_SELDOM: Final = "kept where it is set"


@dataclass(frozen=True, slots=True)
class Increment:
    """What a set of posts adds to one profile; without arguments the unit, which adds nothing.

    `score_sum` and `subjectivity_sum` are in millionths, `score_squares` in millionths squared; they and
    `labels` count scored posts alone. Times are Unix seconds of full hours, `hours` counts posts by UTC
    hour of day. `figures` holds each known account figure as of the latest post that told it. `embeddings` has the
    sum of the posts' embeddings for each version.
    `is_unknown` marks the author key that stands for every author whom a network does not tell.
    """

    posts: Annotated[int, SUM, _SHOWN] = 0
    scored_posts: Annotated[int, SUM, _SHOWN] = 0
    score_sum: Annotated[int, SUM] = 0
    score_squares: Annotated[int, SUM] = 0
    subjectivity_posts: Annotated[int, SUM] = 0
    subjectivity_sum: Annotated[int, SUM] = 0
    likes: Annotated[int, SUM, _SHOWN] = 0
    reposts: Annotated[int, SUM, _SHOWN] = 0
    replies: Annotated[int, SUM, _SHOWN] = 0
    repost_posts: Annotated[int, SUM, _SHOWN] = 0
    reply_posts: Annotated[int, SUM, _SHOWN] = 0
    first_seen: Annotated[int, FIRST] = LATEST
    last_seen: Annotated[int, LAST] = -LATEST
    hours: Annotated[tuple[int, ...], HOURS] = NO_HOURS
    labels: Annotated[Counts, COUNTS] = field(default_factory=dict)
    languages: Annotated[Counts, COUNTS] = field(default_factory=dict)
    categories: Annotated[Counts, COUNTS] = field(default_factory=dict)
    figures: Annotated[Mapping[str, Figure], FIGURES] = field(default_factory=dict)
    embeddings: Annotated[Embeddings, EMBEDDINGS] = field(default_factory=dict)
    platform: Annotated[str, LAST] = ""
    key_version: Annotated[int, LAST] = 0
    is_unknown: Annotated[bool, LAST, _SELDOM] = False


UNIT = Increment()
_DECLARED: Final = {name: hint.__metadata__ for name, hint in get_type_hints(Increment, include_extras=True).items()}
_FIELDS: Final[Mapping[str, Adding]] = {name: declared[0] for name, declared in _DECLARED.items()}
_VALUES: Final = attrgetter(*_FIELDS)
_SUMS: Final = [name for name, adding in _FIELDS.items() if adding is SUM]
_SUMMED: Final = attrgetter(*_SUMS)
_OTHER: Final = attrgetter(*list(_FIELDS)[len(_SUMS) :])
"""The sums stand before all others, which are combined one by one."""
_TWO: Final = [adding.two for adding in list(_FIELDS.values())[len(_SUMS) :]]
_OF_A_BRAND: Final = {name: adding for name, adding in _FIELDS.items() if adding not in {FIGURES, EMBEDDINGS}}
_VALUES_OF_A_BRAND: Final = attrgetter(*_OF_A_BRAND)
_WITHOUT: Final = [adding.without for adding in _FIELDS.values()]
SELDOM: Final = tuple(name for name, declared in _DECLARED.items() if _SELDOM in declared)
"""The truths that most profiles lack, and all that earlier versions kept."""
PLAIN: Final = tuple(name for name, adding in _FIELDS.items() if adding in {SUM, FIRST, LAST} and name not in SELDOM)
"""The fields of one number or name, which stores and backups keep as they are."""
COUNTED: Final = tuple(name for name, adding in _FIELDS.items() if adding is COUNTS)
"""The fields of counts by name."""
SHOWN: Final = tuple(name for name, declared in _DECLARED.items() if _SHOWN in declared)
"""The sums that mean something by themselves: columns of `/features`."""


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
        is_unknown=post.author_is_unknown,
    )


_ONE_HOUR = tuple((*NO_HOURS[:hour], 1, *NO_HOURS[hour + 1 :]) for hour in range(HOURS_A_DAY))


def one_hour(hour: int) -> tuple[int, ...]:
    """Return `Increment.hours` of one post that was published at an hour (Unix seconds)."""
    return _ONE_HOUR[hour // HOUR_SECONDS % HOURS_A_DAY]


def combine(one: Increment, other: Increment) -> Increment:
    """Return what both add together: associative and commutative, with `UNIT` as its unit."""
    if not one.posts or not other.posts:
        return one if one.posts else other
    summed = map(operator.add, _SUMMED(one), _SUMMED(other))
    values = zip(_TWO, _OTHER(one), _OTHER(other), strict=True)
    return Increment(*summed, *[two(mine, more) for two, mine, more in values])


def combine_all(increments: Iterable[Increment], *, of_author: bool = True) -> Increment:
    """Return what all of them add together, as `combine` would one after another; the unit where there are none.

    Without `of_author` what only one author has is left out: the account's figures and the embeddings.
    """
    found = [one for one in increments if one.posts]
    if not found:
        return UNIT
    names, values = (_FIELDS, _VALUES) if of_author else (_OF_A_BRAND, _VALUES_OF_A_BRAND)
    columns = zip(names.items(), zip(*map(values, found), strict=True), strict=True)
    return Increment(**{name: adding.many(column) for (name, adding), column in columns})


def subtract(whole: Increment, part: Increment) -> Increment:
    """Return the sums and counts of `whole` without those of `part`, which must be in it.

    The first and last hour, the account's figures, the platform and the key's version stay those of `whole`.
    """
    values = zip(_WITHOUT, _VALUES(whole), _VALUES(part), strict=True)
    return Increment(*[without(mine, less) for without, mine, less in values])


def _figures(account: Account, hour: int) -> dict[str, Figure]:
    # vars() because a model's own iteration costs more than all the rest of an increment.
    return {name: (hour, int(value)) for name, value in vars(account).items() if value is not None}
