"""How far posts were delivered, and the ids that say it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.base import MAX_CURSOR, SourceRefusedError
from services.ingest.sources.x.cursor import XCursor, earlier, first_id, is_plausible, moment_of

IDS = st.integers(0, 2**63 - 1)
MOMENTS = st.datetimes(datetime(2011, 1, 1), datetime(2070, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(IDS, st.none() | IDS, st.integers(0, 30), st.none() | IDS, st.text("0123456789abcdef", max_size=8))
def test_a_cursor_is_read_as_it_was_written(
    since: int, top: int | None, query: int, until: int | None, rules: str
) -> None:
    """Every digit of it, within the size that a cursor may have."""
    cursor = XCursor(since, top, query, until, rules)
    assert XCursor.read(cursor.written()) == cursor
    assert len(cursor.written()) <= MAX_CURSOR


@pytest.mark.parametrize(
    "text",
    ["", "7", "null", "[]", "{}", '{"v":2,"since":"1"}', '{"v":1}', '{"v":1,"since":"x"}', '{"v":1,"since":"-1"}',
     '{"v":1,"since":"1","more":"2"}', '{"v":1,"since":"9999999999999999999999"}'],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    """With a sentence that says what to do."""
    with pytest.raises(SourceRefusedError, match="create it again"):
        XCursor.read(text)


def test_a_catch_up_of_other_rules_begins_anew() -> None:
    """A brand that was changed has other queries: how far the old ones were read says nothing of them."""
    cursor = XCursor(10, top=50, query=1, until=30, rules="old")
    assert cursor.resumed("old") == cursor
    assert cursor.resumed("new") == XCursor(10, rules="new")


def test_a_finished_catch_up_never_goes_back() -> None:
    """Its top counts only where it is above what was known."""
    assert XCursor(10, top=50, query=1).finished() == XCursor(50)
    assert XCursor(10, top=5).finished().since == 10
    assert XCursor(10).finished().since == 10


@given(MOMENTS)
def test_an_id_tells_its_time(moment: datetime) -> None:
    """To the millisecond."""
    assert timedelta(0) <= moment - moment_of(first_id(moment)) < timedelta(milliseconds=1)


@given(MOMENTS, st.integers(0, 3600))
def test_earlier_ids_are_earlier(moment: datetime, seconds: int) -> None:
    """By so many seconds, and never below 0."""
    assert earlier(first_id(moment) + 12345, seconds) == first_id(
        moment_of(first_id(moment)) - timedelta(seconds=seconds)
    )
    assert earlier(0, seconds) == 0


def test_ids_of_the_future_are_not_plausible() -> None:
    """But those of a clock that is a few minutes ahead are."""
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert is_plausible(first_id(now + timedelta(minutes=5)), now)
    assert not is_plausible(first_id(now + timedelta(hours=1)), now)
    assert not is_plausible(2**80, now)
    assert not is_plausible(None, now)
