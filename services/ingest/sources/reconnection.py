"""When to connect again: waits that grow, never more than one connection a second."""

import random
from collections.abc import Callable
from typing import Final

from shared.clock import Clock

LEAST_SECONDS: Final = 1.0
MOST_SECONDS: Final = 60.0
WELL_AFTER: Final = 60.0
"""Seconds that a connection must last to be counted as well."""


class Reconnection:
    """Paces the connections of one source: exponential waits with full jitter (Brooker, AWS Architecture Blog 2015)."""

    def __init__(self, clock: Clock, jitter: Callable[[], float] = random.random) -> None:
        """Start without a wait; `jitter` returns numbers in [0, 1)."""
        self._clock = clock
        self._jitter = jitter
        self._failures = 0
        self._last: float | None = None

    async def wait(self, at_least: float = 0.0) -> float:
        """Wait before a connection and return the seconds waited.

        The first is made at once. Later ones wait at least a second since the one before, at least
        `at_least` seconds from now (what a network asked for by Retry-After), and longer with each that failed
        soon: up to a minute.
        """
        seconds = at_least
        if self._last is not None:
            lasted = self._clock.monotonic() - self._last
            self._failures = 0 if lasted >= WELL_AFTER else self._failures + 1
            ceiling = min(MOST_SECONDS, LEAST_SECONDS * 2**self._failures)
            since = max(0.0, LEAST_SECONDS - lasted)
            seconds = max(at_least, since, LEAST_SECONDS + (ceiling - LEAST_SECONDS) * self._jitter())
        if seconds > 0:
            await self._clock.sleep(seconds)
        self._last = self._clock.monotonic()
        return seconds
