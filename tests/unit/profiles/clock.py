"""A clock that stands still until it is told."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class SetClock:
    """Tells the time it was set to; nobody waits by it."""

    def __init__(self, now: datetime = EPOCH) -> None:
        """Begin at a moment."""
        self._now = now

    def now(self) -> datetime:
        """See `Clock.now`."""
        return self._now

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self._now.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Refuse: a test that waits has gone wrong."""
        raise AssertionError(f"waits {seconds} s")

    def advance(self, time: timedelta) -> None:
        """Let time pass."""
        self._now += time
