"""The figures of a set of posts, as answers show them."""

from collections.abc import Mapping

from pydantic import BaseModel

from services.profiles.profile import mean_of_millionths
from services.profiles.rollup import Rollup
from services.profiles.views import Labels, view_labels
from shared.analysis import SentimentLabel

Shares = dict[SentimentLabel, float | None]
"""The part of each label in the scored posts, in [0, 1], together 1; null where no post was scored."""


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
        shares=_shares(labels, rollup.scored_posts),
    )


def view_reach(rollup: Rollup) -> ReachView:
    """Return what the posts in a rollup drew."""
    return ReachView(likes=rollup.likes, reposts=rollup.reposts, replies=rollup.replies)


def share_of(part: int, whole: int) -> float | None:
    """Return the part in the whole, in [0, 1]; None of nothing."""
    return part / whole if whole else None


def _shares(labels: Mapping[SentimentLabel, int], scored_posts: int) -> Shares:
    return {label: share_of(posts, scored_posts) for label, posts in labels.items()}
