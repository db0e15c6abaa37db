"""Windows: their lengths, their ends, what is refused, and which buckets hold them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.analytics.window import (
    EARLIEST,
    LATEST,
    BucketRange,
    HourWindow,
    all_time,
    bucket_ranges,
    ceil_to,
    floor_to,
    hour_end,
    length_of,
    most_buckets,
    newest_end,
    window_between,
    window_of,
)
from shared.errors import InputError

HOUR, DAY = 3600, 86400
HOURS = st.integers(-24 * 400, 24 * 400)
WINDOWS = st.builds(lambda start, hours: HourWindow(start * HOUR, (start + hours) * HOUR), HOURS, st.integers(0, 400))
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
        window_between(datetime.fromisoformat(moment), None)


def test_a_window_ends_with_the_newest_hour() -> None:
    """Without an end it is that of the newest post's hour, years ago too, but never after the present hour."""
    newest = int(NOON.timestamp())
    assert newest_end(newest, datetime(2026, 1, 1, tzinfo=UTC)) == newest + HOUR
    assert newest_end(newest, NOON + timedelta(minutes=59)) == newest + HOUR
    assert newest_end(newest + 99 * HOUR, NOON + timedelta(minutes=59)) == newest + HOUR
    assert window_of(2 * HOUR, newest) == HourWindow(newest - 2 * HOUR, newest)


def test_all_time_is_from_the_first_post_to_the_last() -> None:
    """All time ends with the last hour, or where it is told to: before the first post it is empty."""
    assert all_time(0, 5 * HOUR) == HourWindow(0, 6 * HOUR)
    assert all_time(0, 5 * HOUR, 2 * HOUR) == HourWindow(0, 2 * HOUR)
    assert all_time(4 * HOUR, 5 * HOUR, 2 * HOUR) == HourWindow(2 * HOUR, 2 * HOUR)


def test_an_window_between_is_of_whole_hours() -> None:
    """Hours that the time touches are in it; without bounds it is everything; it must have a length."""
    assert window_between(None, None) == HourWindow(EARLIEST, LATEST)
    noon = int(NOON.timestamp())
    inside = NOON + timedelta(minutes=59, seconds=59.5)
    assert window_between(inside, inside + timedelta(minutes=1)) == HourWindow(noon, noon + 2 * HOUR)
    for end in (NOON, NOON - timedelta(hours=1)):
        with pytest.raises(InputError) as refused:
            window_between(NOON, end)
        assert refused.value.loc == ("query", "to")


@given(WINDOWS)
def test_bucket_ranges_hold_each_hour_once(window: HourWindow) -> None:
    """The bucket ranges hold every hour of the window once, by time, and no other hour."""
    hours = [
        hour
        for one in bucket_ranges(window)
        for begin in range(one.start, one.end, DAY if one.span == "day" else HOUR)
        for hour in range(begin, begin + (DAY if one.span == "day" else HOUR), HOUR)
    ]
    assert hours == list(range(window.start, window.end, HOUR))


@given(WINDOWS)
def test_a_window_costs_few_buckets(window: HourWindow) -> None:
    """Whole days are read as days: at most 46 hours stand beside them, and days begin at midnight."""
    ranges = bucket_ranges(window)
    assert len(ranges) <= 3
    assert sum((one.end - one.start) // HOUR for one in ranges if one.span == "hour") <= 46
    assert all(one.start % DAY == one.end % DAY == 0 for one in ranges if one.span == "day")


def test_a_day_and_its_neighbours() -> None:
    """Thirty hours from 22:00 to 04:00 are two hours, a day and four hours."""
    assert bucket_ranges(HourWindow(22 * HOUR, 52 * HOUR)) == [
        BucketRange("hour", 22 * HOUR, DAY),
        BucketRange("day", DAY, 2 * DAY),
        BucketRange("hour", 2 * DAY, 52 * HOUR),
    ]
    assert bucket_ranges(HourWindow(5 * HOUR, 9 * HOUR)) == [BucketRange("hour", 5 * HOUR, 9 * HOUR)]


@given(WINDOWS)
def test_the_window_before_is_as_long_and_adjoins(window: HourWindow) -> None:
    """The window before ends where this one begins."""
    assert window.before.end == window.start
    assert window.before.end - window.before.start == window.end - window.start


@given(WINDOWS, WINDOWS)
def test_what_two_windows_have_in_common(one: HourWindow, other: HourWindow) -> None:
    """The common part has the hours of both, and is empty where there are none."""
    common = one.within(other)
    assert common.start <= common.end
    assert set(range(common.start, common.end, HOUR)) == set(range(one.start, one.end, HOUR)) & set(
        range(other.start, other.end, HOUR)
    )


@given(WINDOWS)
def test_the_width_is_how_many_buckets_bucket_ranges(window: HourWindow) -> None:
    """The count is of hours and days of the ranges, each as one."""
    spans = {"hour": HOUR, "day": DAY}
    assert most_buckets(window) == sum(len(range(one.start, one.end, spans[one.span])) for one in bucket_ranges(window))


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_rounding_meets_a_multiple(moment: int, seconds: int) -> None:
    """Rounding up and down meets the nearest multiples, before 1970 too."""
    down, up = floor_to(moment, seconds), ceil_to(moment, seconds)
    assert down % seconds == up % seconds == 0
    assert down <= moment <= up
    assert up - down == (seconds if moment % seconds else 0)
