"""Windows: their lengths, their ends, and what is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from services.profiles.analytics.stretch import EARLIEST, LATEST, Stretch
from services.profiles.analytics.window import all_time, asked_time, hour_end, length_of, newest_end, window_of
from shared.errors import InputError

HOUR = 3600
NOON = datetime(2015, 2, 24, 12, tzinfo=UTC)


def test_lengths_are_hours_or_days() -> None:
    """A window is so many hours or days, at most 366 days of either."""
    assert length_of("1h", "window") == HOUR
    assert length_of("7d", "window") == 7 * 24 * HOUR
    assert length_of("366d", "window") == length_of("8784h", "window")


@pytest.mark.parametrize(
    "text", ["", "7", "d", "0d", "07d", "-1d", "1.5d", "7w", "7D", "7d ", "7d\n", "367d", "8785h", "\u0667d"]
)
def test_what_is_no_window_is_refused(text: str) -> None:
    """Anything else is refused, and the field named."""
    with pytest.raises(InputError) as refused:
        length_of(text, "baseline")
    assert refused.value.loc == ("query", "baseline")
    assert "baseline" in refused.value.detail


def test_an_end_is_rounded_up_to_the_hour() -> None:
    """A moment inside an hour means the end of that hour, a full hour means itself, in whatever zone it is told."""
    assert hour_end(NOON, "until") == NOON.timestamp()
    assert hour_end(NOON + timedelta(microseconds=1), "until") == NOON.timestamp() + HOUR
    assert hour_end(datetime.fromisoformat("2015-02-24T17:29:00+05:30"), "until") == NOON.timestamp()


@pytest.mark.parametrize(
    "moment", ["1969-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "3000-01-01T00:00:01Z", "9999-12-31T23:59:59-14:00"]
)
def test_a_time_without_posts_is_refused(moment: str) -> None:
    """A moment at which there can be no post is refused, at the edge of what a calendar holds too."""
    with pytest.raises(InputError, match="until"):
        hour_end(datetime.fromisoformat(moment), "until")
    with pytest.raises(InputError, match="from"):
        asked_time(datetime.fromisoformat(moment), None)


def test_a_window_ends_with_the_newest_hour() -> None:
    """Without an end it is that of the newest post's hour, years ago too, but never after the present hour."""
    newest = int(NOON.timestamp())
    assert newest_end(newest, datetime(2026, 1, 1, tzinfo=UTC)) == newest + HOUR
    assert newest_end(newest, NOON + timedelta(minutes=59)) == newest + HOUR
    assert newest_end(newest + 99 * HOUR, NOON + timedelta(minutes=59)) == newest + HOUR
    assert window_of(2 * HOUR, newest) == Stretch(newest - 2 * HOUR, newest)


def test_all_time_is_from_the_first_post_to_the_last() -> None:
    """All time ends with the last hour, or where it is told to: before the first post it is empty."""
    assert all_time(0, 5 * HOUR) == Stretch(0, 6 * HOUR)
    assert all_time(0, 5 * HOUR, 2 * HOUR) == Stretch(0, 2 * HOUR)
    assert all_time(4 * HOUR, 5 * HOUR, 2 * HOUR) == Stretch(2 * HOUR, 2 * HOUR)


def test_an_asked_time_is_of_whole_hours() -> None:
    """Hours that the time touches are in it; without bounds it is everything; it must have a length."""
    assert asked_time(None, None) == Stretch(EARLIEST, LATEST)
    noon = int(NOON.timestamp())
    inside = NOON + timedelta(minutes=59, seconds=59.5)
    assert asked_time(inside, inside + timedelta(minutes=1)) == Stretch(noon, noon + 2 * HOUR)
    for end in (NOON, NOON - timedelta(hours=1)):
        with pytest.raises(InputError) as refused:
            asked_time(NOON, end)
        assert refused.value.loc == ("query", "to")
