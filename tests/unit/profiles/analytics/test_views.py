"""Figures, changes and shares as answers show them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.analytics.breakdown import (
    others_of,
    view_categories,
    view_languages,
    view_share_of_voice,
    view_voices,
)
from services.profiles.analytics.figures import view_figures, view_summary
from services.profiles.analytics.window import HourWindow
from services.profiles.folding import increment_of
from services.profiles.profile import BrandSummary
from services.profiles.rollup import EMPTY, Rollup, Scored, join_all, rollup_of
from shared.analyzed_post import AnalyzedPost
from shared.errors import InputError
from tests.unit.profiles.analytics.shelf import POSTS
from tests.unit.profiles.posts import analysis, post

DAY = HourWindow(0, 86400)
SUMMARY = BrandSummary("acme", 2, 3, 2, 10**6, {"positive": 2}, {"en": 3}, 0, 3600)


def rolled(*posts: AnalyzedPost) -> Rollup:
    """Return what these posts add together."""
    return join_all(rollup_of(one.author_key, increment_of(one)) for one in posts)


@given(POSTS)
def test_shares_are_together_one(posts: list[AnalyzedPost]) -> None:
    """Shares of labels, languages, categories, voices and brands are each together 1, or of nothing null."""
    rollup = rolled(*posts)
    half = rolled(*posts[::2])
    shared = [
        list(view_figures(rollup).shares.values()),
        [one.share for one in view_languages(DAY, rollup).items],
        [one.share for one in view_categories(DAY, rollup).items],
        [one.share for one in view_voices(DAY, {"external": rollup, "internal": half}).items],
        [one.share for one in view_share_of_voice(DAY, {"acme": rollup, "bolt": half}).items],
    ]
    for shares in shared:
        known = [share for share in shares if share is not None]
        assert not known or (len(known) == len(shares) and math.isclose(sum(known), 1))
        assert all(0 <= share <= 1 for share in known)


def test_a_change_is_the_window_less_the_one_before() -> None:
    """Differences of posts, authors, mean score and shares, and the ratio of posts."""
    now = rolled(*(post(number, number, 0, analysis(0.75)) for number in range(3)), post(9, 9, 0, analysis(0.25)))
    before = rolled(post(1, 1, 0, analysis(0.5)), post(2, 1, 0, analysis(None)))
    shown = view_summary(SUMMARY, DAY, now, before).model_dump(by_alias=True, mode="json")
    assert shown["change"] == {
        "posts": 2,
        "posts_ratio": 2.0,
        "authors": 3,
        "mean_score": 0.125,
        "shares": {"negative": 0.25, "neutral": -1.0, "positive": 0.75},
    }
    assert (shown["window"]["from"], shown["window"]["to"]) == ("1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z")
    assert (shown["before"]["from"], shown["before"]["to"]) == ("1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z")


def test_what_cannot_be_told_is_null() -> None:
    """Beside a window without posts there is no ratio, and without scored posts no mean, share or change of them."""
    unscored = rolled(post(1, 1, 0, analysis(None)))
    change = view_summary(SUMMARY, DAY, unscored, EMPTY).change
    assert (change.posts, change.posts_ratio, change.authors, change.mean_score) == (1, None, 1, None)
    assert set(change.shares.values()) == {None}
    assert set(view_figures(EMPTY).shares.values()) == {None}
    assert [one.share for one in view_voices(DAY, {"external": EMPTY, "internal": EMPTY}).items] == [None, None]


def test_categories_come_by_posts_with_their_scores() -> None:
    """The category of most posts comes first, equal ones by name; shares leave out posts without a category."""
    rollup = Rollup(posts=9, categories={"b": Scored(2, 0, 0), "c": Scored(4, 2, 10**6), "a": Scored(2, 1, 250_000)})
    shown = view_categories(DAY, rollup)
    assert [(one.name, one.share, one.mean_score) for one in shown.items] == [
        ("c", 0.5, 0.5),
        ("a", 0.25, 0.25),
        ("b", 0.25, None),
    ]
    assert shown.posts == 9


def test_brands_come_by_posts() -> None:
    """The brand of most posts comes first, equal ones by name."""
    one, two = rolled(post(1)), rolled(post(1), post(2))
    shown = view_share_of_voice(DAY, {"bolt": one, "acme": one, "zip": two})
    assert [(item.brand, item.share) for item in shown.items] == [("zip", 0.5), ("acme", 0.25), ("bolt", 0.25)]


def test_other_brands_are_named_once() -> None:
    """Brands named twice count once, and the brand itself is not another."""
    assert others_of("bolt,acme,zip,bolt", "acme") == ["bolt", "zip"]


@pytest.mark.parametrize(
    "listed",
    ["", ",", "bolt,", "Bolt", "a b", "../x", "bolt\n", "acme", ",".join(f"b{n}" for n in range(21)), "é", "$gt"],
)
def test_what_is_no_list_of_other_brands_is_refused(listed: str) -> None:
    """No brand, more than twenty, or what is no slug is refused, and `with` named."""
    with pytest.raises(InputError) as refused:
        others_of(listed, "acme")
    assert refused.value.loc == ("query", "with")


@given(st.lists(st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True), min_size=1, max_size=20, unique=True))
def test_slugs_are_taken_as_they_are(names: list[str]) -> None:
    """Up to twenty slugs come back in their order."""
    assert others_of(",".join(names), "-none-") == names
