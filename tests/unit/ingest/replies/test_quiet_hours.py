"""Quiet hours and the day that the cap counts."""

from datetime import UTC, datetime

import pytest

from services.ingest.replies.opt_out import OptOutWords
from services.ingest.replies.quiet_hours import QuietHours
from services.ingest.replies.settings import ReplySettings
from shared.errors import SettingsError
from shared.text import clean

WORDS = ReplySettings(_env_file=None).opt_out_words()


def at(hour: int, minute: int = 0) -> datetime:
    """Return a time of a winter's day in UTC."""
    return datetime(2026, 1, 15, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "quiet"),
    [("22:00-07:00", {22, 23, 0, 6}), ("12:00-13:00", {12}), ("", set()), ("00:00-23:59", set(range(24)))],
)
def test_quiet_hours_hold_from_their_begin_up_to_their_end(hours: str, quiet: set[int]) -> None:
    """Over midnight too; the minute of the end is not quiet any more; empty means never."""
    parsed = QuietHours.parse(hours, "UTC")
    assert {hour for hour in (22, 23, 0, 6, 7, 12, 13) if parsed.are_on(at(hour))} == quiet & {22, 23, 0, 6, 7, 12, 13}
    assert QuietHours.parse("22:00-07:00", "UTC").are_on(at(6, 59))


def test_hours_and_days_are_those_of_the_zone() -> None:
    """At 23:30 in UTC it is half past midnight of the next day in Vienna."""
    vienna = QuietHours.parse("00:00-01:00", "Europe/Vienna")
    assert vienna.are_on(at(23, 30))
    assert vienna.day(at(23, 30)) == "2026-01-16"
    assert vienna.next_day(at(23, 30)).astimezone(UTC) == at(23).replace(day=16)


@pytest.mark.parametrize(
    ("hours", "zone", "name"),
    [
        ("22-7", "UTC", "REPLIES_QUIET_HOURS"),
        ("24:00-07:00", "UTC", "REPLIES_QUIET_HOURS"),
        ("07:00-07:00", "UTC", "REPLIES_QUIET_HOURS"),
        ("", "Vienna", "REPLIES_TIME_ZONE"),
        ("", "../etc/passwd", "REPLIES_TIME_ZONE"),
        ("", "", "REPLIES_TIME_ZONE"),
    ],
)
def test_wrong_settings_are_named(hours: str, zone: str, name: str) -> None:
    """The sentence names the variable."""
    with pytest.raises(SettingsError, match=name):
        QuietHours.parse(hours, zone)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("@aerolume STOP", True),
        ("@aerolume stop. https://t.co/x", True),
        ("stop losing my bags", False),
        ("please do not reply to me", True),
        ("Please DON\u2019T reply", True),
        ("great flight #NoBot", True),
        ("nobot", False),
        ("do not lose it, reply", False),
        ("bitte nicht antworten!", True),
        ("don't stop replying", True),
        ("", False),
        ("@aerolume", False),
    ],
)
def test_opt_out_words_are_found(text: str, wanted: bool) -> None:  # noqa: FBT001 - a parameter
    """Phrases count anywhere, single words where a text says nothing else."""
    assert WORDS.are_in(clean(text)) is wanted


def test_no_words_no_opting_out() -> None:
    """An empty list takes nothing, not even an empty text, as a wish."""
    words = OptOutWords([])
    assert not words.are_in("")
    assert not words.are_in("stop")
