"""What a network does to its clients, in words that a person may read."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TOO_MANY = 429
MAX_WAIT = 3600.0
"""Seconds; a longer Retry-After is asked again after an hour."""


class NetworkFault(Exception):  # noqa: N818 - a fault of the network's is no error of ours
    """A connection, a request or an answer went wrong; it may go well later.

    `sentence` says what, without any of the answer's content or a secret. `status` is the HTTP status where there
    was one, `wait` the seconds that the network asked to be left alone, 0 to `MAX_WAIT`.
    """

    def __init__(self, sentence: str, *, status: int | None = None, wait: float = 0.0) -> None:
        """Keep what happened."""
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.wait = wait


def asked_wait(status: int, headers: Mapping[str, str], now: datetime) -> float:
    """Return the seconds that an error asks for, 0 where it says nothing; header names are in lower case.

    `Retry-After` (RFC 9110: seconds or a date), or with a 429 Mastodon's `X-RateLimit-Reset`, a time.
    """
    words = headers.get("retry-after") or (headers.get("x-ratelimit-reset") if status == TOO_MANY else None)
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
