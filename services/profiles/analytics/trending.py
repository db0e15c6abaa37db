"""What is said of a brand now that was not said before."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.profiles.analytics.burst import SURE, burst
from services.profiles.analytics.mentions import KINDS, Kind, Mention, Term, mentions, places_of, terms_of
from services.profiles.analytics.stretch import Stretch
from services.profiles.stores.base import ProfileStore
from shared.analyzed_post import AnalyzedPost, Voice

MOST_POSTS: Final = 20_000
"""Posts looked at of the window, and as many of the baseline; of more a fair sample, the same each time."""
LEAST_POSTS: Final = 5
LEAST_AUTHORS: Final = 3
"""Below either, a term does not trend: one author's repetitions are no trend, and a handful of posts is chance."""


@dataclass(frozen=True, slots=True)
class Looked:
    """How many posts of a stretch were looked at, of how many that still have a text."""

    stretch: Stretch
    posts: int
    posts_in_all: int


@dataclass(frozen=True, slots=True)
class Trend:
    """A term of the window, the posts of the baseline that mention it too, and its burst score."""

    mention: Mention
    baseline_posts: int
    score: float


@dataclass(frozen=True, slots=True)
class Trends:
    """What trends, the surest first, and what it was found in."""

    window: Looked
    baseline: Looked
    items: list[Trend]


async def trending(
    store: ProfileStore,
    brand: str,
    window: Stretch,
    baseline: Stretch,
    voice: Voice | None = None,
    kinds: frozenset[Kind] = KINDS,
    limit: int = 100,
) -> Trends:
    """Return up to `limit` terms that are surely more frequent in the window than in the baseline.

    Stop words need no list: they are as frequent before. Posts of one sample are held at a time, and read in a
    thread. Raises what the store raises.
    """
    sample = await store.sample(brand, window.start, window.end, MOST_POSTS, voice)
    now = Looked(window, len(sample.posts), sample.posts_in_all)
    found = await asyncio.to_thread(candidates, sample.posts, kinds)
    sample = await store.sample(brand, baseline.start, baseline.end, MOST_POSTS, voice)
    past = Looked(baseline, len(sample.posts), sample.posts_in_all)
    before = await asyncio.to_thread(posts_with, sample.posts, [mention.term for mention in found], kinds)
    return Trends(now, past, ranked(found, now.posts, before, past.posts)[:limit])


def candidates(posts: Sequence[AnalyzedPost], kinds: frozenset[Kind]) -> list[Mention]:
    """Return the terms of the window with at least 5 posts and 3 authors; 5 authors for what names a person."""
    frequent = {term: where for term, where in places_of(posts, kinds).items() if len(where) >= LEAST_POSTS}
    return [mention for mention in mentions(posts, frequent) if mention.authors >= LEAST_AUTHORS]


def posts_with(posts: Iterable[AnalyzedPost], terms: Iterable[Term], kinds: frozenset[Kind]) -> dict[Term, int]:
    """Return how many of the posts mention each of the terms, which are of these kinds."""
    counts = dict.fromkeys(terms, 0)
    for post in posts:
        for term in terms_of(post, kinds) & counts.keys():
            counts[term] += 1
    return counts


def ranked(found: Iterable[Mention], of: int, before: Mapping[Term, int], before_of: int) -> list[Trend]:
    """Return the terms that trend, the surest first: those whose score chance passes in one of a thousand terms.

    `found` are of a window of `of` posts, `before` tells in how many of the `before_of` posts of the baseline each
    was. Without a baseline nothing trends: there is nothing it would be more frequent than.
    """
    trends = (
        Trend(mention, before[mention.term], burst(mention.posts, of, before[mention.term], before_of))
        for mention in found
    )
    return sorted(
        (trend for trend in trends if trend.score >= SURE),
        key=lambda trend: (
            -trend.score,
            trend.mention.term.kind,
            trend.mention.term.text,
            trend.mention.term.type or "",
        ),
    )
