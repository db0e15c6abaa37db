"""What carries the deviation of an hour: terms, entities, segments, languages and platforms, each with its share."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from services.profiles.alerts.alert_rule import AlertRule, Direction, Metric
from services.profiles.alerts.explanation import LONGEST_NAME, DeviationPart, Explanation
from services.profiles.analytics.mentions import may_be_shown, mention_of, occurrences_of, with_names
from services.profiles.analytics.persons import Persons, names_in
from services.profiles.folding import HOUR_SECONDS, UNKNOWN_LANGUAGE
from services.profiles.kept import Sample
from services.profiles.profile import Profile
from services.profiles.rollup import Bucket, Span
from shared.analyzed_post import AnalyzedPost, Voice
from shared.small_groups import LEAST_PEOPLE, withheld

MOST_POSTS: Final = 2000
MOST_BEFORE: Final = 4000
"""Posts of all weeks before together."""
MOST_AUTHORS: Final = 500
MOST: Final = 5
LEAST_SHARE: Final = 0.05
_LEAST_DEVIATION: Final = 1e-12
WEEK_SECONDS: Final = 7 * 24 * HOUR_SECONDS

Groups = Mapping[str, Sequence[int]]
"""The places of posts by what they have in common."""


class Evidence(Protocol):
    """The part of `ProfileStore` that explanations are made of."""

    async def rollups(
        self, brand: str, span: Span, start: int, end: int, voice: Voice | None = None, limit: int | None = None
    ) -> list[Bucket]:
        """See `ProfileStore.rollups`."""
        ...

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


async def explain(evidence: Evidence, rule: AlertRule, hour: int, direction: Direction) -> Explanation:
    """Return what carries the deviation of an hour (Unix seconds) from the same hour of the weeks before.

    Made of a bounded sample of posts that still have a text, counted up to the posts of their hour. It is empty where
    there is nothing to compare with, or where the sample does not deviate in that direction. Raises as the store does.
    """
    now = await _hour(evidence, rule, [hour], MOST_POSTS)
    before = await _hour(evidence, rule, await _weeks_before(evidence, rule, hour), MOST_BEFORE // rule.weeks)
    if now is None or before is None:
        return Explanation()
    # Keys are keyed hashes: the first of them are a fair sample of the authors of both.
    authors = sorted({post.author_key for post in [*now.posts, *before.posts]})
    segments = await _segments(evidence, rule.brand, authors[:MOST_AUTHORS])
    each = len(authors) / MOST_AUTHORS if len(authors) > MOST_AUTHORS else 1.0
    return await asyncio.to_thread(_explained, rule.metric, direction, now, before, segments, each)


async def _weeks_before(evidence: Evidence, rule: AlertRule, hour: int) -> list[int]:
    """Return the same hour of the weeks before, without those in which the brand was not listened to yet."""
    earliest = hour - rule.weeks * WEEK_SECONDS - HOUR_SECONDS
    first = await evidence.rollups(rule.brand, "hour", earliest, hour, rule.voice, 1)
    weeks = [hour - week * WEEK_SECONDS for week in range(1, rule.weeks + 1)]
    return [week for week in weeks if first and week >= first[0].start]


async def _hour(evidence: Evidence, rule: AlertRule, hours: Sequence[int], most: int) -> HourPosts | None:
    """Return the mean of some hours; an hour whose texts are gone is left out, None where none is left."""
    samples = []
    for start in hours:
        end = start + HOUR_SECONDS
        counted = await evidence.rollups(rule.brand, "hour", start, end, rule.voice)
        posts = (await evidence.sample(rule.brand, start, end, most, rule.voice)).posts
        many = sum(bucket.rollup.posts for bucket in counted)
        if posts or not many:
            samples.append((posts, many))
    if not samples:
        return None
    weights = [many / len(posts) / len(samples) for posts, many in samples for _ in posts]
    return HourPosts([post for posts, _ in samples for post in posts], weights)


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


def _explained(
    metric: Metric,
    direction: Direction,
    now: HourPosts,
    before: HourPosts,
    segments: Mapping[str, list[str]],
    each: float,
) -> Explanation:
    """Return what carries the deviation; each author of `segments` stands for `each` authors."""
    posts = [*now.posts, *before.posts]
    effects = _effects(metric, direction, now, before)
    here = len(now.posts)

    def drivers(groups: Groups, scale: float = 1.0) -> list[DeviationPart]:
        return _drivers(posts, groups, [effect * scale for effect in effects], here)

    return Explanation(
        terms=drivers(_mentioned(posts, "term")),
        entities=drivers(_mentioned(posts, "entity")),
        segments=drivers(_grouped(segments.get(post.author_key, []) for post in posts), each),
        languages=drivers(_grouped([_language(post)] for post in posts)),
        platforms=drivers(_grouped([post.platform] for post in posts)),
    )


def _effects(metric: Metric, direction: Direction, now: HourPosts, before: HourPosts) -> list[float]:
    """Return each post's part of the deviation; they add up to 1, or are nought where there is none that way.

    Of a number of posts that is the post itself. Of a mean it is how far the post lies from the mean of before, by its
    part of the posts that have a value (shift-share analysis, Dunn 1960): what lies at the mean moves nothing.
    """
    here, weights = len(now.posts), [*now.weights, *before.weights]
    parts = [weight if place < here else -weight for place, weight in enumerate(weights)]
    if metric != "posts":
        values = [_value(metric, post) for post in [*now.posts, *before.posts]]
        scored = [part if value is not None else 0.0 for part, value in zip(parts, values, strict=True)]
        totals = sum(scored[:here]), -sum(scored[here:])
        if not all(totals):
            return [0.0] * len(parts)
        usual = (
            -sum(part * (value or 0.0) for part, value in zip(scored[here:], values[here:], strict=True)) / totals[1]
        )
        parts = [
            part / totals[place >= here] * ((value or 0.0) - usual)
            for place, (part, value) in enumerate(zip(scored, values, strict=True))
        ]
    total = sum(parts)
    deviates = total > _LEAST_DEVIATION if direction == "above" else total < -_LEAST_DEVIATION
    return [part / total for part in parts] if deviates else [0.0] * len(parts)


def _value(metric: Metric, post: AnalyzedPost) -> float | None:
    sentiment = post.analysis.sentiment if post.analysis.supported_language else None
    if sentiment is None:
        return None
    return sentiment.score if metric == "mean_score" else float(sentiment.label == "negative")


def _drivers(posts: Sequence[AnalyzedPost], groups: Groups, effects: Sequence[float], here: int) -> list[DeviationPart]:
    """Return the strongest of what five people wrote in the hour, or five in the weeks before."""
    found = []
    for name, places in groups.items():
        share = sum(effects[place] for place in places)
        now = [posts[place].author_key for place in places if place < here]
        before = {posts[place].author_key for place in places if place >= here}
        people = len(set(now))
        if share >= LEAST_SHARE and max(people, len(before)) >= LEAST_PEOPLE:
            many = len(now) if people >= LEAST_PEOPLE or not people else None
            found.append(DeviationPart(name=name, share=round(share, 4), posts=many))
    return sorted(found, key=lambda driver: (-driver.share, driver.name))[:MOST]


def _mentioned(posts: Sequence[AnalyzedPost], kind: str) -> Groups:
    """Return the posts by term or entity, without those that would show a person."""
    wanted = frozenset({"term", "hashtag"} if kind == "term" else {"entity"})
    occurrences = occurrences_of(posts, wanted)  # type: ignore[arg-type] # literals of a set
    told = {term: places for term, places in occurrences.items() if len(places) >= LEAST_PEOPLE}
    mentions = [mention_of(posts, term, places) for term, places in told.items()]
    persons = Persons(names_in(posts))
    shown = [mention for mention in mentions if may_be_shown(mention, persons)]
    found: dict[str, set[int]] = {}
    for name, mention in with_names(posts, shown):
        found.setdefault(name[:LONGEST_NAME], set()).update(told[mention.term])
    return {name: sorted(places) for name, places in found.items()}


def _grouped(names: Iterable[Sequence[str]]) -> Groups:
    found: dict[str, list[int]] = {}
    for place, of_post in enumerate(names):
        for name in of_post:
            found.setdefault(name, []).append(place)
    return found


def _language(post: AnalyzedPost) -> str:
    return post.analysis.language.code if post.analysis.language else UNKNOWN_LANGUAGE
