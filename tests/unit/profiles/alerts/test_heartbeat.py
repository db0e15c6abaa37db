"""When hours may be judged."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.alerts.heartbeat import GAP, SETTLING, Heartbeat, beat
from tests.unit.ingest.virtual_clock import START

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("before", "behind", "judges_from"),
    [
        (None, False, START),
        (None, True, START + SETTLING),
        (Heartbeat(START - GAP, START - 2 * GAP), True, START - 2 * GAP),
        (Heartbeat(START - GAP - SECOND, START - 2 * GAP), True, START + SETTLING),
        (Heartbeat(START - GAP - SECOND, START + SECOND), True, START + SETTLING),
        (Heartbeat(START - SECOND, START + SECOND), True, START + SECOND),
        (Heartbeat(START + SECOND, START + 9 * SETTLING), True, START + SETTLING),
    ],
)
def test_hours_may_be_judged_a_while_after_a_gap(before: Heartbeat | None, behind: bool, judges_from: datetime) -> None:  # noqa: FBT001
    """Not where there was none; a wait under way goes on; a clock that was ahead makes it no longer."""
    assert beat(before, START, behind=behind) == Heartbeat(START, judges_from)


@given(st.lists(st.integers(min_value=0, max_value=4 * 3600), max_size=40))
def test_no_round_judges_within_the_wait_after_any_gap(waits: list[int]) -> None:
    """However rounds lie in time, and one that comes later than every wait after the last gap does judge."""
    now, noticed, heartbeat = START, START - SETTLING, Heartbeat(START, START)
    for wait in waits:
        now += wait * SECOND
        if wait * SECOND > GAP:
            noticed = now
        heartbeat = beat(heartbeat, now, behind=True)
        assert (now >= heartbeat.judges_from) == (now >= noticed + SETTLING)
