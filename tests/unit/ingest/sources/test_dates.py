"""Dates: any form of a moment is that moment, or is refused with what to do."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.dates import MAX_WORDS, DateReader, parse_date
from services.ingest.sources.time_zones import DateError, zone_named

MOMENT = datetime(2015, 2, 24, 19, 35, 52, tzinfo=UTC)
NAIVE = datetime.fromisoformat("2015-02-24T19:35:52")
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]
MOMENTS = st.datetimes(
    datetime.fromisoformat("1990-01-02"),
    datetime.fromisoformat("2089-12-30"),
    timezones=st.sampled_from(ZONES).map(ZoneInfo),
)


def since_1970(moment: datetime) -> int:
    """Return microseconds."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def stamped(template: str, moment: datetime) -> str:
    """Format with an offset that has a colon, in `{offset}`, and what strftime knows."""
    offset = moment.strftime("%z")
    return moment.strftime(template.replace("{offset}", f"{offset[:3]}:{offset[3:5]}"))


FORMS: list[Callable[[datetime], str]] = [
    datetime.isoformat,
    lambda moment: str(since_1970(moment)),
    lambda moment: f"{since_1970(moment) // 10**6}.{since_1970(moment) % 10**6:06}",
    *(
        partial(stamped, template)
        for template in (
            "%a, %d %b %Y %H:%M:%S.%f %z",
            "%Y-%m-%d %H:%M:%S.%f000 %z",
            "%Y-%m-%d %I:%M:%S.%f %p {offset}",
            "%Y/%m/%d %H:%M:%S.%f UTC{offset}",
            "%Y.%m.%d %H:%M:%S.%f GMT%z",
            "%Y%m%dT%H%M%S.%f%z",
            "%G-W%V-%uT%H:%M:%S.%f{offset}",
            "%a %b %d %Y %H:%M:%S.%f GMT%z (Some Standard Time)",
            "%a %b %d %H:%M:%S.%f %z %Y",
            "%A, %d-%b-%y %I:%M:%S.%f%p %z",
            "%d/%b/%Y:%H:%M:%S.%f %z",
            "%d%b%Y:%H:%M:%S.%f{offset}",
            "%B %d, %Y at %I:%M:%S.%f %p UTC{offset}",
            "%b %d, %Y · %I:%M:%S.%f %p %z",
            "%I:%M:%S.%f %p · %b %d, %Y (UTC{offset})",
            "%H:%M:%S.%f, %d %B %Y %z",
            "%Y-%b-%d %H:%M:%S.%f %z",
            "%Y-%m-%d %H:%M:%S.%f {offset}[Europe/Berlin]",
        )
    ),
]


@given(
    MOMENTS,
    st.sampled_from(FORMS),
)
def test_every_form_of_a_moment_is_that_moment(moment: datetime, form: Callable[[datetime], str]) -> None:
    """Whatever program wrote it and in whatever zone, it comes back to the microsecond, or is refused."""
    words = form(moment)
    assert parse_date(words) in {moment.astimezone(UTC), None}, words


@given(st.sampled_from(FORMS), st.integers(-48, 56))
def test_no_form_is_refused_with_an_offset(form: Callable[[datetime], str], quarters: int) -> None:
    """With an offset that a zone has, each of the forms is read."""
    moment = MOMENT.astimezone(timezone(timedelta(minutes=15 * quarters)))
    assert parse_date(form(moment).removesuffix("[Europe/Berlin]")) == MOMENT


@given(
    MOMENTS,
    st.sampled_from(["%Y-%m-%d %H:%M:%S.%f", "%d %b %Y %I:%M:%S.%f %p", "%Y-%m-%d %H:%M:%S.%f %Z"]),
)
def test_a_clock_of_the_named_zone_is_its_moment(moment: datetime, form: str) -> None:
    """What a clock there showed is that moment; an hour that came twice is refused."""
    words, dates = moment.strftime(form), DateReader(moment.tzinfo)
    if moment.utcoffset() == moment.replace(fold=1 - moment.fold).utcoffset():
        assert dates.read(words) == moment.astimezone(UTC)
    elif not form.endswith("%Z"):
        with pytest.raises(DateError, match=r"came twice|skipped"):
            dates.read(words)


@pytest.mark.parametrize(
    "words",
    [
        "2015-02-24 11:35:52 -0800",
        "2015-02-24T11:35:52-08:00",
        "2015-02-24T11:35:52\u221208:00",
        "2015-02-24T19:35:52Z",
        "2015-02-24t19:35:52z",
        "2015-02-24 19:35:52",
        "2015-02-24 19:35:52.000000999 UTC",
        "2015-02-24 14:35:52 EST",
        "2015-02-24 11:35:52 pst",
        "2015-02-24 07:35:52 p.m.",
        "2015-02-24 07:35:52 p. m.",
        "2015-02-24 07:35:52\u202fPM",
        "2015-02-24 21:35:52 UTC+2",
        "2015-02-24 14:35:52 GMT-5:00",
        "2015-02-24 20:35:52 +0100 CET",
        "2015-02-24 19:35:52.0 +0000 UTC m=+0.01",
        "2015-02-24 20:35:52 Europe/Berlin",
        "2015-02-24T20:35:52+01:00[Europe/Berlin]",
        "2015-02-24 19:35:52 (UTC)",
        "Tue Feb 24 19:35:52 +0000 2015",
        "Tue Feb 24 19:35:52 UTC 2015",
        "Tue Feb 24 19:35:52 2015",
        "Tue Feb 24 2015 11:35:52 GMT-0800 (Pacific Standard Time)",
        "Tue, 24 Feb 2015 11:35:52 -0800 (PST)",
        "24 Feb 15 19:35:52 GMT",
        "24th February, 2015 19:35:52",
        "20150224193552",
        "1424806552",
        "1424806552.0",
        "1424806552000",
        "1424806552000000",
        1424806552,
        1424806552.0,
        Decimal(1424806552),
        datetime(2015, 2, 24, 19, 35, 52, tzinfo=UTC),
        NAIVE,
    ],
)
def test_common_dates_mean_the_same_moment(words: Any) -> None:
    """The forms of common exports are read; without a zone they are UTC."""
    assert DateReader().read(words) == MOMENT


@pytest.mark.parametrize(
    "day", [date(2015, 2, 24), "2015-02-24", "20150224", 20150224, "24 Feb 2015", "February 24, 2015", "2015-W09-2"]
)
def test_a_day_is_its_beginning(day: Any) -> None:
    """A date without a time is the first moment of the day in its time zone."""
    assert DateReader().read(day) == datetime(2015, 2, 24, tzinfo=UTC)
    assert DateReader(zone_named("+05:30")).read(day) == datetime(2015, 2, 23, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "hour"), [("12:10 AM", 0), ("0:10 AM", 0), ("1:10 AM", 1), ("12:10 PM", 12), ("1:10pm", 13), ("9 PM", 21)]
)
def test_halves_of_the_day_are_read(words: str, hour: int) -> None:
    """Twelve begins each half."""
    moment = DateReader().read(f"Mar 2, 2026 {words}")
    assert (moment.day, moment.hour) == (2, hour)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("2026-03-02 10:00 IST", "says IST, which more than one time zone is called.*--time-zone"),
        ("Mon, 02 Mar 2026 10:00:00 CST", "says CST.*--time-zone"),
        ("2026-03-02 10:00 XYZ", "zone that is not known here.*--time-zone"),
        ("2026-03-02 10:00 GMT Standard Time", "zone that is not known"),
        ("2026-03-02 10:00 UTC (+02:00)", "zone that is not known"),
        ("2026-03-02 10:00 -0500 PST", "contradicts its offset"),
        ("2026-03-02T10:00:00+25:00", "no zone has"),
        ("03/02/2026", "means two days.*write the year first"),
        ("Mon 3.2.2026, 2:35:00 PM", "means two days"),
        ("02/03/26 10:00", "means two days"),
        ("Tue, 02 Mar 2026 10:00:00 GMT", "weekday"),
        ("2026-03-02 24:00", "24:00"),
        ("2026-03-02 14:35 PM", "AM or PM"),
        ("2026-03-02 0:35 PM", "AM or PM"),
        ("2026-02-30", "no date that exists"),
        ("2026-04-12T1", "no date that is known"),
        ("2026-03-02-10:00", "no date that is known"),
        ("2 Mar 10:10:20", "no date that is known"),
        ("2 März 2026", "English"),
        ("٢٠٢٦-٠٣-٠٢", "digits 0 to 9"),
        ("1.7723E+09", "rounded"),
        ("46083.6076", "spreadsheet's count of days"),
        ("46083.60", "spreadsheet's count of days"),
        (46083, "spreadsheet's count of days"),
        ("1772445600000000000", "from 1990 to 2100"),
        ("2026", "from 1990 to 2100"),
        (float("nan"), "no date"),
        (True, "no date"),
        ([], "no date"),
        ("", "no date"),
        ("9999-12-31T23:00-12:00", "no date that exists"),
        ("1" * (MAX_WORDS + 1), "too long"),
    ],
)
def test_what_tells_no_moment_is_refused_with_what_to_do(words: Any, reason: str) -> None:
    """The reason tells more than that it failed; it never quotes what stood there."""
    with pytest.raises(DateError, match=reason) as refusal:
        DateReader().read(words)
    assert not (isinstance(words, str) and len(words) > 5 and words in str(refusal.value))


@pytest.mark.parametrize(
    ("zone", "words", "moment"),
    [
        ("Asia/Kolkata", "2026-03-02 10:00 IST", "2026-03-02T04:30"),
        ("Asia/Jerusalem", "2026-03-02 10:00 IST", "2026-03-02T08:00"),
        ("+05:30", "2026-03-02 10:00 IST", "2026-03-02T04:30"),
        ("Asia/Manila", "2026-03-02 10:00 PST", "2026-03-02T02:00"),
        ("Europe/Berlin", "2026-10-25 02:30 CET", "2026-10-25T01:30"),
        ("Europe/Berlin", "2026-10-25 02:30 CEST", "2026-10-25T00:30"),
        ("Europe/Berlin", "2026-03-02 10:00 EST", "2026-03-02T15:00"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"),
        ("UTC+2", "2026-03-02 10:00", "2026-03-02T08:00"),
        ("UTC", "1772445600", "2026-03-02T10:00"),
        ("+02:00", "1772445600", "2026-03-02T10:00"),
    ],
)
def test_a_named_zone_settles_what_the_words_leave_open(zone: str, words: str, moment: str) -> None:
    """Times without a zone and names of several zones are read in it; what says its own offset keeps it."""
    assert DateReader(zone_named(zone)).read(words) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(("clock", "happened"), [("2026-03-29 02:30", "skipped"), ("2026-10-25 02:30", "came twice")])
def test_an_hour_of_changing_clocks_is_not_guessed(clock: str, happened: str) -> None:
    """A time that no clock showed, or that all showed twice, is refused with the remedy."""
    with pytest.raises(DateError, match=f"{happened}.*write the offset"):
        DateReader(zone_named("Europe/Berlin")).read(clock)


@pytest.mark.parametrize("zone", ["CST", "PST", "CET", "Berlin", "localtime", "../UTC", "+25:00", ""])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    """Names that stand for one offset are refused too: a file of a whole year has summer and winter."""
    with pytest.raises(DateError):
        zone_named(zone)


def test_dates_without_a_zone_are_counted() -> None:
    """The command says how many were read as UTC."""
    dates = DateReader()
    for value in ("2026-03-02", "2026-03-02 10:00", NAIVE, date(2026, 3, 2), "2026-03-02T10:00Z", 10**9):
        dates.read(value)
    assert dates.notes() == ["4 dates name no time zone and were read as UTC; --time-zone names another"]
    zoned = DateReader(UTC)
    zoned.read("2026-03-02")
    assert zoned.notes() == DateReader().notes() == []


@given(st.one_of(st.text(), st.from_regex(r"[A-Z0-9:/ .,+()-]{0,60}", fullmatch=True)))
def test_no_words_break_the_date_reader(words: str) -> None:
    """Whatever stands in a cell, it is a moment in UTC or none at all."""
    moment = parse_date(words)
    assert moment is None or moment.tzinfo is UTC


def test_a_zone_by_the_machines_own_name_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file means does not depend on where it is read."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert parse_date("2015-02-24 20:35:52 IST") is None
        assert parse_date("2015-02-24 19:35:52") == MOMENT
    finally:
        monkeypatch.undo()
        time.tzset()
