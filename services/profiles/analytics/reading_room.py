"""How many long readings there are at once: of samples of posts, or of many buckets."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Final

from shared.errors import OverloadedError

SEATS: Final = 2
MOST_WAITING: Final = 16
WAIT_SECONDS: Final = 5
"""A sample of 20,000 posts is read and looked through in a few seconds."""
WIDE: Final = 400
"""Buckets. Of as many or fewer, a year of days, both readers of a store are soon free again."""


class ReadingRoom:
    """Two readings at a time, so that memory is bounded and the store's readers are free for others; 16 wait at most.

    Belongs to one event loop.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._seats = asyncio.Semaphore(SEATS)
        self._waiting = 0

    def seat_for(self, buckets: int) -> AbstractAsyncContextManager[None]:
        """Return `seat` where up to so many buckets are to be read that others would wait for it, else nothing."""
        return self.seat() if buckets > WIDE else nullcontext()

    @asynccontextmanager
    async def seat(self) -> AsyncGenerator[None, None]:
        """Hold a seat inside, after waiting for one; raises OverloadedError where too many wait."""
        if self._waiting >= MOST_WAITING:
            raise OverloadedError("too many long readings wait; ask again after a while", WAIT_SECONDS)
        self._waiting += 1
        try:
            await self._seats.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._seats.release()
