"""The figures of a set of posts, and of a brand in sum: of all time, of a window, and how that differs from before."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from services.profiles.analytics.window import HourWindow
from services.profiles.profile import BrandSummary, mean_of_millionths
from services.profiles.rollup import Rollup
from shared.analysis import SENTIMENT_LABELS, SentimentLabel

Shares = dict[SentimentLabel, float | None]
"""The part of each label in the scored posts, in [0, 1], together 1; null where no post was scored."""
Labels = dict[SentimentLabel, int]


class PeriodView(BaseModel):
    """Base of what is said of the posts from `from` up to before `to`."""

    begins: datetime = Field(serialization_alias="from")
    ends: datetime = Field(serialization_alias="to")


class FiguresView(BaseModel):
    """`authors` are distinct ones, an estimate (standard error 1.6 %) where not `authors_exact`.

    `mean_score` is in [0, 1], null where no post was scored; `labels` counts scored posts.
    """

    posts: int
    authors: int
    authors_exact: bool
    scored_posts: int
    mean_score: float | None
    labels: Labels
    shares: Shares


class ReachView(BaseModel):
    """What the posts drew, as of when each was read."""

    likes: int
    reposts: int
    replies: int


class WindowView(PeriodView, ReachView, FiguresView):
    """The figures of the posts from `from` up to before `to`."""


class ChangeView(BaseModel):
    """The window less the window before; null where it is unknown.

    `posts_ratio` is the window's posts by those before: null where there were none before. Mean score and shares
    are null where either window has no scored post.
    """

    posts: int
    posts_ratio: float | None
    authors: int
    mean_score: float | None
    shares: Shares


class SummaryView(BaseModel):
    """All profiles of a brand together, then its window, the one before and the change."""

    brand: str
    profiles: int
    posts: int
    scored_posts: int
    mean_score: float | None
    labels: Labels
    languages: dict[str, int]
    first_seen: datetime
    last_seen: datetime
    window: WindowView
    before: WindowView
    change: ChangeView


def share_of(part: int, whole: int) -> float | None:
    """Return the part in the whole, in [0, 1]; None of nothing."""
    return part / whole if whole else None


def view_period(window: HourWindow) -> dict[str, Any]:
    """Return the fields of a `PeriodView`."""
    return {"begins": view_time(window.start), "ends": view_time(window.end)}


def view_figures(rollup: Rollup) -> FiguresView:
    """Return the figures of the posts in a rollup."""
    labels = view_labels(rollup.labels)
    return FiguresView(
        posts=rollup.posts,
        authors=rollup.authors.authors,
        authors_exact=rollup.authors.exact,
        scored_posts=rollup.scored_posts,
        mean_score=mean_of_millionths(rollup.score_sum, rollup.scored_posts),
        labels=labels,
        shares={label: share_of(posts, rollup.scored_posts) for label, posts in labels.items()},
    )


def view_all_figures(rollup: Rollup) -> dict[str, Any]:
    """Return the fields of a `FiguresView` and a `ReachView`."""
    reach = {"likes": rollup.likes, "reposts": rollup.reposts, "replies": rollup.replies}
    return dict(view_figures(rollup)) | reach


def view_summary(summary: BrandSummary, window: HourWindow, now: Rollup, before: Rollup) -> SummaryView:
    """Return the summary as it is shown; `now` is what the window holds and `before` what the window before does."""
    views = [
        WindowView(**view_period(of), **view_all_figures(rollup))
        for of, rollup in ((window, now), (window.before, before))
    ]
    return SummaryView(
        brand=summary.brand,
        profiles=summary.profiles,
        posts=summary.posts,
        scored_posts=summary.scored_posts,
        mean_score=summary.mean_score,
        labels=view_labels(summary.labels),
        languages=by_posts(summary.languages),
        first_seen=view_time(summary.first_seen),
        last_seen=view_time(summary.last_seen),
        window=views[0],
        before=views[1],
        change=_change(*views),
    )


def _change(now: FiguresView, before: FiguresView) -> ChangeView:
    return ChangeView(
        posts=now.posts - before.posts,
        posts_ratio=share_of(now.posts, before.posts),
        authors=now.authors - before.authors,
        mean_score=_difference(now.mean_score, before.mean_score),
        shares={label: _difference(share, before.shares[label]) for label, share in now.shares.items()},
    )


def _difference(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def view_labels(counts: Mapping[str, int]) -> Labels:
    """Return the posts of every label, those without any too."""
    return {label: counts.get(label, 0) for label in SENTIMENT_LABELS}


def by_posts(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts with the largest first; of equal ones the first by alphabet."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def view_time(seconds: int) -> datetime:
    """Return a time of Unix seconds as it is shown."""
    return datetime.fromtimestamp(seconds, UTC)
