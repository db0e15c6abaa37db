"""Time as the services need it, so that tests need none of their own."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from typing_extensions import override

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def milliseconds(at: datetime) -> int:
    """Return the whole milliseconds from the beginning of 1970 to a moment."""
    return (at - _EPOCH) // _MILLISECOND


def moment(since_1970: int) -> datetime:
    """Return the moment so many milliseconds after the beginning of 1970, in UTC."""
    return _EPOCH + since_1970 * _MILLISECOND


SKEW: Final = timedelta(seconds=10)
"""By how much the clocks of replicas may differ."""


def is_due(due: datetime, now: datetime, longest: timedelta) -> bool:
    """Tell whether what never waits for more than `longest` has waited enough.

    Due too is what would wait for longer from now on: a clock that ran ahead named that moment, or the clock was set
    back since. So a clock that was wrong once delays nothing for longer than it ever waits.
    """
    return not now < due <= now + longest + SKEW


def brought_near(at: datetime, now: datetime, longest: timedelta) -> datetime:
    """Return a moment that is never more than `longest` ahead, counted from `now` where a wrong clock named it."""
    return at if at <= now + longest + SKEW else now + longest


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds since an unknown moment; they never run backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a cancellation ends it at once."""
        ...


class SystemClock(Clock):
    """The machine's clock."""

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)

    @override
    def monotonic(self) -> float:
        return time.monotonic()

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def sleep_unless(event: asyncio.Event, seconds: float, clock: Clock) -> bool:
    """Wait `seconds`, or until `event` is set; tell whether it is."""
    if event.is_set():
        return True
    waits = {asyncio.ensure_future(clock.sleep(seconds)), asyncio.ensure_future(event.wait())}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
    return event.is_set()
