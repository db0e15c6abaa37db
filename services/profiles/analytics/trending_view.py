"""Trends as answers show them."""

from datetime import datetime

from pydantic import BaseModel, Field

from services.profiles.analytics.figures import share_of
from services.profiles.analytics.mentions import Kind
from services.profiles.analytics.trending import Looked, Trend, Trends
from services.profiles.views import view_time
from shared.analysis import EntityType


class LookedView(BaseModel):
    """`posts_looked_at` of all `posts_in_all` that still have a text, from `from` up to before `to`."""

    begins: datetime = Field(serialization_alias="from")
    ends: datetime = Field(serialization_alias="to")
    posts_looked_at: int
    posts_in_all: int


class TrendView(BaseModel):
    """`posts` and `authors` of the window mention the term; shares are of the posts looked at.

    `score` is the signed log-likelihood ratio of window and baseline, 10.83 and up; `type` is that of an entity.
    """

    kind: Kind
    type: EntityType | None
    term: str
    posts: int
    authors: int
    share: float | None
    baseline_share: float | None
    score: float
    scored_posts: int
    mean_score: float | None


class TrendingView(LookedView):
    """What trends, the surest first."""

    baseline: LookedView
    items: list[TrendView]


def view_trends(trends: Trends) -> TrendingView:
    """Return the trends as they are shown."""
    return TrendingView(
        **dict(_view_looked(trends.window)),
        baseline=_view_looked(trends.baseline),
        items=[_view(trend, trends) for trend in trends.items],
    )


def _view_looked(looked: Looked) -> LookedView:
    return LookedView(
        begins=view_time(looked.stretch.start),
        ends=view_time(looked.stretch.end),
        posts_looked_at=looked.posts,
        posts_in_all=looked.posts_in_all,
    )


def _view(trend: Trend, trends: Trends) -> TrendView:
    mention = trend.mention
    return TrendView(
        kind=mention.term.kind,
        type=mention.term.type,
        term=trend.name,
        posts=mention.posts,
        authors=mention.authors,
        share=share_of(mention.posts, trends.window.posts),
        baseline_share=share_of(trend.baseline_posts, trends.baseline.posts),
        score=trend.score,
        scored_posts=mention.scored_posts,
        mean_score=mention.mean_score,
    )
