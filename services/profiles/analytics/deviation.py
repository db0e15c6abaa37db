"""What carries the deviation of an hour: terms, entities, segments, languages and platforms, each with its share."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from services.profiles.alerts.alert_rule import AlertRule, Metric
from services.profiles.alerts.explanation import LONGEST_NAME, DeviationPart, Explanation
from services.profiles.analytics.mentions import may_be_shown, mention_of, occurrences_of, with_names
from services.profiles.analytics.persons import Persons, names_in
from services.profiles.folding import HOUR_SECONDS, UNKNOWN_LANGUAGE
from services.profiles.kept import Sample
from services.profiles.profile import Profile
from shared.analyzed_post import AnalyzedPost, Voice
from shared.small_groups import LEAST_PEOPLE, withheld

MOST_POSTS: Final = 2000
MOST_AUTHORS: Final = 500
MOST: Final = 5
LEAST_SHARE: Final = 0.05
WEEK_SECONDS: Final = 7 * 24 * HOUR_SECONDS

Groups = Mapping[str, Sequence[int]]
"""The places of posts by what they have in common."""


class Evidence(Protocol):
    """The part of `ProfileStore` that explanations are made of."""

    async def sample(self, brand: str, start: int, end: int, most: int, voice: Voice | None = None) -> Sample:
        """See `ProfileStore.sample`."""
        ...

    async def profile(self, brand: str, author_key: str) -> Profile | None:
        """See `ProfileStore.profile`."""
        ...

    async def cluster_sizes(self, brand: str) -> dict[str, dict[int, int]]:
        """See `ProfileStore.cluster_sizes`."""
        ...


@dataclass(frozen=True)
class HourPosts:
    """The posts of an hour, or of the same hour of some weeks: `weight` is how many posts each stands for there."""

    posts: Sequence[AnalyzedPost]
    weights: Sequence[float]


async def explain(evidence: Evidence, rule: AlertRule, hour: int) -> Explanation:
    """Return what carries the deviation of an hour (Unix seconds) from the same hour of the weeks before.

    Made of a bounded sample of posts that still have a text. Raises as the store does.
    """
    now = _hour([await _sample(evidence, rule, hour)])
    weeks = [await _sample(evidence, rule, hour - week * WEEK_SECONDS) for week in range(1, rule.weeks + 1)]
    before = _hour(weeks)
    authors = list(dict.fromkeys(post.author_key for post in [*now.posts, *before.posts]))[:MOST_AUTHORS]
    segments = await _segments(evidence, rule.brand, authors)
    return await asyncio.to_thread(_explained, rule.metric, now, before, segments)


async def _sample(evidence: Evidence, rule: AlertRule, hour: int) -> Sample:
    return await evidence.sample(rule.brand, hour, hour + HOUR_SECONDS, MOST_POSTS, rule.voice)


def _hour(samples: Sequence[Sample]) -> HourPosts:
    posts, weights = list[AnalyzedPost](), list[float]()
    for sample in samples:
        posts += sample.posts
        each = sample.posts_in_all / len(sample.posts) / len(samples) if sample.posts else 0.0
        weights += [each] * len(sample.posts)
    return HourPosts(posts, weights)


async def _segments(evidence: Evidence, brand: str, authors: Sequence[str]) -> dict[str, list[str]]:
    """Return the names of the published clusters of each author, those of few people left out."""
    sizes = await evidence.cluster_sizes(brand)
    hidden = {basis: withheld(clusters) for basis, clusters in sizes.items()}
    found: dict[str, list[str]] = {}
    if sizes:
        for author_key in authors:
            profile = await evidence.profile(brand, author_key)
            clusters = profile.clusters if profile is not None else {}
            found[author_key] = [
                f"{basis} {cluster}"
                for basis, cluster in sorted(clusters.items())
                if cluster not in hidden.get(basis, frozenset())
            ]
    return found


def _explained(metric: Metric, now: HourPosts, before: HourPosts, segments: Mapping[str, list[str]]) -> Explanation:
    posts = [*now.posts, *before.posts]
    weights = [*now.weights, *(-weight for weight in before.weights)]
    effects = _effects(metric, now, before, weights)
    here = len(now.posts)

    def drivers(groups: Groups) -> list[DeviationPart]:
        return _drivers(posts, groups, effects, here)

    return Explanation(
        terms=drivers(_mentioned(posts, "term")),
        entities=drivers(_mentioned(posts, "entity")),
        segments=drivers(_grouped(segments.get(post.author_key, []) for post in posts)),
        languages=drivers(_grouped([_language(post)] for post in posts)),
        platforms=drivers(_grouped([post.platform] for post in posts)),
    )


def _effects(metric: Metric, now: HourPosts, before: HourPosts, weights: Sequence[float]) -> list[float]:
    """Return each post's part of the deviation; they add up to 1, or are nought where there is none.

    Of a number of posts that is the post itself. Of a mean it is how far the post lies from the mean of before, by its
    part of the posts that have a value (shift-share analysis, Dunn 1960): what lies at the mean moves nothing.
    """
    values = [_value(metric, post) for post in [*now.posts, *before.posts]]
    if metric == "posts":
        parts = list(weights)
    else:
        here = len(now.posts)
        scored = [abs(weight) if value is not None else 0.0 for weight, value in zip(weights, values, strict=True)]
        totals = sum(scored[:here]) or 1.0, sum(scored[here:]) or 1.0
        usual = sum(one * (value or 0.0) for one, value in zip(scored[here:], values[here:], strict=True)) / totals[1]
        parts = [
            (one / totals[0] if place < here else -one / totals[1]) * ((value or 0.0) - usual)
            for place, (one, value) in enumerate(zip(scored, values, strict=True))
        ]
    total = sum(parts)
    return [part / total for part in parts] if abs(total) > 1e-12 else [0.0] * len(parts)  # noqa: PLR2004 - no deviation


def _value(metric: Metric, post: AnalyzedPost) -> float | None:
    sentiment = post.analysis.sentiment if post.analysis.supported_language else None
    if sentiment is None:
        return None
    return sentiment.score if metric == "mean_score" else float(sentiment.label == "negative")


def _drivers(posts: Sequence[AnalyzedPost], groups: Groups, effects: Sequence[float], here: int) -> list[DeviationPart]:
    found = []
    for name, places in groups.items():
        share = sum(effects[place] for place in places)
        if share >= LEAST_SHARE and len({posts[place].author_key for place in places}) >= LEAST_PEOPLE:
            found.append(DeviationPart(name=name, share=round(share, 4), posts=sum(place < here for place in places)))
    return sorted(found, key=lambda driver: (-driver.share, driver.name))[:MOST]


def _mentioned(posts: Sequence[AnalyzedPost], kind: str) -> Groups:
    """Return the posts by term or entity, without those that would show a person."""
    wanted = frozenset({"term", "hashtag"} if kind == "term" else {"entity"})
    occurrences = occurrences_of(posts, wanted)  # type: ignore[arg-type] # literals of a set
    told = {term: places for term, places in occurrences.items() if len(places) >= LEAST_PEOPLE}
    mentions = [mention_of(posts, term, places) for term, places in told.items()]
    persons = Persons(names_in(posts))
    shown = [mention for mention in mentions if may_be_shown(mention, persons)]
    return {name[:LONGEST_NAME]: told[mention.term] for name, mention in with_names(posts, shown)}


def _grouped(names: Iterable[Sequence[str]]) -> Groups:
    found: dict[str, list[int]] = {}
    for place, of_post in enumerate(names):
        for name in of_post:
            found.setdefault(name, []).append(place)
    return found


def _language(post: AnalyzedPost) -> str:
    return post.analysis.language.code if post.analysis.language else UNKNOWN_LANGUAGE
