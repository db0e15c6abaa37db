"""A brand over time: a point for each hour, day or ISO week that has posts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, Literal

from services.profiles.analytics.figures import FiguresView, view_figures, view_time
from services.profiles.analytics.window import EARLIEST, LATEST, BucketRange, HourWindow, ceil_to, floor_to
from services.profiles.author_sketch import joined
from services.profiles.folding import HOUR_SECONDS
from services.profiles.rollup import DAY_SECONDS, Bucket, Rollup, Scored
from shared.errors import InputError
from shared.pages import decode_cursor

Grain = Literal["hour", "day", "week"]
DAYS_A_WEEK: Final = 7
_SECONDS: Final[Mapping[Grain, int]] = {
    "hour": HOUR_SECONDS,
    "day": DAY_SECONDS,
    "week": DAYS_A_WEEK * DAY_SECONDS,
}
_OFFSETS: Final[Mapping[Grain, int]] = {"hour": 0, "day": 0, "week": 4 * DAY_SECONDS}
"""Where the first point begins: 1 January 1970 was a Thursday, so the Monday after it was the fifth."""


class PointView(FiguresView):
    """The figures of the hour, day or week that begins at `start`; a week is an ISO week, from Monday 00:00 UTC."""

    start: datetime


@dataclass(frozen=True, slots=True)
class PointBuckets:
    """Which buckets a page of points is made of: up to `most` of the range, the earliest."""

    range: BucketRange
    most: int


def point_start(grain: Grain, moment: int) -> int:
    """Return the beginning (Unix seconds) of the hour, day or week that a moment lies in."""
    return floor_to(moment - _OFFSETS[grain], _SECONDS[grain]) + _OFFSETS[grain]


def point_end(grain: Grain, moment: int) -> int:
    """Return the end (Unix seconds) of the hour, day or week that a moment lies in, or ends at."""
    return ceil_to(moment - _OFFSETS[grain], _SECONDS[grain]) + _OFFSETS[grain]


def point_buckets(grain: Grain, window: HourWindow, after: int | None, points: int) -> PointBuckets:
    """Return what to read for the first `points` points of the hours, days or weeks that the window touches.

    They come after the point that begins at `after` (Unix seconds). A week is read from its days.
    """
    start = point_start(grain, window.start)
    if after is not None:
        start = max(start, after + _SECONDS[grain])
    end = max(start, point_end(grain, window.end))
    buckets = BucketRange("day" if grain == "week" else grain, start, end)
    return PointBuckets(buckets, min(buckets.most, points * DAYS_A_WEEK if grain == "week" else points))


def unfinished(grain: Grain, buckets: Sequence[Bucket]) -> int:
    """Return how many of the last buckets, given by time, are of a week that later ones may belong to too."""
    if grain != "week" or not buckets:
        return 0
    start = point_start("week", buckets[-1].start)
    return sum(bucket.start >= start for bucket in buckets[-DAYS_A_WEEK:])


def total(rollups: Iterable[Rollup]) -> Rollup:
    """Return what all of them add together: as `rollup.join_all` does, at a cost that grows with the buckets alone.

    The sketch of authors is joined once and may keep more than a bucket's, so its count is exact wherever those of
    all the buckets are.
    """
    parts = list(rollups)
    labels: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    categories: dict[str, Scored] = {}
    for rollup in parts:
        labels.update(rollup.labels)
        languages.update(rollup.languages)
        for name, more in rollup.categories.items():
            known = categories.get(name, Scored(0, 0, 0))
            categories[name] = Scored(
                known.posts + more.posts, known.scored_posts + more.scored_posts, known.score_sum + more.score_sum
            )
    return Rollup(
        posts=sum(rollup.posts for rollup in parts),
        scored_posts=sum(rollup.scored_posts for rollup in parts),
        score_sum=sum(rollup.score_sum for rollup in parts),
        likes=sum(rollup.likes for rollup in parts),
        reposts=sum(rollup.reposts for rollup in parts),
        replies=sum(rollup.replies for rollup in parts),
        labels=dict(labels),
        languages=dict(languages),
        categories=categories,
        authors=joined(rollup.authors for rollup in parts),
    )


def view_points(grain: Grain, buckets: Iterable[Bucket]) -> list[PointView]:
    """Return the points that buckets, given by time, make as they are shown: joined week by week for weeks."""
    points = buckets
    if grain == "week":
        weeks = groupby(buckets, lambda bucket: point_start("week", bucket.start))
        points = [Bucket(start, total(bucket.rollup for bucket in days)) for start, days in weeks]
    return [PointView(start=view_time(point.start), **dict(view_figures(point.rollup))) for point in points]


def decode_point(cursor: str | None, grain: Grain) -> int | None:
    """Return where the last point of the page before begins; raises InputError where the cursor is of another list."""
    if cursor is None:
        return None
    of_grain, start = decode_cursor(cursor, str, int)
    if of_grain != grain or not isinstance(start, int) or not _is_point(grain, start):
        raise InputError("cursor is not one that this list gave; leave it out to start over", ("query", "cursor"))
    return start


def _is_point(grain: Grain, start: int) -> bool:
    return EARLIEST - _SECONDS[grain] < start < LATEST and point_start(grain, start) == start
