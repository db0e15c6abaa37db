"""A brand over time: a point for each hour, day or ISO week that has posts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, Literal

from services.profiles.analytics.figures import FiguresView, view_figures
from services.profiles.analytics.stretch import EARLIEST, LATEST, Cover, Stretch, ceil_to, floor_to
from services.profiles.analytics.totals import total
from services.profiles.folding import HOUR_SECONDS
from services.profiles.rollup import DAY_SECONDS, Bucket
from services.profiles.views import view_time
from shared.errors import InputError
from shared.paging import decode_cursor, encode_cursor

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
class Reading:
    """Which buckets a page of points is made of: up to `most` of those covered, the earliest."""

    cover: Cover
    most: int


def point_start(grain: Grain, moment: int) -> int:
    """Return the beginning (Unix seconds) of the hour, day or week that a moment lies in."""
    return floor_to(moment - _OFFSETS[grain], _SECONDS[grain]) + _OFFSETS[grain]


def point_end(grain: Grain, moment: int) -> int:
    """Return the end (Unix seconds) of the hour, day or week that a moment lies in, or ends at."""
    return ceil_to(moment - _OFFSETS[grain], _SECONDS[grain]) + _OFFSETS[grain]


def reading_of(grain: Grain, stretch: Stretch, after: int | None, points: int) -> Reading:
    """Return what to read for the first `points` points of the hours, days or weeks that the stretch touches.

    They come after the point that begins at `after` (Unix seconds). A week is read from its days.
    """
    start = point_start(grain, stretch.start)
    if after is not None:
        start = max(start, after + _SECONDS[grain])
    end = max(start, point_end(grain, stretch.end))
    covered = Cover("day" if grain == "week" else grain, start, end)
    return Reading(covered, min(covered.most, points * DAYS_A_WEEK if grain == "week" else points))


def unfinished(grain: Grain, buckets: Sequence[Bucket]) -> int:
    """Return how many of the last buckets, given by time, are of a week that later ones may belong to too."""
    if grain != "week" or not buckets:
        return 0
    start = point_start("week", buckets[-1].start)
    return sum(bucket.start >= start for bucket in buckets[-DAYS_A_WEEK:])


def points_of(grain: Grain, buckets: Iterable[Bucket]) -> list[Bucket]:
    """Return the buckets, given by time, as points: joined week by week where weeks are asked for."""
    if grain != "week":
        return list(buckets)
    weeks = groupby(buckets, lambda bucket: point_start("week", bucket.start))
    return [Bucket(start, total(bucket.rollup for bucket in days)) for start, days in weeks]


def view_points(points: Iterable[Bucket]) -> list[PointView]:
    """Return the points as they are shown."""
    return [PointView(start=view_time(point.start), **dict(view_figures(point.rollup))) for point in points]


def encode_point(grain: Grain, start: int) -> str:
    """Return the cursor of the page after the point that begins then (Unix seconds)."""
    return encode_cursor([grain, start])


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
