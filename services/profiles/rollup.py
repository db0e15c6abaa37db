"""What posts add to the hours and days of a brand: a commutative monoid beside that of profiles.

A bucket is an hour or a day (UTC) of a brand's posts of one voice. Whatever is asked of a time is answered from
buckets, so an answer costs by the buckets it covers, however many posts are in them.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import attrgetter
from typing import Any, Final, Literal, get_args

from services.profiles.author_sketch import NOBODY, AuthorSketch, sketch, union, without
from services.profiles.folding import COUNTS, HOUR_SECONDS, HOURS_A_DAY, Counts, Increment, count_without
from shared.analyzed_post import Voice

DAY_SECONDS: Final = HOURS_A_DAY * HOUR_SECONDS
Span = Literal["hour", "day"]
SPANS: Final[tuple[Span, ...]] = get_args(Span)
SPAN_SECONDS: Final[Mapping[Span, int]] = {"hour": HOUR_SECONDS, "day": DAY_SECONDS}


@dataclass(frozen=True, slots=True, order=True)
class BucketKey:
    """Whose bucket it is; `start` in Unix seconds, a multiple of the span."""

    voice: Voice
    span: Span
    start: int


@dataclass(frozen=True, slots=True)
class Scored:
    """Posts, those of them with a score, and the sum of the scores in millionths."""

    posts: int
    scored_posts: int
    score_sum: int


@dataclass(frozen=True, slots=True)
class Rollup:
    """What a set of posts adds to a bucket; without arguments the unit. `labels` counts scored posts alone."""

    posts: int = 0
    scored_posts: int = 0
    score_sum: int = 0
    likes: int = 0
    reposts: int = 0
    replies: int = 0
    labels: Counts = field(default_factory=dict)
    languages: Counts = field(default_factory=dict)
    categories: Mapping[str, Scored] = field(default_factory=dict)
    authors: AuthorSketch = NOBODY


EMPTY: Final = Rollup()
PLAIN: Final = ("posts", "scored_posts", "score_sum", "likes", "reposts", "replies")
"""The fields of one number, which posts add to."""
COUNTED: Final = ("labels", "languages")
"""The fields of counts by name."""
_PLAIN_VALUES: Final = attrgetter(*PLAIN)
_SCORED_VALUES: Final = attrgetter("posts", "scored_posts", "score_sum")
_NO_POSTS: Final = Scored(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is in one hour or day, of one voice or of both together."""

    start: int
    rollup: Rollup


def buckets_of(voice: Voice, hour: int) -> tuple[BucketKey, BucketKey]:
    """Return the buckets that a post of an hour (Unix seconds) belongs to: one of each span."""
    return BucketKey(voice, "hour", hour), BucketKey(voice, "day", hour - hour % DAY_SECONDS)


def rollup_of(author_key: str, adds: Increment) -> Rollup:
    """Return what the posts of one author add to each of their buckets."""
    categories = dict.fromkeys(adds.categories, Scored(*_SCORED_VALUES(adds)))
    values: list[Any] = [*_PLAIN_VALUES(adds), adds.labels, adds.languages, categories, sketch([author_key])]
    return Rollup(*values)


def rolled_up(posts: Iterable[tuple[Voice, str, Increment]]) -> dict[BucketKey, Rollup]:
    """Return what single posts (voice, author, what each adds) add to every bucket they touch."""
    hours: dict[tuple[Voice, int], _Sum] = {}
    for voice, author_key, adds in posts:
        hours.setdefault((voice, adds.first_seen), _Sum()).add(author_key, adds)
    days: dict[BucketKey, _Sum] = {}
    found: dict[BucketKey, Rollup] = {}
    for (voice, hour), of_hour in hours.items():
        key, day = buckets_of(voice, hour)
        found[key] = of_hour.rollup()
        days.setdefault(day, _Sum()).add_all(of_hour)
    return {**found, **{day: of_day.rollup() for day, of_day in days.items()}}


class _Sum:
    """A bucket that is being added to: in place, because a copy a post would cost more than all the rest."""

    def __init__(self) -> None:
        self.plain = [0] * len(PLAIN)
        self.labels: dict[str, int] = {}
        self.languages: dict[str, int] = {}
        self.categories: dict[str, list[int]] = {}
        self.authors: set[str] = set()

    def add(self, author_key: str, adds: Increment) -> None:
        self.plain = list(map(operator.add, self.plain, _PLAIN_VALUES(adds)))
        for mine, more in ((self.labels, adds.labels), (self.languages, adds.languages)):
            for name in more:
                mine[name] = mine.get(name, 0) + 1
        for name in adds.categories:
            scored = self.categories.setdefault(name, [0, 0, 0])
            scored[0] += 1
            scored[1] += adds.scored_posts
            scored[2] += adds.score_sum
        self.authors.add(author_key)

    def add_all(self, other: "_Sum") -> None:
        self.plain = list(map(operator.add, self.plain, other.plain))
        for mine, more in ((self.labels, other.labels), (self.languages, other.languages)):
            for name, posts in more.items():
                mine[name] = mine.get(name, 0) + posts
        for name, scored in other.categories.items():
            known = self.categories.get(name, [0, 0, 0])
            self.categories[name] = [mine + more for mine, more in zip(known, scored, strict=True)]
        self.authors |= other.authors

    def rollup(self) -> Rollup:
        categories = {name: Scored(*scored) for name, scored in self.categories.items()}
        values: list[Any] = [*self.plain, self.labels, self.languages, categories, sketch(self.authors)]
        return Rollup(*values)


def join(one: Rollup, other: Rollup) -> Rollup:
    """Return what both add together: associative and commutative, with `EMPTY` as its unit."""
    values: list[Any] = [
        *map(operator.add, _PLAIN_VALUES(one), _PLAIN_VALUES(other)),
        COUNTS.two(one.labels, other.labels),
        COUNTS.two(one.languages, other.languages),
        _categories(one, other, operator.add),
        union(one.authors, other.authors),
    ]
    return Rollup(*values)


def join_all(rollups: Iterable[Rollup]) -> Rollup:
    """Return what all of them add together."""
    return reduce(join, rollups, EMPTY)


def part_from(whole: Rollup, part: Rollup, gone: Iterable[str]) -> Rollup:
    """Return `whole` without the posts of `part`, and without the authors who have none left in the bucket."""
    values: list[Any] = [
        *map(operator.sub, _PLAIN_VALUES(whole), _PLAIN_VALUES(part)),
        count_without(whole.labels, part.labels),
        count_without(whole.languages, part.languages),
        _categories(whole, part, operator.sub),
        without(whole.authors, gone),
    ]
    return Rollup(*values)


def _categories(one: Rollup, other: Rollup, change: Callable[[int, int], int]) -> Mapping[str, Scored]:
    categories = dict(one.categories)
    for name, more in other.categories.items():
        known = categories.get(name, _NO_POSTS)
        categories[name] = Scored(*map(change, _SCORED_VALUES(known), _SCORED_VALUES(more)))
    return {name: scored for name, scored in categories.items() if scored.posts}
