"""The time zones that dates name: offsets, names of one meaning, and what a place's clocks show."""

import functools
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, available_timezones


class DateError(ValueError):
    """What stands for a date tells no moment; the sentence says why and what to do, and quotes nothing of it."""


_ONE_OFFSET: Final = {
    name: timedelta(hours=hours)
    for hours, names in {
        -10: "HST",
        -9: "AKST",
        -8: "AKDT PST",
        -7: "PDT MST",
        -6: "MDT",
        -5: "EST",
        -4: "EDT",
        -3.5: "NST",
        -2.5: "NDT",
        0: "Z UTC UT GMT WET",
        1: "CET WEST WAT",
        2: "CEST EET CAT SAST",
        3: "EEST EAT IDT",
        5: "PKT",
        7: "WIB",
        8: "AWST HKT WITA",
        9: "JST AWDT",
        9.5: "ACST",
        10: "AEST",
        10.5: "ACDT",
        11: "AEDT",
        12: "NZST",
        13: "NZDT",
    }.items()
    for name in names.split()
}
"""Names for which the IANA data know one offset since 1990, and those that RFC 5322 (section 4.3) gives one."""
_SEVERAL_OFFSETS: Final = {
    "ADT": (-3, 4),
    "AMT": (-4, 4),
    "AST": (-4, 3),
    "BST": (1, 6, 11),
    "CDT": (-5, -4, 9),
    "CST": (-6, -5, 8),
    "ECT": (-5, -4),
    "GST": (4, -2, 10),
    "IST": (5.5, 1, 2),
    "KST": (9, 8.5),
    "MSK": (3, 4),
    "SST": (-11, 8),
    "WIT": (9, 7),
    "WST": (8, 13),
}
"""Names of two zones or more, or of one that moved: India, Ireland and Israel are all `IST`."""
_COMMENT: Final = r"(?:\s?\([^()\d]*\)|\s?\[[\w/+-]+\])?"
_ZERO: Final = re.compile(rf"(?:Z|UTC|GMT|UT){_COMMENT}", re.IGNORECASE)
_OFFSET: Final = re.compile(
    r"(?:(?:UTC|GMT|UT)\s?)?(?P<sign>[+-])(?:(?P<hours>\d{1,2})(?::(?P<minutes>\d\d))?|(?P<both>\d{4}))"
    rf"(?:{_COMMENT}|\s(?P<name>[A-Za-z]{{1,5}})(?:\sm=.*)?)",
    re.ASCII | re.IGNORECASE,
)
_NAME: Final = re.compile(r"[A-Za-z]{1,5}")
_PLACE: Final = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+){1,2}")
_EARLIEST_ZONE, _LATEST_ZONE = timedelta(hours=-12), timedelta(hours=14)
_REMEDY: Final = "write the offset from UTC, such as +05:30, or give --time-zone with the zone that is meant"


def zone_named(words: str) -> tzinfo:
    """Return the zone of an IANA name (`Europe/Berlin`) or an offset (`+05:30`, `UTC+2`); raises DateError."""
    told = words.strip()
    if told in _places():
        return ZoneInfo(told)
    if (offset := _fixed(told)) is not None and (not offset or told.upper() not in _ONE_OFFSET):
        return timezone(offset)
    raise DateError("is no time zone; give an IANA name such as Europe/Berlin, or an offset such as +05:30")


def in_zone(clock: datetime, words: str, default: tzinfo | None, *, whole_day: bool = False) -> datetime:
    """Return in UTC the moment at which a clock showed `clock`, in the zone of `words`, in `default` without any.

    `default` None is UTC. A name of several zones counts where `default` calls its time so. Raises DateError for a zone
    that cannot be told, and for a time that was skipped or came twice as clocks were changed; of a `whole_day` it is
    the first moment.
    """
    told = words.strip()
    if told[:1] + told[-1:] in {"()", "[]"}:
        told = told[1:-1].strip()
    if not told:
        return _on_clocks(clock, default or UTC, first=whole_day)
    if _NAME.fullmatch(told) and default is not None and (moment := _as_called(clock, told.upper(), default)):
        return moment
    if (offset := _fixed(told)) is not None:
        return (clock - offset).replace(tzinfo=UTC)
    if _PLACE.fullmatch(told) and told in _places():
        return _on_clocks(clock, ZoneInfo(told), first=whole_day)
    if told.upper() in _SEVERAL_OFFSETS:
        raise DateError(f"says {told.upper()}, which more than one time zone is called; {_REMEDY}")
    raise DateError(f"names a time zone that is not known here; {_REMEDY}")


def _fixed(told: str) -> timedelta | None:
    if _ZERO.fullmatch(told):
        return timedelta(0)
    if (single := _ONE_OFFSET.get(told.upper())) is not None:
        return single
    match = _OFFSET.fullmatch(told)
    if match is None:
        return None
    hours, minutes = match["hours"] or match["both"][:2], match["minutes"] or (match["both"] or "")[2:] or "0"
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if match["sign"] == "-" else 1)
    if int(minutes) >= 60 or not _EARLIEST_ZONE <= offset <= _LATEST_ZONE:  # noqa: PLR2004 - minutes of an hour
        raise DateError("has an offset from UTC that no zone has; it lies between -12:00 and +14:00")
    if match["name"] and _ONE_OFFSET.get(match["name"].upper(), offset) != offset:
        raise DateError("names a time zone that contradicts its offset; leave one of them out")
    return offset


def _as_called(clock: datetime, name: str, zone: tzinfo) -> datetime | None:
    """Return the moment where `zone` calls the time of that clock `name`, None where it does not."""
    if isinstance(zone, timezone):
        offset = zone.utcoffset(None)
        is_one = offset.total_seconds() / 3600 in _SEVERAL_OFFSETS.get(name, ())
        return (clock - offset).replace(tzinfo=UTC) if is_one else None
    readings = [clock.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    moments = {moment.astimezone(UTC) for moment in readings if (moment.tzname() or "").upper() == name}
    return moments.pop() if len(moments) == 1 else None


def _on_clocks(clock: datetime, zone: tzinfo, *, first: bool) -> datetime:
    earlier, later = (clock.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if earlier == later or first:
        return earlier
    came_twice = earlier.astimezone(zone).replace(tzinfo=None, fold=0) == clock
    happened = "came twice as clocks were put back" if came_twice else "was skipped as clocks were put forward"
    raise DateError(f"is a time that {happened} in its time zone; write the offset from UTC, such as +01:00")


@functools.cache
def _places() -> frozenset[str]:
    """Return the IANA names but those of the machine and those that stand for one offset, whatever the season."""
    return frozenset(available_timezones()) - {"localtime", "Factory", *_ONE_OFFSET}
