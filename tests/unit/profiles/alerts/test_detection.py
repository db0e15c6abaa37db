"""When an hour is out of the ordinary."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.profiles.alerts.alert_rule import AlertRuleBody
from services.profiles.alerts.detection import MOST_Z, Figures, Finding, Judgement, expected_range, judge, robust_z

VALUES = st.floats(-1e6, 1e6)
HISTORIES = st.lists(st.lists(VALUES, min_size=1, max_size=12), min_size=1, max_size=3)
FLOORS = st.floats(1e-3, 1e3)
WHOLE = st.integers(-(10**6), 10**6)


@st.composite
def hours(draw: st.DrawFn) -> Figures:
    """Return any hour that can be."""
    posts = draw(st.integers(0, 10**7))
    scored = draw(st.integers(0, posts))
    return Figures(posts, scored, draw(st.integers(0, scored * 10**6)), draw(st.integers(0, scored)))


RULES = st.builds(
    AlertRuleBody,
    metric=st.sampled_from(["posts", "mean_score", "negative_share"]),
    direction=st.sampled_from(["above", "below", "both"]),
    threshold=st.floats(1, 20),
    min_posts=st.integers(1, 1000),
)
COLUMNS = st.lists(st.lists(hours(), max_size=12), min_size=3, max_size=3)


def z_of(value: float, history: Sequence[Sequence[float]], floor: float) -> float:
    """Return the z-score of a value against a history."""
    return robust_z(value, *expected_range(history, floor))


@given(WHOLE, st.lists(st.lists(WHOLE, min_size=1, max_size=12), min_size=1, max_size=3), st.integers(1, 1000), WHOLE)
def test_a_shift_of_everything_changes_no_score(value: int, history: list[list[int]], floor: int, shift: int) -> None:
    """The score knows distances alone."""
    moved = z_of(value + shift, [[one + shift for one in hour] for hour in history], floor)
    assert moved == pytest.approx(z_of(value, history, floor), rel=1e-9, abs=1e-9)


@given(VALUES, HISTORIES, FLOORS, st.floats(1e-3, 1e3))
def test_another_unit_changes_no_score(value: float, history: list[list[float]], floor: float, scale: float) -> None:
    """Where everything is larger by a factor, the floor too, the score is the same."""
    scaled = z_of(value * scale, [[one * scale for one in hour] for hour in history], floor * scale)
    assert scaled == pytest.approx(z_of(value, history, floor), rel=1e-6, abs=1e-6)


@given(VALUES, HISTORIES, FLOORS)
def test_what_is_mirrored_has_the_opposite_score(value: float, history: list[list[float]], floor: float) -> None:
    """No direction is found more easily than the other."""
    assert z_of(-value, [[-one for one in hour] for hour in history], floor) == pytest.approx(
        -z_of(value, history, floor), rel=1e-9
    )


@given(VALUES, VALUES, HISTORIES, FLOORS)
def test_a_higher_value_has_no_lower_score(one: float, other: float, history: list[list[float]], floor: float) -> None:
    """Against the same history the score rises with the value."""
    low, high = sorted([one, other])
    assert z_of(low, history, floor) <= z_of(high, history, floor)


@given(
    st.floats(-1e12, 1e12),
    st.lists(st.lists(st.floats(-1e12, 1e12), min_size=1), min_size=1, max_size=3),
    st.floats(5e-324, 1e12),
)
def test_a_score_is_always_finite(value: float, history: list[list[float]], floor: float) -> None:
    """Whatever the history and however small the floor; a flat history never divides by zero."""
    assert -MOST_Z <= z_of(value, history, floor) <= MOST_Z


@given(RULES, hours(), COLUMNS)
def test_every_judgement_is_of_finite_figures(rule: AlertRuleBody, hour: Figures, columns: list[list[Figures]]) -> None:
    """And what is found lies outside its ordinary range, on the side that the rule watches."""
    judged = judge(rule, hour, columns)
    assert (judged.missing is None) == (judged.state == "watching")
    if judged.finding is None:
        return
    found = judged.finding
    assert all(map(math.isfinite, (found.value, found.expected, found.low, found.high, found.z)))
    assert abs(found.z) >= rule.threshold
    assert rule.direction in {found.direction, "both"}
    assert found.value >= found.high - 1e-6 if found.direction == "above" else found.value <= found.low + 1e-6


@given(hours(), COLUMNS, st.floats(1, 20), st.integers(1, 1000))
def test_shares_and_scores_are_found_alike_in_both_directions(
    hour: Figures, columns: list[list[Figures]], threshold: float, least: int
) -> None:
    """An hour with every share mirrored is found exactly when this one is, in the other direction."""
    rule = AlertRuleBody(metric="negative_share", threshold=threshold, min_posts=least)
    judged = judge(rule, hour, columns)
    assume(judged.finding is None or abs(judged.finding.z) > threshold + 1e-6)
    other = judge(rule, mirrored(hour), [[mirrored(one) for one in column] for column in columns])
    assume(other.finding is None or abs(other.finding.z) > threshold + 1e-6)
    assert (judged.finding is None) == (other.finding is None)
    if judged.finding is not None and other.finding is not None:
        assert {judged.finding.direction, other.finding.direction} == {"above", "below"}


def mirrored(figures: Figures) -> Figures:
    """Return the hour with negative posts for the others, and the others for negative ones."""
    return Figures(
        figures.posts, figures.scored_posts, figures.score_sum, figures.scored_posts - figures.negative_posts
    )


def test_distances_from_a_median_of_few_values_are_made_good() -> None:
    """Two values lie nearer to their own median than to what they vary around, by the root of a half."""
    assert expected_range([[0.0, 2.0]], 1e-9) == pytest.approx((1, 1.4826 * math.sqrt(2)))
    assert expected_range([[4.0], [0.0, 2.0], [7.0]], 1e-9) == pytest.approx((4, 1.4826 * math.sqrt(2)))
    assert expected_range([[4.0]], 3.0) == (4, 3)


def flat(posts: int, weeks: int = 4) -> list[list[Figures]]:
    """Return a history whose hours are all alike."""
    return [[Figures(posts)] * weeks for _ in range(3)]


def scored(share: float, posts: int) -> Figures:
    """Return an hour of which a share is negative, the others at score 1."""
    negative = round(share * posts)
    return Figures(posts, posts, (posts - negative) * 10**6, negative)


def found_in(hour: Figures, columns: Sequence[Sequence[Figures]], **rule: Any) -> Finding:
    """Return what a rule about volume, unless changed, finds in an hour."""
    finding = judge(AlertRuleBody(**({"metric": "posts"} | rule)), hour, columns).finding
    assert finding is not None
    return finding


def test_a_flat_history_is_left_only_by_more_than_chance_makes() -> None:
    """A hundred posts an hour vary by ten: 130 are nothing, 140 are unusual, and so are 60."""
    rule = AlertRuleBody(metric="posts")
    assert judge(rule, Figures(130), flat(100)).finding is None
    above, below = found_in(Figures(140), flat(100)), found_in(Figures(60), flat(100))
    assert (above.direction, above.expected, above.low, above.high, above.z) == ("above", 100, 65, 135, 4)
    assert (below.direction, below.z) == ("below", -4)


def test_a_silent_hour_that_erupts_is_found() -> None:
    """Hours without posts are history too."""
    found = found_in(Figures(12), flat(0))
    assert (found.expected, found.z) == (0, 12)


def test_a_brand_that_falls_silent_is_found() -> None:
    """What was expected reaches the least number of posts, though the hour does not."""
    assert found_in(Figures(0), flat(100)).direction == "below"


def test_few_posts_are_never_unusual() -> None:
    """An hour below `min_posts` is nothing, however unusual."""
    assert judge(AlertRuleBody(metric="posts", min_posts=20), Figures(19), flat(0)) == Judgement("watching")
    share = [[scored(0.1, 100)] * 4] * 3
    assert judge(AlertRuleBody(metric="negative_share", min_posts=20), scored(1.0, 19), share) == Judgement("watching")


@pytest.mark.parametrize(("metric", "direction"), [("negative_share", "above"), ("mean_score", "below")])
def test_a_mood_that_turns_is_found(metric: str, direction: str) -> None:
    """From a tenth to half of a hundred posts negative is far; from a tenth to a fifth may be chance."""
    columns = [[scored(0.1, 100)] * 4] * 3
    found = found_in(scored(0.5, 100), columns, metric=metric)
    assert (found.direction, found.posts) == (direction, 100)
    assert 0 <= found.low < found.high <= 1
    rule = AlertRuleBody.model_validate({"metric": metric})
    assert judge(rule, scored(0.2, 100), columns).finding is None


def test_one_odd_week_moves_nothing() -> None:
    """A week in which everything was tenfold leaves what is expected where it was."""
    columns = [[*column, Figures(1000)] for column in flat(100, 3)]
    assert found_in(Figures(200), columns).expected == 100


def test_an_hour_that_is_busier_than_its_neighbours_every_week_is_ordinary() -> None:
    """What comes every week at noon is expected at noon; how much it varies is asked of the hours beside it too."""
    columns = [[Figures(100)] * 4, [Figures(0)] * 4, [Figures(5)] * 4]
    assert judge(AlertRuleBody(metric="posts"), Figures(100), columns).finding is None
    restless = [[Figures(100)] * 4, *[[Figures(10), Figures(90), Figures(10), Figures(90)]] * 2]
    assert found_in(Figures(200), columns)
    assert judge(AlertRuleBody(metric="posts"), Figures(200), restless).finding is None


def test_a_direction_that_is_not_watched_is_not_found() -> None:
    """A rule for peaks is silent about silence."""
    assert judge(AlertRuleBody(metric="posts", direction="above"), Figures(0), flat(100)).finding is None


def test_a_rule_with_one_week_of_history_learns() -> None:
    """It says what it lacks, and finds nothing, however odd the hour."""
    judged = judge(AlertRuleBody(metric="posts"), Figures(10**6), [[Figures(1)], [Figures(1)] * 4, []])
    assert (judged.state, judged.finding) == ("learning", None)
    assert judged.missing == ("2 of the 4 weeks before in which the brand was listened to at this hour; there are 1")
    few = [[scored(0.5, 9)] * 4] * 3
    judged = judge(AlertRuleBody(metric="mean_score"), scored(0.5, 99), few)
    assert judged.missing == "2 of the 4 weeks before with 10 scored posts at this hour; there are 0"
