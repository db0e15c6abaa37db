"""Stretches and the buckets that cover them."""

from hypothesis import given
from hypothesis import strategies as st

from services.profiles.analytics.stretch import Cover, Stretch, ceil_to, cover, floor_to, width_of

HOUR, DAY = 3600, 86400
HOURS = st.integers(-24 * 400, 24 * 400)
STRETCHES = st.builds(lambda start, hours: Stretch(start * HOUR, (start + hours) * HOUR), HOURS, st.integers(0, 400))


@given(STRETCHES)
def test_a_cover_holds_each_hour_once(stretch: Stretch) -> None:
    """The buckets of a cover hold every hour of the stretch once, by time, and no other hour."""
    hours = [
        hour
        for one in cover(stretch)
        for begin in range(one.start, one.end, DAY if one.span == "day" else HOUR)
        for hour in range(begin, begin + (DAY if one.span == "day" else HOUR), HOUR)
    ]
    assert hours == list(range(stretch.start, stretch.end, HOUR))


@given(STRETCHES)
def test_a_cover_costs_few_buckets(stretch: Stretch) -> None:
    """Whole days are read as days: a cover has at most 46 hours beside them, and its days begin at midnight."""
    covers = cover(stretch)
    assert len(covers) <= 3
    assert sum((one.end - one.start) // HOUR for one in covers if one.span == "hour") <= 46
    assert all(one.start % DAY == one.end % DAY == 0 for one in covers if one.span == "day")


def test_a_day_and_its_neighbours() -> None:
    """Thirty hours from 22:00 to 04:00 are two hours, a day and four hours."""
    assert cover(Stretch(22 * HOUR, 52 * HOUR)) == [
        Cover("hour", 22 * HOUR, DAY),
        Cover("day", DAY, 2 * DAY),
        Cover("hour", 2 * DAY, 52 * HOUR),
    ]
    assert cover(Stretch(5 * HOUR, 9 * HOUR)) == [Cover("hour", 5 * HOUR, 9 * HOUR)]


@given(STRETCHES)
def test_the_stretch_before_is_as_long_and_adjoins(stretch: Stretch) -> None:
    """The stretch before ends where this one begins."""
    assert stretch.before.end == stretch.start
    assert stretch.before.end - stretch.before.start == stretch.end - stretch.start


@given(STRETCHES, STRETCHES)
def test_what_two_stretches_have_in_common(one: Stretch, other: Stretch) -> None:
    """The common part has the hours of both, and is empty where there are none."""
    common = one.within(other)
    assert common.start <= common.end
    assert set(range(common.start, common.end, HOUR)) == set(range(one.start, one.end, HOUR)) & set(
        range(other.start, other.end, HOUR)
    )


@given(STRETCHES)
def test_the_width_is_how_many_buckets_cover(stretch: Stretch) -> None:
    """A width counts hours and days of the cover, each as one."""
    spans = {"hour": HOUR, "day": DAY}
    assert width_of(stretch) == sum(len(range(one.start, one.end, spans[one.span])) for one in cover(stretch))


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_rounding_meets_a_multiple(moment: int, seconds: int) -> None:
    """Rounding up and down meets the nearest multiples, before 1970 too."""
    down, up = floor_to(moment, seconds), ceil_to(moment, seconds)
    assert down % seconds == up % seconds == 0
    assert down <= moment <= up
    assert up - down == (seconds if moment % seconds else 0)
