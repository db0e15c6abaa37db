"""What is told of what carries an hour's deviation from the same hour of the weeks before."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.alerts.alert_rule import AlertRule, Direction, Metric
from services.profiles.alerts.explanation import DeviationPart, Explanation
from services.profiles.analytics.deviation import MOST_AUTHORS, explain
from services.profiles.folding import UNIT
from services.profiles.kept import Sample
from services.profiles.profile import Profile
from shared.analyzed_post import AnalyzedPost, Voice
from tests.unit.profiles.analytics.shelf import Shelf
from tests.unit.profiles.posts import START, analysis, post

HOUR = int(START.timestamp())
WEEK = timedelta(days=7)


class Segmented(Shelf):
    """A shelf whose authors are in published clusters; texts of before `texts_from` (Unix seconds) are gone."""

    def __init__(self, posts: Iterable[AnalyzedPost], clusters: Mapping[str, int], texts_from: int = 0) -> None:
        """Put the posts there, their authors in clusters by behaviour."""
        super().__init__(posts)
        self._clusters = dict(clusters)
        self._texts_from = texts_from

    async def sample(self, brand: str, start: int, end: int, most: int, voice: Voice | None = None) -> Sample:
        """See `ProfileStore.sample`."""
        return await super().sample(brand, max(start, self._texts_from), end, most, voice)

    async def profile(self, _brand: str, author_key: str) -> Profile | None:
        """See `ProfileStore.profile`."""
        cluster = self._clusters.get(author_key)
        return None if cluster is None else Profile("acme", author_key, UNIT, {"behaviour": cluster})

    async def cluster_sizes(self, _brand: str) -> dict[str, dict[int, int]]:
        """See `ProfileStore.cluster_sizes`."""
        named = list(self._clusters.values())
        return {"behaviour": {cluster: named.count(cluster) for cluster in set(named)}}


def said(
    first: int, many: int, text: str, language: str = "en", weeks: int = 0, score: float = 0.5
) -> list[AnalyzedPost]:
    """Return posts of the hour, or of that hour some weeks before, each by an author of its own."""
    numbers = range(first, first + many)
    made = [post(number, number, analyzed=analysis(score, language), text=text) for number in numbers]
    return [one.model_copy(update={"hour": START - weeks * WEEK}) for one in made]


def usual(many: int, weeks: int = 4) -> list[AnalyzedPost]:
    """Return as many posts each week as the hour is expected to have."""
    return [one for week in range(1, weeks + 1) for one in said(week * 10_000, many, "good flight", weeks=week)]


async def told(
    shelf: Segmented, metric: Metric = "posts", direction: Direction = "above", weeks: int = 4
) -> Explanation:
    """Return what is told of the hour."""
    return await explain(shelf, AlertRule(brand="acme", name="rule", metric=metric, weeks=weeks), HOUR, direction)


def shares(parts: Iterable[DeviationPart]) -> dict[str, float]:
    """Return the share of each by name."""
    return {part.name: part.share for part in parts}


async def test_an_item_carries_its_excess_over_what_was_expected_of_it() -> None:
    """Of 60 posts beyond the 30 of every week, 45 are German and 15 English."""
    hour = said(0, 45, "good flight") + said(500, 45, "strike", "de")
    found = await told(Segmented(hour + usual(30), {}))
    assert shares(found.languages) == {"de": 0.75, "en": 0.25}
    assert shares(found.terms) == {"strike": 0.75, "good": 0.25, "flight": 0.25}
    assert shares(found.platforms) == {"x": 1.0}


async def test_weeks_before_the_brand_was_listened_to_are_not_expected_to_be_empty() -> None:
    """A brand of two weeks expects what these had, not half of it."""
    hour = said(0, 30, "good flight") + said(500, 60, "strike", "de")
    assert shares((await told(Segmented(hour + usual(30, weeks=2), {}))).languages) == {"de": 1.0}


async def test_weeks_whose_texts_are_gone_are_not_compared() -> None:
    """What was written then is unknown, which is not the same as nothing."""
    hour = said(0, 30, "good flight") + said(500, 60, "strike", "de")
    two_weeks = HOUR - int(2 * WEEK.total_seconds())
    assert shares((await told(Segmented(hour + usual(30), {}, two_weeks), weeks=4)).languages) == {"de": 1.0}
    assert await told(Segmented(hour + usual(30), {}, HOUR)) == Explanation()


async def test_what_works_against_the_alert_is_not_told() -> None:
    """Of an hour with fewer posts that is told which are missing; of one that is not lower at all, nothing."""
    hour = said(0, 30, "good flight") + said(500, 10, "strike", "de")
    before = usual(30) + [one for week in (1, 2, 3, 4) for one in said(week * 10_000 + 500, 60, "bag", "fr", week)]
    found = await told(Segmented(hour + before, {}), direction="below")
    assert shares(found.languages) == {"fr": 1.2}
    assert await told(Segmented(hour + before, {}), direction="above") == Explanation()


@pytest.mark.parametrize(("now", "shown"), [(4, None), (5, 5), (0, 0)])
async def test_a_number_of_posts_of_few_people_is_not_told(now: int, shown: int | None) -> None:
    """What many wrote before carries an hour that lacks it, but how many of four people wrote it is not said."""
    hour = said(0, 30, "good flight") + said(500, now, "bag", "fr")
    before = usual(30) + [one for week in (1, 2, 3, 4) for one in said(week * 10_000 + 500, 60, "bag", "fr", week)]
    [found] = (await told(Segmented(hour + before, {}), direction="below")).languages
    assert (found.name, found.posts) == ("fr", shown)


async def test_four_people_of_an_hour_and_one_of_before_are_not_five() -> None:
    """An item needs five authors on one side of the comparison."""
    hour = said(0, 30, "good flight") + said(500, 4, "whisper", "de")
    before = usual(30) + said(19_000, 1, "whisper", "de", weeks=1)
    found = await told(Segmented(hour + before, {}))
    assert found.languages == []
    assert found.terms == []


async def test_a_segment_of_more_authors_than_are_looked_up_carries_its_part_alone() -> None:
    """All wrote twice as much as ever, in two clusters alike: each carries half, not more than there is."""
    many = 2 * MOST_AUTHORS
    before = [one for week in (1, 2, 3, 4) for one in said(week * 10_000, many, "good flight", weeks=week)]
    posts = [
        one.model_copy(update={"author_key": hashlib.sha256(one.author_key.encode()).hexdigest()[:32]})
        for one in said(0, 2 * many, "good flight") + before
    ]
    clusters = {one.author_key: number % 2 for number, one in enumerate(posts)}
    found = shares((await told(Segmented(posts, clusters))).segments)
    assert found == {"behaviour 0": pytest.approx(0.5, abs=0.2), "behaviour 1": pytest.approx(0.5, abs=0.2)}


@given(
    metric=st.sampled_from(["posts", "mean_score", "negative_share"]),
    now=st.lists(st.tuples(st.sampled_from(["en", "de", "fr"]), st.sampled_from([0.0, 0.5, 1.0])), max_size=60),
)
async def test_shares_are_numbers_whatever_is_compared(metric: Metric, now: list[tuple[str, float]]) -> None:
    """They are above nought and finite, and what all posts have carries the whole of any deviation."""
    hour = [one for at, (code, score) in enumerate(now) for one in said(at, 1, "word", code, score=score)]
    for direction in ("above", "below"):
        found = await told(Segmented(hour + usual(8), {}), metric, direction)
        if found != Explanation():
            assert shares(found.platforms) == {"x": 1.0}
            assert all(0 < part.share < 1e6 for part in found.languages)
