"""Dates as people, spreadsheets and programs write them: one moment, or the reason why they tell none."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final

from services.ingest.sources.time_zones import DateError, in_zone

MAX_WORDS: Final = 120
"""Characters of a date; the longest that programs write has about eighty."""
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH: Final = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_WEEKDAY: Final = (
    r"(?:(?P<weekday>Mon(?:day)?|Tue(?:s(?:day)?)?|Wed(?:nesday)?|Thu(?:rs(?:day)?)?|Fri(?:day)?|Sat(?:urday)?"
    r"|Sun(?:day)?)\.?(?:,\s?|\s))?"
)
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_TIME: Final = (
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,12}))?)?)?"
    r"(?:\s?(?P<half>[AP])\.?\s?M(?![A-Za-z])\.?)?"
)
_ZONE: Final = r"(?P<zone>\s?[A-Z+(\[-].*)?"
_THEN: Final = r"(?:\s?[,·•|]\s?(?:at\s)?|\s(?:at|-|\u2013)\s|\s)"
_FORMS: Final = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        # 2026-03-02T14:35:00Z, 2026/3/2 2:35 PM
        rf"(?P<year>\d{{4}})(?P<mark>[./-])(?P<number>\d\d?)(?P=mark)(?P<day>\d\d?)(?:(?:(?P<iso>T)|{_THEN}){_TIME}{_ZONE})?",
        # Mon, 2 Mar 2026 14:35:00 EST, 02-Mar-26 02:35 PM, 02/Mar/2026:14:35:00 +0000
        rf"{_WEEKDAY}{_DAY}[\s/-]?{_MONTH},?[\s/-]?(?P<year>\d{{4}}|\d\d(?!:))(?:(?:{_THEN}|:){_TIME}{_ZONE})?",
        # Mar 2, 2026 2:35 PM, Mon Mar 02 2026 14:35:00 GMT+0530 (India Standard Time)
        rf"{_WEEKDAY}{_MONTH}[\s/-]?{_DAY}(?:,\s?|[\s/-])(?P<year>\d{{4}})(?:{_THEN}{_TIME}{_ZONE})?",
        # Mon Mar 02 14:35:00 +0000 2026
        rf"{_WEEKDAY}{_MONTH}\s{_DAY},?\s{_TIME}(?P<zone>\s\S+)?\s(?P<year>\d{{4}})",
        # 2:35 PM · Mar 2, 2026
        rf"{_TIME}{_THEN}{_WEEKDAY}{_MONTH}\s{_DAY},?\s(?P<year>\d{{4}}){_ZONE}",
        # 14:35, 2 March 2026 (UTC)
        rf"{_TIME}{_THEN}{_WEEKDAY}{_DAY}[\s-]{_MONTH},?[\s-](?P<year>\d{{4}}){_ZONE}",
        # 2026-Mar-02 14:35
        rf"(?P<year>\d{{4}})[\s./-]{_MONTH}[\s./-]{_DAY}(?:{_THEN}{_TIME}{_ZONE})?",
        # 20260302T143500Z, 20260302 14:35
        r"(?P<year>\d{4})(?P<number>\d\d)(?P<day>\d\d)(?:[T\s](?P<hour>\d\d):?(?P<minute>\d\d)"
        r"(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,12}))?)?" + _ZONE + ")?",
        # 2026-W10-1T14:35Z
        rf"(?P<week>\d{{4}}-?W\d\d-?[1-7])(?:T{_TIME}{_ZONE})?",
    )
)
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_COMPACT: Final = re.compile(r"[0-9]{8}(?:[0-9]{6})?")
_ROUNDED: Final = re.compile(r"[0-9.,]+E[+-]?[0-9]+", re.IGNORECASE)
_TWO_DAYS: Final = re.compile(r"(?:[^\W\d]+[.,]*\s)?[0-9]{1,2}([./-])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2})(?![0-9])")
_ODD: Final = {0x200E: None, 0x200F: None, 0xFEFF: None, 0x2212: "-"}
"""Marks of direction and byte order, which browsers put into dates, and the minus sign."""

_UNITS: Final = (1, 1_000, 1_000_000)
_FIRST_SECOND, _LAST_SECOND = 631_152_000, 4_102_444_800
"""From 1990 to 2100: far fewer than a thousand times as long, so that no number counts in two units."""
_SERIALS: Final = range(20_000, 80_000)
"""Days since 1899 as spreadsheets count them, from 1954 to 2119."""
_CENTURY: Final = 90
"""From this year on two digits are of the 1900s: no post is older than 1990."""
_ISO: Final = "write it as 2026-03-02T14:35:00Z"


class DateReader:
    """Reads dates that may leave out their time zone: such are read in `zone`, in UTC where that is None."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        """Begin to count the dates without a zone."""
        self._zone = zone
        self._without_zone = 0

    def notes(self) -> list[str]:
        """Return what to tell the person whose dates these were: how many were taken for UTC."""
        if self._zone is not None or not self._without_zone:
            return []
        return [f"{self._without_zone} dates name no time zone and were read as UTC; --time-zone names another"]

    def read(self, value: Any) -> datetime:
        """Return in UTC the moment that words, a number, a `date` or a `datetime` tell; raises DateError.

        Words are ISO 8601 and RFC 3339, RFC 2822 and 850, what C, JavaScript, Go, Oracle and web servers write, and
        the common forms with the year first or the month in English letters, with AM and PM too. A number is of
        seconds, milliseconds or microseconds since 1970. A date without a time is the beginning of its day. What
        means two moments is refused: the month in digits before or after the day, zone names of two zones, 24:00, a
        weekday that contradicts its date.
        """
        try:
            if isinstance(value, datetime):
                return value.astimezone(UTC) if value.tzinfo else self._zoned(value, "")
            if isinstance(value, date):
                return self._zoned(datetime.combine(value, time()), "", whole_day=True)
            if isinstance(value, str):
                return self._from_words(value)
            if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
                return self._from_words(str(value))
        except (ValueError, OverflowError) as error:
            raise error if isinstance(error, DateError) else DateError(f"is no date that exists; {_ISO}") from None
        raise DateError(f"is no date; {_ISO}")

    def _from_words(self, words: str) -> datetime:
        if len(words) > MAX_WORDS:
            raise DateError(f"is too long for a date; {_ISO}")
        text = " ".join((words if words.isascii() else words.translate(_ODD)).split())
        if _COMPACT.fullmatch(text):
            text = f"{text[:8]} {text[8:]}".strip()
        elif _NUMBER.fullmatch(text):
            return _since_1970(text)
        for form in _FORMS:
            if match := form.fullmatch(text):
                told = match.groupdict()
                return self._zoned(_clock(told), told["zone"] or "", whole_day=told["hour"] is None)
        raise DateError(_why_no_date(text))

    def _zoned(self, clock: datetime, zone: str, *, whole_day: bool = False) -> datetime:
        moment = in_zone(clock, zone, self._zone, whole_day=whole_day)
        if not zone:
            self._without_zone += 1
        return moment


def parse_date(words: str) -> datetime | None:
    """Return in UTC the moment that words from a network tell, UTC without a zone; None as DateReader refuses."""
    try:
        return DateReader().read(words)
    except DateError:
        return None


def _clock(told: dict[str, str | None]) -> datetime:
    """Return what a clock and a calendar showed; raises ValueError where none ever did."""
    day = _day(told)
    weekday = told.get("weekday")
    if weekday and _WEEKDAYS[day.weekday()] != weekday[:3].lower():
        raise DateError(f"names a weekday that its date is not; {_ISO}")
    if told["hour"] is None:
        return datetime.combine(day, time())
    hour, minute, second = int(told["hour"]), int(told["minute"] or 0), int(told["second"] or 0)
    half = (told.get("half") or "").upper()
    if half:
        if hour > 12 or (not hour and half == "P"):  # noqa: PLR2004 - hours of half a day
            raise DateError(f"has AM or PM at an hour that no clock of twelve hours shows; {_ISO}")
        hour = hour % 12 + (12 if half == "P" else 0)
    elif told["minute"] is None and (not told.get("iso") or len(told["hour"]) == 1):
        raise DateError(f"is no date that is known here; {_ISO}")
    if hour == 24:  # noqa: PLR2004 - hours of a day
        raise DateError("says 24:00, which begins the day for some and ends it for others; write 00:00")
    if second == 60 and minute % 15 == 14:  # noqa: PLR2004 - a leap second, at the end of an hour in UTC
        second = 59
    return datetime.combine(day, time(hour, minute, second, int((told["fraction"] or "0")[:6].ljust(6, "0"))))


def _day(told: dict[str, str | None]) -> date:
    if week := told.get("week"):
        return date.fromisoformat(week)
    month, year = told.get("month"), told["year"] or ""
    number = _MONTHS.index(month[:3].lower()) + 1 if month else int(told["number"] or 0)
    if len(year) == 2:  # noqa: PLR2004 - a year of two digits
        year = f"{19 if int(year) >= _CENTURY else 20}{year}"
    return date(int(year), number, int(told["day"] or 0))


def _since_1970(words: str) -> datetime:
    number = Decimal(words)
    for unit in _UNITS:
        if _FIRST_SECOND * unit <= number < _LAST_SECOND * unit:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(number * (1_000_000 // unit)))
    if int(number) in _SERIALS:
        raise DateError("is a spreadsheet's count of days; give the column the format of a date and save it again")
    raise DateError(f"is no number of seconds, milliseconds or microseconds from 1990 to 2100; {_ISO}")


def _why_no_date(text: str) -> str:
    if any(character.isdecimal() and not character.isascii() for character in text):
        return f"is not written with the digits 0 to 9; {_ISO}"
    if _ROUNDED.fullmatch(text):
        return (
            "is a number that was rounded; give the column the format of a date or of whole numbers and save it again"
        )
    if _TWO_DAYS.match(text):
        return "means two days where the month may come before or after the day; write the year first: 2026-03-02"
    if any(character.isalpha() for character in text):
        return f"is no date that is known here (months and weekdays are read in English alone); {_ISO}"
    return f"is no date that is known here; {_ISO}"
