"""The features by which authors' behaviour is compared, and how each reads in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Aspect(StrEnum):
    """What a feature speaks of; a cluster's name takes one word from each aspect at the most."""

    ACTIVITY = "activity"
    ECHO = "echo"
    REACH = "reach"
    TONE = "tone"
    STYLE = "style"
    ACCOUNT = "account"
    TIME = "time"


@dataclass(frozen=True)
class Feature:
    """One number about an author.

    `high` and `low` name a cluster that has much or little of it; `more` and `less` say so in a sentence
    with `{}` where the degree goes. `heavy` marks a heavy-tailed count that goes through log1p, `share`
    a number in [0, 1] that is shown as a percentage.
    """

    name: str
    aspect: Aspect
    high: str
    low: str
    more: str
    less: str
    heavy: bool = False
    share: bool = False
    unit: str = ""


def _count(name: str, aspect: Aspect, high: str, low: str, verb: str, things: str) -> Feature:
    return Feature(name, aspect, high, low, f"{verb} {{}}more {things}", f"{verb} {{}}fewer {things}", heavy=True)


def _share(name: str, aspect: Aspect, high: str, low: str, what: str) -> Feature:
    return Feature(name, aspect, high, low, f"{what} {{}}more often", f"{what} {{}}less often", share=True)


_A = Aspect
_LONGER, _SHORTER = "has posted over a {}longer time", "has posted over a {}shorter time"
_OPINION, _FACT = "writes {}more opinion than fact", "writes {}less opinion than fact"
_EARLIER, _LATER = "opened the account {}earlier", "opened the account {}later"

BEHAVIOUR: Final = (
    Feature("posts", _A.ACTIVITY, "frequent", "occasional", "posts {}more often", "posts {}less often", heavy=True),
    Feature(
        "active_days", _A.ACTIVITY, "lasting interest", "brief interest", _LONGER, _SHORTER, heavy=True, unit=" days"
    ),
    _count("likes_per_post", _A.ECHO, "much liked", "little liked", "gets", "likes for a post"),
    _count("reposts_per_post", _A.ECHO, "much shared", "little shared", "gets", "reposts for a post"),
    _count("replies_per_post", _A.ECHO, "much answered", "little answered", "gets", "replies for a post"),
    _count("followers", _A.REACH, "many followers", "few followers", "has", "followers"),
    _count("following", _A.ACCOUNT, "follows many", "follows few", "follows", "people"),
    _count("account_posts", _A.ACCOUNT, "busy account", "quiet account", "has", "posts in all"),
    _count("listed", _A.REACH, "often listed", "seldom listed", "stands on", "lists"),
    _share("negative_share", _A.TONE, "negative", "seldom negative", "writes negatively"),
    _share("positive_share", _A.TONE, "positive", "seldom positive", "writes positively"),
    Feature("mean_score", _A.TONE, "favourable", "critical", "is {}more favourable", "is {}more critical"),
    Feature("score_stddev", _A.TONE, "changing tone", "steady tone", "changes tone {}more", "changes tone {}less"),
    Feature("mean_subjectivity", _A.STYLE, "opinionated", "matter-of-fact", _OPINION, _FACT, share=True),
    _share("repost_share", _A.STYLE, "reposting", "writes own posts", "reposts others"),
    _share("reply_share", _A.STYLE, "replying", "seldom replying", "replies"),
    _count("languages", _A.STYLE, "several languages", "one language", "writes", "languages"),
    _share("verified", _A.ACCOUNT, "verified", "unverified", "is verified"),
    _share("protected", _A.ACCOUNT, "protected account", "open account", "is protected"),
    Feature("age_days", _A.ACCOUNT, "old account", "new account", _EARLIER, _LATER, unit=" days"),
    _share("night_share", _A.TIME, "posts at night (UTC)", "seldom at night (UTC)", "posts from 0 to 6 h UTC"),
    _share("working_share", _A.TIME, "posts by day (UTC)", "seldom by day (UTC)", "posts from 8 to 18 h UTC"),
)
"""Shares of the hours are in UTC: where an author lives is not known."""

FAR, SOME = 1.0, 0.5
MOST_WORDS = 3


def degree(z: float) -> str:
    """Return how far |z| standard deviations are, ready to stand before a comparative."""
    return "far " if abs(z) >= FAR else "" if abs(z) >= SOME else "somewhat "


def sentence(feature: Feature, z: float, cluster_mean: float, overall_mean: float) -> str:
    """Return such as `posts far more often than others (12.3 against 2.1)`."""
    words = (feature.more if z > 0 else feature.less).format(degree(z))
    return f"{words} than others ({figure(feature, cluster_mean)} against {figure(feature, overall_mean)})"


def figure(feature: Feature, value: float) -> str:
    """Return a mean with its unit, in about three digits."""
    if feature.share:
        return f"{100 * value:.0f} %" if round(100 * value) or value == 0 else f"{100 * value:.1g} %"
    if value >= 100:  # noqa: PLR2004 - three digits are there already
        return f"{value:,.0f}{feature.unit}"
    return f"{value:.3g}{feature.unit}"


def words_of(features: Sequence[tuple[Feature, float]]) -> list[str]:
    """Return the words that name a cluster by its distinctive features with their z, strongest first.

    One word of each aspect.
    """
    aspects, words = set(), []
    for feature, z in features:
        if feature.aspect not in aspects:
            aspects.add(feature.aspect)
            words.append(feature.high if z > 0 else feature.low)
    return words


def names(words: Sequence[Sequence[str]]) -> list[str]:
    """Return a name for each cluster from the words that may name it, best first.

    A name takes the first three, such as `Frequent, negative, few followers`. Where two clusters would be called the
    same, the later takes further words, and where it has none left, a number: names are unique within a run.
    """
    taken: set[str] = set()
    given = []
    for each in words:
        name = _name(each, taken)
        taken.add(name)
        given.append(name)
    return given


def _name(words: Sequence[str], taken: set[str]) -> str:
    first = words[:MOST_WORDS] or ["typical"]
    longer = [_joined(words[:count]) for count in range(MOST_WORDS + 1, len(words) + 1)]
    numbered = (f"{_joined(first)} ({number})" for number in range(2, len(taken) + 3))
    return next(name for name in (_joined(first), *longer, *numbered) if name not in taken)


def _joined(words: Sequence[str]) -> str:
    name = ", ".join(words)
    return name[0].upper() + name[1:]
