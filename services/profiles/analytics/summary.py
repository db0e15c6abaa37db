"""A brand in a few figures: of all time, of a window, and how that window differs from the one before."""

from datetime import datetime

from pydantic import BaseModel, Field

from services.profiles.analytics.figures import FiguresView, ReachView, Shares, share_of, view_figures, view_reach
from services.profiles.analytics.stretch import Stretch
from services.profiles.profile import BrandSummary
from services.profiles.rollup import Rollup
from services.profiles.views import Labels, by_posts, view_labels, view_time


class WindowView(ReachView, FiguresView):
    """The figures of the posts from `from` up to before `to`."""

    begins: datetime = Field(serialization_alias="from")
    ends: datetime = Field(serialization_alias="to")


class ChangeView(BaseModel):
    """The window less the window before; null where it cannot be told.

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


def view_summary(summary: BrandSummary, window: Stretch, now: Rollup, before: Rollup) -> SummaryView:
    """Return the summary as it is shown; `now` is what the window holds and `before` what the window before does."""
    now_view, before_view = view_window(window, now), view_window(window.before, before)
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
        window=now_view,
        before=before_view,
        change=_change(now_view, before_view),
    )


def view_window(window: Stretch, rollup: Rollup) -> WindowView:
    """Return the figures of a window with its times."""
    return WindowView(
        begins=view_time(window.start),
        ends=view_time(window.end),
        **dict(view_figures(rollup)),
        **dict(view_reach(rollup)),
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
