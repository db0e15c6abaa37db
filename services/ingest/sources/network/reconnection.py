"""When to connect again: what went wrong, and waits that grow, never more than one connection a second."""

import math
import random
import re
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from services.ingest.sources.base import Report, SourceError
from shared.clock import Clock

TOO_MANY = 429
_SINCE_1970: Final = re.compile(r"[0-9]{10}")
MAX_WAIT = 3600.0
"""Seconds; a longer Retry-After is asked again after an hour."""


class NetworkError(Exception):
    """A connection, a request or an answer went wrong; it may go well later.

    `sentence` says what, without any of the answer's content or a secret. `status` is the HTTP status where there
    was one, `wait` the seconds that the network asked to be left alone, 0 where it did not. `is_unread` tells that an
    answer came that could not be read.
    """

    def __init__(self, sentence: str, *, status: int | None = None, wait: float = 0.0, is_unread: bool = False) -> None:
        """Keep what happened."""
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.wait = wait
        self.is_unread = is_unread


def asked_wait(status: int, headers: Mapping[str, str], now: datetime) -> float:
    """Return the seconds that an error asks for, 0 where it says nothing; header names are in lower case.

    `Retry-After` (RFC 9110: seconds or a date), or with a 429 Mastodon's `X-RateLimit-Reset`, a time, or Bluesky's
    `RateLimit-Reset`, seconds since 1970.
    """
    words = headers.get("retry-after") or (headers.get("x-ratelimit-reset") if status == TOO_MANY else None)
    if words is None and status == TOO_MANY and _SINCE_1970.fullmatch(reset := headers.get("ratelimit-reset", "")):
        words = str(int(reset) - now.timestamp())
    return seconds_until(words or "", now)


def seconds_until(words: str, now: datetime) -> float:
    """Return how many seconds a number of seconds, an HTTP date or an RFC 3339 time lies ahead, 0 to `MAX_WAIT`.

    Nonsense is 0. A time without a zone is UTC.
    """
    try:
        seconds = float(words)
    except ValueError:
        seconds = _until_moment(words, now)
    return min(max(seconds, 0.0), MAX_WAIT) if math.isfinite(seconds) else 0.0


def _until_moment(words: str, now: datetime) -> float:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(words)
            return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return 0.0


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


async def keep_connected(
    session: Callable[[], Coroutine[Any, Any, None]],
    *,
    name: str,
    report: Report,
    clock: Clock,
    refusal: Callable[[int], SourceError | None],
    jitter: Callable[[], float] = random.random,
) -> None:
    """Run `session` again and again at the pace of `Reconnection`; it is one connection, from its opening to its end.

    `name` begins the sentence that tells of an end. `refusal` returns what to raise for an HTTP status that no
    waiting changes, None for one that it may. Raises that, and what a session raises but for NetworkError and
    TimeoutError.
    """
    reconnection = Reconnection(clock, jitter)
    wait = 0.0
    while True:
        await reconnection.wait(wait)
        fault = await _fault_of(session)
        if fault.status is not None and (error := refusal(fault.status)):
            raise error
        wait = fault.wait
        asked = f"; it asked for {wait:g} s of rest" if wait else ""
        report.degraded(f"{name}: {fault.sentence}{asked}; trying again")


async def _fault_of(session: Callable[[], Coroutine[Any, Any, None]]) -> NetworkError:
    try:
        await session()
    except TimeoutError:
        return NetworkError("it fell silent")
    except NetworkError as fault:
        return fault
    return NetworkError("it ended the connection")
