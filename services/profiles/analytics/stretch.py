"""Stretches of time in whole hours, and which buckets cover them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.profiles.folding import HOUR_SECONDS
from services.profiles.rollup import DAY_SECONDS, SPAN_SECONDS, Span

EARLIEST: Final = int(datetime(1970, 1, 1, tzinfo=UTC).timestamp())
LATEST: Final = int(datetime(3000, 1, 1, tzinfo=UTC).timestamp())
"""Every post is of an hour from `EARLIEST` up to before `LATEST`."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` up to before `end`, both full hours in Unix seconds; empty where they are the same."""

    start: int
    end: int

    def within(self, other: "Stretch") -> "Stretch":
        """Return what both have in common, empty where that is nothing."""
        start = max(self.start, other.start)
        return Stretch(start, max(start, min(self.end, other.end)))

    @property
    def before(self) -> "Stretch":
        """Return the stretch that is as long and ends where this one begins."""
        return Stretch(2 * self.start - self.end, self.start)


@dataclass(frozen=True, slots=True)
class Cover:
    """The buckets of a span that begin from `start` up to before `end` (Unix seconds)."""

    span: Span
    start: int
    end: int

    @property
    def most(self) -> int:
        """Return how many buckets there can be."""
        return max(0, self.end - self.start) // SPAN_SECONDS[self.span]


def cover(stretch: Stretch) -> list[Cover]:
    """Return the buckets that hold each hour of the stretch once and no other hour, by time: three covers at most.

    Whole days are covered by day buckets, the hours before the first and after the last of them by hour buckets.
    """
    first_day = min(ceil_to(stretch.start, DAY_SECONDS), stretch.end)
    last_day = max(floor_to(stretch.end, DAY_SECONDS), first_day)
    covers = (
        Cover("hour", stretch.start, first_day),
        Cover("day", first_day, last_day),
        Cover("hour", last_day, stretch.end),
    )
    return [one for one in covers if one.start < one.end]


def width_of(stretch: Stretch) -> int:
    """Return how many buckets `cover` can lead to."""
    return sum(covered.most for covered in cover(stretch))


def floor_to(moment: int, seconds: int) -> int:
    """Return the last multiple of `seconds` that is not after the moment (Unix seconds)."""
    return moment - moment % seconds


def ceil_to(moment: int, seconds: int) -> int:
    """Return the first multiple of `seconds` that is not before the moment (Unix seconds)."""
    return -floor_to(-moment, seconds)


def hour_after(hour: int) -> int:
    """Return the end of the hour that begins then."""
    return hour + HOUR_SECONDS
