"""What `services.ingest.sources.network.reconnection` promises."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.base import SourceError, SourceRefusedError
from services.ingest.sources.network.reconnection import (
    MAX_WAIT,
    NetworkError,
    asked_wait,
    keep_connected,
    seconds_until,
)
from tests.contract.source_network import Recorder
from tests.unit.ingest.virtual_clock import VirtualClock


def refusal(status: int) -> SourceError | None:
    """Take 404 for a no for good."""
    return SourceRefusedError("it is not there") if status == 404 else None


class Held:
    """Sessions that do what they are told, one after the other, and the moments at which each began."""

    def __init__(self, *ends: BaseException | None) -> None:
        """End the sessions by these errors (None: properly), the one after the last by SourceRefusedError."""
        self.clock = VirtualClock()
        self.report = Recorder()
        self.moments: list[float] = []
        self._ends = [*ends, NetworkError("it answered 404", status=404)]

    async def session(self) -> None:
        """Run one."""
        self.moments.append(self.clock.monotonic())
        if (end := self._ends.pop(0)) is not None:
            raise end

    async def run(self, jitter: Callable[[], float] = lambda: 0.0) -> None:
        """Run them all."""
        holding: Coroutine[Any, Any, None] = keep_connected(
            self.session, name="The network", report=self.report, clock=self.clock, refusal=refusal, jitter=jitter
        )
        task = asyncio.create_task(holding)
        await self.clock.until(task.done, step=0.5)
        task.result()


async def test_every_end_is_told_and_followed_by_another_session() -> None:
    """Faults, silence and a proper end are sentences; sessions keep their distance."""
    held = Held(NetworkError("it broke"), TimeoutError(), None)
    with pytest.raises(SourceRefusedError, match="not there"):
        await held.run()
    assert held.report.sentences == [
        "The network: it broke; trying again",
        "The network: it fell silent; trying again",
        "The network: it ended the connection; trying again",
    ]
    assert held.moments == [0, 1, 2, 3]


async def test_a_wait_that_was_asked_for_is_kept_and_told() -> None:
    """The next session begins no sooner, and the one after that at the usual pace."""
    held = Held(NetworkError("it answered 429", status=429, wait=30), NetworkError("it broke"))
    with pytest.raises(SourceRefusedError):
        await held.run()
    assert held.moments == [0, 30, 31]
    assert held.report.sentences[0] == "The network: it answered 429; it asked for 30 s of rest; trying again"


async def test_sessions_that_fail_soon_grow_rarer() -> None:
    """Waits grow up to a minute."""
    held = Held(*[NetworkError("it broke")] * 12)
    with pytest.raises(SourceRefusedError):
        await held.run(jitter=lambda: 1.0)
    waits = [later - earlier for earlier, later in zip(held.moments, held.moments[1:], strict=False)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (2, 60)


async def test_our_own_mistakes_are_not_the_networks() -> None:
    """What is no fault of a network ends it all."""
    with pytest.raises(ZeroDivisionError):
        await Held(ZeroDivisionError()).run()


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


@pytest.mark.parametrize(("words", "seconds"), [("{reset}", 90), ("90", 0), ("-1", 0), ("9" * 400, 0), ("soon", 0)])
def test_blueskys_rate_limit_is_heard(words: str, seconds: float) -> None:
    """It tells a moment in seconds since 1970; anything else says nothing."""
    told = words.format(reset=int(NOW.timestamp()) + 90)
    assert asked_wait(429, {"ratelimit-reset": told}, NOW) == seconds
    assert asked_wait(503, {"ratelimit-reset": told}, NOW) == 0
