"""Whether an hour is out of the ordinary: a robust z-score against the same hour of the weeks before; pure.

The modified z-score of Iglewicz and Hoaglin (How to Detect and Handle Outliers, 1993): the distance from the median
in units of 1.4826 times the median absolute deviation, which for normal values is one standard deviation.

What is expected is the median of the same hour in the weeks before. Four values say little of how much an hour varies,
so the hours before and after it are asked too, each by its distances from its own median: an hour that is busier than
its neighbours every week stays what is expected. Distances from the median of n values are smaller than those from
what the values vary around, by about sqrt((n - 1) / n), which is made good.

The unit has a floor, so that a history without any spread never divides by zero: what chance alone makes of an hour.
Of posts that come independently at a rate m that is sqrt(m) (Poisson), at least 1. The mean of n values in [0, 1]
varies by 0.5 / sqrt(n) at the most (Popoviciu). So an hour is never raised for what so few posts may do by chance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from services.profiles.alerts.alert_rule import AlertRuleBody, Direction, Metric, State
from services.profiles.folding import MILLION
from services.profiles.rollup import Rollup

NORMAL: Final = 1.4826
"""By which the median absolute deviation of normal values is multiplied to be their standard deviation."""
MOST_Z: Final = 1e6
FEWEST_WEEKS: Final = 2
_NEGATIVE: Final = "negative"
_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class Figures:
    """What an hour had; without arguments, an hour without posts. `score_sum` is in millionths."""

    posts: int = 0
    scored_posts: int = 0
    score_sum: int = 0
    negative_posts: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """An hour out of the ordinary: what it had, what was expected, and from where to where it would be ordinary."""

    direction: Direction
    value: float
    expected: float
    low: float
    high: float
    z: float
    posts: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether there was enough history (`missing` says what lacked), and what was found."""

    state: State
    missing: str | None = None
    finding: Finding | None = None


def figures_of(rollup: Rollup) -> Figures:
    """Return what of an hour's bucket is looked at."""
    return Figures(rollup.posts, rollup.scored_posts, rollup.score_sum, rollup.labels.get(_NEGATIVE, 0))


def expected_range(columns: Sequence[Sequence[float]], floor: float) -> tuple[float, float]:
    """Return the median of the first column and the robust standard deviation of all, `floor` at the least.

    A column holds the values of one hour of the week. The first has one value at least; a column with less than two
    says nothing of how much values vary.
    """
    distances = [
        abs(value - middle) * math.sqrt(len(values) / (len(values) - 1))
        for values in columns
        if len(values) > 1
        for middle in [median(values)]
        for value in values
    ]
    return median(columns[0]), max(NORMAL * median(distances or [0.0]), floor)


def robust_z(value: float, expected: float, unit: float) -> float:
    """Return how many units (above 0) a value lies above what is expected, within ±10^6.

    Values are finite and of at most 10^12 in size; the result is finite then.
    """
    return max(-MOST_Z, min(MOST_Z, (value - expected) / unit))


def judge(rule: AlertRuleBody, hour: Figures, columns: Sequence[Sequence[Figures]]) -> Judgement:
    """Judge one hour.

    Args:
        rule: what is looked at, and from where on it is raised.
        hour: the hour's figures.
        columns: the same hour in the weeks before, then the hours beside it in those weeks, a column each. An hour
            without posts is there as `Figures()`, one before the brand was listened to is not.

    A rule learns while fewer than two weeks before have this hour, and finds nothing. For `posts` every hour counts,
    for the scores those with `min_posts` scored posts.
    """
    history = [[value for figures in column if (value := _value(rule, figures)) is not None] for column in columns]
    if len(history[0]) < FEWEST_WEEKS:
        return Judgement("learning", _missing(rule, len(history[0])))
    value = _value(rule, hour)
    if value is None:
        return Judgement("watching")
    expected, unit = expected_range(history, _floor(rule.metric, hour, median(history[0])))
    if rule.metric == "posts" and max(value, expected) < rule.min_posts:
        return Judgement("watching")
    z = robust_z(value, expected, unit)
    direction: Direction = "above" if z > 0 else "below"
    if abs(z) < rule.threshold or rule.direction not in {direction, "both"}:
        return Judgement("watching")
    reach, most = rule.threshold * unit, math.inf if rule.metric == "posts" else 1.0
    low, high = max(0.0, expected - reach), min(most, expected + reach)
    return Judgement("watching", finding=Finding(direction, value, expected, low, high, z, hour.posts))


def _value(rule: AlertRuleBody, figures: Figures) -> float | None:
    """Return what the rule looks at; None where the hour has too few posts for it."""
    if rule.metric == "posts":
        return float(figures.posts)
    if figures.scored_posts < rule.min_posts:
        return None
    if rule.metric == "mean_score":
        return figures.score_sum / (MILLION * figures.scored_posts)
    return figures.negative_posts / figures.scored_posts


def _floor(metric: Metric, hour: Figures, expected: float) -> float:
    return math.sqrt(max(expected, 1.0)) if metric == "posts" else _HALF / math.sqrt(hour.scored_posts)


def _missing(rule: AlertRuleBody, counted: int) -> str:
    if rule.metric == "posts":
        what = f"{FEWEST_WEEKS} of the {rule.weeks} weeks before in which the brand was listened to at this hour"
    else:
        what = f"{FEWEST_WEEKS} of the {rule.weeks} weeks before with {rule.min_posts} scored posts at this hour"
    return f"{what}; there are {counted}"
