"""What posts add to the hours and days of a brand: a commutative monoid beside that of profiles.

A bucket is an hour or a day (UTC) of a brand's posts of one voice. Whatever is asked of a time is answered from
buckets, so an answer costs by the buckets it covers, however many posts are in them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Final, Literal, get_args

from services.profiles.author_sketch import NOBODY, AuthorSketch, sketch, union, without
from services.profiles.folding import HOUR_SECONDS, HOURS_A_DAY, Counts, Increment
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
    scored = Scored(adds.posts, adds.scored_posts, adds.score_sum)
    return Rollup(
        posts=adds.posts,
        scored_posts=adds.scored_posts,
        score_sum=adds.score_sum,
        likes=adds.likes,
        reposts=adds.reposts,
        replies=adds.replies,
        labels=adds.labels,
        languages=adds.languages,
        categories=dict.fromkeys(adds.categories, scored),
        authors=sketch([author_key]),
    )


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
        self.plain = [0] * 6
        self.labels: dict[str, int] = {}
        self.languages: dict[str, int] = {}
        self.categories: dict[str, list[int]] = {}
        self.authors: set[str] = set()

    def add(self, author_key: str, adds: Increment) -> None:
        plain = self.plain
        plain[0] += 1
        plain[1] += adds.scored_posts
        plain[2] += adds.score_sum
        plain[3] += adds.likes
        plain[4] += adds.reposts
        plain[5] += adds.replies
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
        self.plain = [mine + more for mine, more in zip(self.plain, other.plain, strict=True)]
        for mine, more in ((self.labels, other.labels), (self.languages, other.languages)):
            for name, posts in more.items():
                mine[name] = mine.get(name, 0) + posts
        for name, scored in other.categories.items():
            known = self.categories.get(name, [0, 0, 0])
            self.categories[name] = [mine + more for mine, more in zip(known, scored, strict=True)]
        self.authors |= other.authors

    def rollup(self) -> Rollup:
        categories = {name: Scored(*scored) for name, scored in self.categories.items()}
        posts, scored_posts, score_sum, likes, reposts, replies = self.plain
        return Rollup(
            posts,
            scored_posts,
            score_sum,
            likes,
            reposts,
            replies,
            self.labels,
            self.languages,
            categories,
            sketch(self.authors),
        )


def join(one: Rollup, other: Rollup) -> Rollup:
    """Return what both add together: associative and commutative, with `EMPTY` as its unit."""
    return _changed(one, other, 1, union(one.authors, other.authors))


def join_all(rollups: Iterable[Rollup]) -> Rollup:
    """Return what all of them add together."""
    return reduce(join, rollups, EMPTY)


def part_from(whole: Rollup, part: Rollup, gone: Iterable[str]) -> Rollup:
    """Return `whole` without the posts of `part`, and without the authors who have none left in the bucket."""
    return _changed(whole, part, -1, without(whole.authors, gone))


def _changed(one: Rollup, other: Rollup, sign: int, authors: AuthorSketch) -> Rollup:
    categories = dict(one.categories)
    for name, more in other.categories.items():
        known = categories.get(name, Scored(0, 0, 0))
        categories[name] = Scored(
            known.posts + sign * more.posts,
            known.scored_posts + sign * more.scored_posts,
            known.score_sum + sign * more.score_sum,
        )
    return Rollup(
        posts=one.posts + sign * other.posts,
        scored_posts=one.scored_posts + sign * other.scored_posts,
        score_sum=one.score_sum + sign * other.score_sum,
        likes=one.likes + sign * other.likes,
        reposts=one.reposts + sign * other.reposts,
        replies=one.replies + sign * other.replies,
        labels=_counts(one.labels, other.labels, sign),
        languages=_counts(one.languages, other.languages, sign),
        categories={name: scored for name, scored in categories.items() if scored.posts},
        authors=authors,
    )


def _counts(one: Counts, other: Counts, sign: int) -> Counts:
    changed = dict(one)
    for name, posts in other.items():
        changed[name] = changed.get(name, 0) + sign * posts
    return {name: posts for name, posts in changed.items() if posts}
