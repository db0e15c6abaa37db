"""The features by which authors' behaviour is compared, and how each reads in plain words."""

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


def _count(name: str, aspect: Aspect, high: str, low: str, more: str, less: str) -> Feature:
    return Feature(name, aspect, high, low, more, less, heavy=True)


def _share(name: str, aspect: Aspect, high: str, low: str, what: str) -> Feature:
    return Feature(name, aspect, high, low, f"{what} {{}}more often", f"{what} {{}}less often", share=True)


_A = Aspect

BEHAVIOUR: Final = (
    _count("posts", _A.ACTIVITY, "frequent", "occasional", "posts {}more often", "posts {}less often"),
    Feature(
        "active_days",
        _A.ACTIVITY,
        "lasting interest",
        "brief interest",
        "has posted over a {}longer time",
        "has posted over a {}shorter time",
        heavy=True,
        unit=" days",
    ),
    _count(
        "likes_per_post",
        _A.ECHO,
        "much liked",
        "little liked",
        "gets {}more likes for a post",
        "gets {}fewer likes for a post",
    ),
    _count(
        "reposts_per_post",
        _A.ECHO,
        "much shared",
        "little shared",
        "gets {}more reposts for a post",
        "gets {}fewer reposts for a post",
    ),
    _count(
        "replies_per_post",
        _A.ECHO,
        "much answered",
        "little answered",
        "gets {}more replies for a post",
        "gets {}fewer replies for a post",
    ),
    _count("followers", _A.REACH, "many followers", "few followers", "has {}more followers", "has {}fewer followers"),
    _count("following", _A.ACCOUNT, "follows many", "follows few", "follows {}more people", "follows {}fewer people"),
    _count(
        "account_posts",
        _A.ACCOUNT,
        "busy account",
        "quiet account",
        "has {}more posts in all",
        "has {}fewer posts in all",
    ),
    _count("listed", _A.REACH, "often listed", "seldom listed", "stands on {}more lists", "stands on {}fewer lists"),
    _share("negative_share", _A.TONE, "negative", "seldom negative", "writes negatively"),
    _share("positive_share", _A.TONE, "positive", "seldom positive", "writes positively"),
    Feature(
        "mean_score",
        _A.TONE,
        "favourable",
        "critical",
        "is {}more favourable",
        "is {}more critical",
    ),
    Feature("score_stddev", _A.TONE, "changing tone", "steady tone", "changes tone {}more", "changes tone {}less"),
    Feature(
        "mean_subjectivity",
        _A.STYLE,
        "opinionated",
        "matter-of-fact",
        "writes {}more opinion than fact",
        "writes {}less opinion than fact",
        share=True,
    ),
    _share("repost_share", _A.STYLE, "reposting", "writes own posts", "reposts others"),
    _share("reply_share", _A.STYLE, "replying", "seldom replying", "replies"),
    _count(
        "languages",
        _A.STYLE,
        "several languages",
        "one language",
        "writes {}more languages",
        "writes {}fewer languages",
    ),
    _share("verified", _A.ACCOUNT, "verified", "unverified", "is verified"),
    _share("protected", _A.ACCOUNT, "protected account", "open account", "is protected"),
    Feature(
        "age_days",
        _A.ACCOUNT,
        "old account",
        "new account",
        "opened the account {}earlier",
        "opened the account {}later",
        unit=" days",
    ),
    _share("night_share", _A.TIME, "posts at night (UTC)", "seldom at night (UTC)", "posts from 0 to 6 h UTC"),
    _share("working_share", _A.TIME, "posts by day (UTC)", "seldom by day (UTC)", "posts from 8 to 18 h UTC"),
)
"""Shares of the hours are in UTC: where an author lives is not known."""
