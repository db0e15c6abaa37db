"""What `services.ingest.sources.network.reconnection` promises."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.network.reconnection import MAX_WAIT, asked_wait, seconds_until

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("30", 30),
        ("0.5", 0.5),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        ("2026-03-02T12:00:07Z", 7),
        ("2026-03-02T12:00:07", 7),
        ("2026-03-02T11:00:00Z", 0),
        ("-4", 0),
        ("999999999", MAX_WAIT),
        ("9" * 5000, 0),
        ("nan", 0),
        ("inf", 0),
        ("soon", 0),
        ("", 0),
    ],
)
def test_a_wait_is_read_in_each_of_its_forms(words: str, seconds: float) -> None:
    """Seconds, HTTP dates and RFC 3339 times count; what is past, absurd or nonsense does not."""
    assert seconds_until(words, NOW) == seconds


@given(st.text(max_size=60))
def test_no_wait_is_out_of_bounds(words: str) -> None:
    """Whatever a network writes, the wait lies between nothing and an hour."""
    assert 0 <= seconds_until(words, NOW) <= MAX_WAIT


def test_a_rate_limits_reset_counts_for_a_429_alone() -> None:
    """`Retry-After` goes first; Mastodon's reset is what a 429 without one waits for, and no other error."""
    headers = {"x-ratelimit-reset": "2026-03-02T12:01:00Z"}
    assert asked_wait(429, headers, NOW) == 60
    assert asked_wait(503, headers, NOW) == 0
    assert asked_wait(429, headers | {"retry-after": "5"}, NOW) == 5
