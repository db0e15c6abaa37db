"""What is said of a brand now that was not said before."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pydantic import BaseModel

from services.profiles.analytics.burst import SURE, burst
from services.profiles.analytics.figures import PeriodView, share_of, view_period
from services.profiles.analytics.mentions import (
    KINDS,
    Kind,
    Mention,
    TermKey,
    may_be_shown,
    mention_of,
    occurrences_of,
    terms_of,
    with_names,
)
from services.profiles.analytics.persons import Persons, names_in
from services.profiles.analytics.window import HourWindow
from services.profiles.kept import Sample
from services.profiles.stores.base import ProfileStore
from shared.analysis import EntityType
from shared.analyzed_post import AnalyzedPost, Voice

MOST_POSTS: Final = 20_000
"""Posts looked at of the window, and as many of the baseline; of more a fair sample, the same each time."""
LEAST_POSTS: Final = 5
LEAST_AUTHORS: Final = 3
"""Below either, a term does not trend: one author's repetitions are no trend, and a handful of posts is chance."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A term of the window, how it is shown, the posts of the baseline that mention it too, and its burst score."""

    mention: Mention
    name: str
    baseline_posts: int
    score: float


class SampleView(PeriodView):
    """`posts_looked_at` of all `posts_in_all` that still have a text, from `from` up to before `to`."""

    posts_looked_at: int
    posts_in_all: int


class TrendView(BaseModel):
    """`posts` and `authors` of the window mention the term; shares are of the posts looked at.

    `score` is the signed log-likelihood ratio of window and baseline, 10.83 and up; `type` is that of an entity.
    """

    kind: Kind
    type: EntityType | None
    term: str
    posts: int
    authors: int
    share: float | None
    baseline_share: float | None
    score: float
    scored_posts: int
    mean_score: float | None


class TrendingView(SampleView):
    """What trends, the surest first."""

    baseline: SampleView
    items: list[TrendView]


async def trending(
    store: ProfileStore,
    brand: str,
    window: HourWindow,
    baseline: HourWindow,
    voice: Voice | None = None,
    kinds: frozenset[Kind] = KINDS,
    limit: int = 100,
) -> TrendingView:
    """Return up to `limit` terms that are surely more frequent in the window than in the baseline.

    Stop words need no list: they are as frequent before. Posts of one sample are held at a time, and read in a
    thread; names of persons are those of both samples. Raises what the store raises.
    """
    sample = await store.sample(brand, window.start, window.end, MOST_POSTS, voice)
    now = _view_sample(window, sample)
    found = await asyncio.to_thread(candidates, sample.posts, kinds)
    names = await asyncio.to_thread(names_in, sample.posts)
    sample = await store.sample(brand, baseline.start, baseline.end, MOST_POSTS, voice)
    past = _view_sample(baseline, sample)
    before = await asyncio.to_thread(posts_with, sample.posts, [mention.term for _, mention in found], kinds)
    names |= await asyncio.to_thread(names_in, sample.posts)
    trends = ranked(found, now.posts_looked_at, before, past.posts_looked_at)
    items = [_view(trend, now, past) for trend in await asyncio.to_thread(shown, trends, names, limit)]
    return TrendingView(**dict(now), baseline=past, items=items)


def candidates(posts: Sequence[AnalyzedPost], kinds: frozenset[Kind]) -> list[tuple[str, Mention]]:
    """Return the terms of the window with at least 5 posts and 3 authors, whether they may be shown or not, by name."""
    frequent = [
        mention_of(posts, term, seen) for term, seen in occurrences_of(posts, kinds).items() if len(seen) >= LEAST_POSTS
    ]
    return with_names(posts, [mention for mention in frequent if mention.authors >= LEAST_AUTHORS])


def posts_with(posts: Iterable[AnalyzedPost], terms: Iterable[TermKey], kinds: frozenset[Kind]) -> dict[TermKey, int]:
    """Return how many of the posts mention each of the terms, which are of these kinds."""
    counts = dict.fromkeys(terms, 0)
    for post in posts:
        for term in terms_of(post, kinds) & counts.keys():
            counts[term] += 1
    return counts


def ranked(found: Iterable[tuple[str, Mention]], of: int, before: Mapping[TermKey, int], before_of: int) -> list[Trend]:
    """Return the terms that trend, the surest first: those whose score chance passes in one of a thousand terms.

    `found` are of a window of `of` posts, `before` says in how many of the `before_of` posts of the baseline each
    was. Without a baseline nothing trends: there is nothing it would be more frequent than.
    """
    trends = []
    for name, mention in found:
        score = burst(mention.posts, of, before[mention.term], before_of)
        if score >= SURE:
            trends.append(Trend(mention, name, before[mention.term], score))
    return sorted(trends, key=lambda trend: (-trend.score, *(part or "" for part in trend.mention.term)))


def shown(trends: Iterable[Trend], names: Iterable[str], limit: int) -> list[Trend]:
    """Return the first `limit` of the trends that enough authors wrote: five where one would show a person of `names`.

    The names are such as `names_in` finds.
    """
    persons = Persons(names)
    return list(islice((trend for trend in trends if may_be_shown(trend.mention, persons)), limit))


def _view_sample(window: HourWindow, sample: Sample) -> SampleView:
    return SampleView(**view_period(window), posts_looked_at=len(sample.posts), posts_in_all=sample.posts_in_all)


def _view(trend: Trend, now: SampleView, past: SampleView) -> TrendView:
    mention = trend.mention
    return TrendView(
        kind=mention.term.kind,
        type=mention.term.type,
        term=trend.name,
        posts=mention.posts,
        authors=mention.authors,
        share=share_of(mention.posts, now.posts_looked_at),
        baseline_share=share_of(trend.baseline_posts, past.posts_looked_at),
        score=trend.score,
        scored_posts=mention.scored_posts,
        mean_score=mention.mean_score,
    )
