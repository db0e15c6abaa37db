"""Windows of whole hours: how one is asked for, and which buckets hold it."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.profiles.folding import HOUR_SECONDS
from services.profiles.rollup import DAY_SECONDS, SPAN_SECONDS, Span
from shared.errors import InputError

EARLIEST: Final = int(datetime(1970, 1, 1, tzinfo=UTC).timestamp())
LATEST: Final = int(datetime(3000, 1, 1, tzinfo=UTC).timestamp())
"""Every post is of an hour from `EARLIEST` up to before `LATEST`."""
PATTERN: Final = r"^[1-9][0-9]{0,3}[hd]$"
MOST_DAYS: Final = 366
_SECONDS: Final = {"h": HOUR_SECONDS, "d": DAY_SECONDS}


@dataclass(frozen=True, slots=True)
class HourWindow:
    """From `start` up to before `end`, both full hours in Unix seconds; empty where they are the same."""

    start: int
    end: int

    def within(self, other: "HourWindow") -> "HourWindow":
        """Return what both have in common, empty where that is nothing."""
        start = max(self.start, other.start)
        return HourWindow(start, max(start, min(self.end, other.end)))

    @property
    def before(self) -> "HourWindow":
        """Return the window that is as long and ends where this one begins."""
        return HourWindow(2 * self.start - self.end, self.start)


@dataclass(frozen=True, slots=True)
class BucketRange:
    """The buckets of a span that begin from `start` up to before `end` (Unix seconds)."""

    span: Span
    start: int
    end: int

    @property
    def most(self) -> int:
        """Return how many buckets there can be."""
        return max(0, self.end - self.start) // SPAN_SECONDS[self.span]


def bucket_ranges(window: HourWindow) -> list[BucketRange]:
    """Return the buckets that hold each hour of the window once and no other hour, by time: three ranges at most.

    Whole days are read from day buckets, the hours before the first and after the last of them from hour buckets.
    """
    first_day = min(ceil_to(window.start, DAY_SECONDS), window.end)
    last_day = max(floor_to(window.end, DAY_SECONDS), first_day)
    ranges = (
        BucketRange("hour", window.start, first_day),
        BucketRange("day", first_day, last_day),
        BucketRange("hour", last_day, window.end),
    )
    return [one for one in ranges if one.start < one.end]


def most_buckets(window: HourWindow) -> int:
    """Return how many buckets a window can be made of."""
    return sum(one.most for one in bucket_ranges(window))


def floor_to(moment: int, seconds: int) -> int:
    """Return the last multiple of `seconds` that is not after the moment (Unix seconds)."""
    return moment - moment % seconds


def ceil_to(moment: int, seconds: int) -> int:
    """Return the first multiple of `seconds` that is not before the moment (Unix seconds)."""
    return -floor_to(-moment, seconds)


def length_of(text: str, field: str) -> int:
    """Return how many seconds `24h` or `7d` are; raises InputError, naming the query's field, where it is no window."""
    if not re.fullmatch(PATTERN, text):
        raise InputError(f"{field} must be a number of hours or days such as 24h or 7d", ("query", field))
    seconds = int(text[:-1]) * _SECONDS[text[-1]]
    if seconds > MOST_DAYS * DAY_SECONDS:
        raise InputError(f"{field} must be {MOST_DAYS} days at most", ("query", field))
    return seconds


def hour_end(until: datetime, field: str) -> int:
    """Return the end (Unix seconds) of the hour that an asked-for moment lies in, or the moment if it is a full hour.

    Raises InputError, naming the query's field, for a moment at which there can be no post: not from 1970 to 2999.
    """
    return ceil_to(math.ceil(_seconds(until, field)), HOUR_SECONDS)


def newest_end(last_seen: int, now: datetime) -> int:
    """Return the default end of a window.

    It is the end of the hour of the newest post (`last_seen`, Unix seconds), but never after the end of the present
    hour: a post that claims to be of the future moves no window there.
    """
    return HOUR_SECONDS + min(last_seen, floor_to(math.floor(now.timestamp()), HOUR_SECONDS))


def window_of(length: int, end: int) -> HourWindow:
    """Return the window of so many seconds up to `end`."""
    return HourWindow(end - length, end)


def all_time(first_seen: int, last_seen: int, end: int | None = None) -> HourWindow:
    """Return the hours from a brand's first post to `end`, or to its last post; empty where it had none by then."""
    end = last_seen + HOUR_SECONDS if end is None else end
    return HourWindow(min(first_seen, end), end)


def window_between(begins: datetime | None, ends: datetime | None) -> HourWindow:
    """Return the hours that touch a time; without a bound everything on that side.

    Raises InputError, naming `from` or `to`, where a bound is not from 1970 to 2999 or the end is not after the
    beginning.
    """
    start = EARLIEST if begins is None else floor_to(math.floor(_seconds(begins, "from")), HOUR_SECONDS)
    end = LATEST if ends is None else hour_end(ends, "to")
    if start >= end:
        raise InputError("to must be after from", ("query", "to"))
    return HourWindow(start, end)


def _seconds(moment: datetime, field: str) -> float:
    seconds = moment.timestamp()
    if not EARLIEST <= seconds <= LATEST:
        raise InputError(f"{field} must be a time from 1970 to 2999", ("query", field))
    return seconds
