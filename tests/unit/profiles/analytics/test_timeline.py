"""Points over time, against counting posts one by one."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.analytics import bucket_reads
from services.profiles.analytics.bucket_reads import points_after
from services.profiles.analytics.timeline import (
    Grain,
    PointView,
    decode_point,
    point_end,
    point_start,
)
from services.profiles.analytics.window import EARLIEST, LATEST, HourWindow
from shared.analyzed_post import AnalyzedPost
from shared.errors import InputError
from shared.pages import encode_cursor
from tests.unit.profiles.analytics.shelf import POSTS, Shelf, counted
from tests.unit.profiles.posts import START, post

HOUR = 3600
BASE = int(START.timestamp())
GRAINS: st.SearchStrategy[Grain] = st.sampled_from(["hour", "day", "week"])
LENGTHS: dict[Grain, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


async def every_point(posts: list[AnalyzedPost], grain: Grain, window: HourWindow, most: int) -> list[PointView]:
    """Return all points, read in pages of `most`."""
    shelf, found, after = Shelf(posts), list[PointView](), None
    for _ in range(len(posts) + 1):
        page = await points_after(shelf.store, "acme", grain, window, after, most, None)
        assert len(page) <= most
        found += page
        if not page:
            return found
        after = int(page[-1].start.timestamp())
    pytest.fail("there are more pages than posts")


@given(POSTS, GRAINS, st.integers(1, 5), st.integers(-900, 100), st.integers(1, 700))
def test_points_are_those_of_the_posts(
    posts: list[AnalyzedPost], grain: Grain, most: int, start: int, hours: int
) -> None:
    """Every hour, day or week that the time touches and that has posts is there once, by time, with its figures."""
    window = HourWindow(BASE + start * HOUR, BASE + (start + hours) * HOUR)
    points = asyncio.run(every_point(posts, grain, window, most))
    assert all(one.start < other.start for one, other in pairwise(points))
    counts = {
        point.start: [one for one in posts if point.start <= one.hour < point.start + LENGTHS[grain]]
        for point in points
    }
    for point in points:
        expected = counted(counts[point.start])
        assert expected["posts"]
        assert dict(point).items() >= {name: expected[name] for name in expected if name != "likes"}.items()
    shown = {one.post_key for found in counts.values() for one in found}
    assert shown >= {one.post_key for one in posts if window.start <= one.hour.timestamp() < window.end}


@given(st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 1)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_a_week_begins_on_monday(moment: datetime) -> None:
    """A week is that of ISO 8601: it begins on a Monday at 00:00 UTC and holds the moment."""
    seconds = int(moment.replace(tzinfo=UTC).timestamp())
    start = datetime.fromtimestamp(point_start("week", seconds), UTC)
    assert (start.isoweekday(), start.hour, start.minute, start.second) == (1, 0, 0, 0)
    assert start.isocalendar()[:2] == moment.isocalendar()[:2]
    assert point_start("week", seconds) <= seconds <= point_end("week", seconds)


async def test_an_author_of_several_days_is_one_of_the_week() -> None:
    """Authors of a week are joined from its days, not added up."""
    posts = [post(number, number % 2, 24 * number) for number in range(5)]
    [point] = await every_point(posts, "week", HourWindow(BASE, BASE + HOUR), 10)
    assert (point.posts, point.authors) == (5, 2)


async def test_reading_stops_once_enough_weeks_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days are read page by page, and no more of them than the weeks asked for need."""
    monkeypatch.setattr(bucket_reads, "PAGE", 4)
    shelf = Shelf(post(number, number, 24 * number) for number in range(100))
    always = HourWindow(EARLIEST, LATEST)
    weeks = await points_after(shelf.store, "acme", "week", always, None, 2, None)
    # The first post is of a Tuesday: six days and seven, and one of the third week to tell that the second is whole.
    assert ([week.posts for week in weeks], shelf.reads) == ([6, 7], 4)
    shelf.reads = 0
    days = await points_after(shelf.store, "acme", "day", always, None, 9, None)
    assert ([day.posts for day in days], shelf.reads) == ([1] * 9, 3)
    rare = Shelf(post(number, number, 7 * 24 * number) for number in range(40))
    weeks = await points_after(rare.store, "acme", "week", always, None, 7, None)
    assert (len(weeks), rare.reads) == (7, 2)


@pytest.mark.parametrize(
    "cursor",
    [
        encode_cursor(["day", BASE]),
        encode_cursor(["week", BASE]),
        encode_cursor(["week", 10**15]),
        encode_cursor(["week", -(10**15)]),
        encode_cursor(["week", "monday"]),
        "garbage",
    ],
)
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    """A cursor of another grain, of a time that is no point of it, or of no time at all is refused."""
    with pytest.raises(InputError):
        decode_point(cursor, "week")


@given(GRAINS, st.integers(0, 10**9))
def test_a_cursor_names_a_point(grain: Grain, moment: int) -> None:
    """A point's cursor leads back to it, that of the week before 1970 too."""
    start = point_start(grain, moment)
    assert decode_point(encode_cursor([grain, start]), grain) == start
