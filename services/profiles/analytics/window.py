"""Windows: so many whole hours or days up to a moment."""

import math
import re
from datetime import datetime
from typing import Final

from services.profiles.analytics.stretch import EARLIEST, LATEST, Stretch, ceil_to, floor_to, hour_after
from services.profiles.folding import HOUR_SECONDS
from services.profiles.rollup import DAY_SECONDS
from shared.errors import InputError

PATTERN: Final = r"^[1-9][0-9]{0,3}[hd]$"
MOST_DAYS: Final = 366
_SECONDS: Final = {"h": HOUR_SECONDS, "d": DAY_SECONDS}


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
    """Return where a window ends that nobody set an end to.

    It is the end of the hour of the newest post (`last_seen`, Unix seconds), but never after the end of the present
    hour: a post that claims to be of the future moves no window there.
    """
    return min(hour_after(last_seen), hour_after(floor_to(math.floor(now.timestamp()), HOUR_SECONDS)))


def window_of(length: int, end: int) -> Stretch:
    """Return the window of so many seconds up to `end`."""
    return Stretch(end - length, end)


def all_time(first_seen: int, last_seen: int, end: int | None = None) -> Stretch:
    """Return the hours from a brand's first post to `end`, or to its last post; empty where it had none by then."""
    end = hour_after(last_seen) if end is None else end
    return Stretch(min(first_seen, end), end)


def asked_time(begins: datetime | None, ends: datetime | None) -> Stretch:
    """Return the hours that touch a time; without a bound to that side everything.

    Raises InputError, naming `from` or `to`, where a bound is not from 1970 to 2999 or the end is not after the
    beginning.
    """
    start = EARLIEST if begins is None else floor_to(math.floor(_seconds(begins, "from")), HOUR_SECONDS)
    end = LATEST if ends is None else hour_end(ends, "to")
    if start >= end:
        raise InputError("to must be after from", ("query", "to"))
    return Stretch(start, end)


def _seconds(moment: datetime, field: str) -> float:
    seconds = moment.timestamp()
    if not EARLIEST <= seconds <= LATEST:
        raise InputError(f"{field} must be a time from 1970 to 2999", ("query", field))
    return seconds
