"""How many tokens may be answered at once, how many of them for one caller, and how many by the minute."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from shared.errors import OverloadedError, RateExceededError

_SMOOTHING: Final = 0.1


class Admission:
    """A bounded room for tokens, of which one caller never holds more than is left: others always find some.

    That is the dynamic threshold of Choudhury and Hahne (1998): a caller alone may hold half of the room, the next one
    half of the rest, and two that send all the time a third each. Requests that could not be answered within their
    deadline are refused at once.
    """

    def __init__(self, room: int, deadline: float) -> None:
        """Hold at most `room` tokens; an answer is of use for `deadline` seconds."""
        self._room = room
        self._deadline = deadline
        self._held: Counter[str] = Counter()
        self._seconds_a_token = 0.0
        self._emptied = asyncio.Event()
        self._emptied.set()

    @property
    def held(self) -> int:
        """How many tokens are being answered."""
        return self._held.total()

    async def emptied(self) -> None:
        """Return once no tokens are held."""
        await self._emptied.wait()

    @contextmanager
    def admit(self, caller: str, tokens: int) -> Iterator[Callable[[int], None]]:
        """Hold room for a caller's tokens; raises OverloadedError with the seconds until there is enough.

        What is yielded gives back a part of them, those of the texts that were answered. Where nothing else is held,
        more than the room fits: no request is refused for ever.
        """
        if self._held and (seconds := self._seconds_to_wait(caller, tokens)):
            raise OverloadedError("the queue of texts is full; send this again later", seconds)
        left = tokens

        def give_back(some: int) -> None:
            nonlocal left
            left -= some
            self._held[caller] -= some
            if not self._held[caller]:
                del self._held[caller]
            if not self._held:
                self._emptied.set()

        self._held[caller] += tokens
        self._emptied.clear()
        try:
            yield give_back
        finally:
            give_back(left)

    def observe(self, tokens: int, seconds: float) -> None:
        """Learn how long the processors took for tokens."""
        cost = seconds / tokens
        self._seconds_a_token += (_SMOOTHING if self._seconds_a_token else 1) * (cost - self._seconds_a_token)

    def _seconds_to_wait(self, caller: str, tokens: int) -> int:
        """Return the seconds until the tokens may be admitted, rounded up, 0 where they may be now."""
        own, all_ = self._held[caller] + tokens, self._held.total() + tokens
        callers = len(self._held.keys() | {caller})
        # While all are served in turns, for each token of this caller one of every other goes.
        too_many = (own + all_ - self._room) / (1 + 1 / callers)
        too_late = min(own * callers, all_) - self._deadline / self._seconds_a_token if self._seconds_a_token else 0
        excess = max(too_many, too_late)
        return max(1, math.ceil(excess * self._seconds_a_token)) if excess > 0 else 0


class Rate(Protocol):
    """So many in so many seconds."""

    amount: int

    def get_expiry(self) -> int:
        """Return the seconds."""


class TokenRate:
    """How many tokens each caller may send in a time: a bucket that fills steadily, as in ATM's generic cell rate.

    A request is let in where the bucket is not empty, however many tokens it has, and the next waits until its debt is
    paid: no request is refused for ever, and over time no caller has more than the rate. (Windows of the library that
    counts requests would hold a row a token.)
    """

    def __init__(self, rate: Rate, now: Callable[[], float] = time.monotonic) -> None:
        """Let each caller send tokens at `rate`; a bucket holds the amount that it names."""
        self._rate = rate
        self._now = now
        self._full: dict[str, float] = {}

    def spend(self, caller: str, tokens: int) -> None:
        """Take tokens out of a caller's bucket; raises RateExceededError with the seconds until something is in it."""
        now, seconds = self._now(), self._rate.get_expiry()
        full = max(now, self._full.get(caller, now))
        if (wait := full - now - seconds) >= 0:
            detail = f"more than {self._rate.amount} tokens in {seconds} seconds with this key; send texts later"
            raise RateExceededError(detail, math.floor(wait) + 1)
        self._full[caller] = full + tokens * seconds / self._rate.amount
