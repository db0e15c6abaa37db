"""A limit to silence, on the source's clock."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from shared.clock import Clock


class IdleTimeout:
    """Ends its `async with` block by TimeoutError once nothing was heard for so many seconds of the clock.

    Where `reset` is never called it is a deadline of the whole block. One task watches a whole connection, so
    `reset` costs nanoseconds. It must not be held open over a `yield`: it cancels the task that entered it.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        """Allow `seconds` of silence."""
        self._clock = clock
        self._seconds = seconds
        self._reset_at = 0.0
        self._is_paused = False

    async def __aenter__(self) -> Self:
        self.reset()
        self._scope = asyncio.timeout(None)
        await self._scope.__aenter__()
        self._watch = asyncio.create_task(self._expire())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.cancel()
        try:
            await asyncio.wait({self._watch})
        finally:
            await self._scope.__aexit__(kind, error, trace)

    def reset(self) -> None:
        """Begin to count anew."""
        self._reset_at = self._clock.monotonic()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count no silence meanwhile: it is we who do not listen."""
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False
            self.reset()

    async def _expire(self) -> None:
        left = self._seconds
        while left > 0:
            await self._clock.sleep(left)
            left = self._seconds if self._is_paused else self._reset_at + self._seconds - self._clock.monotonic()
        self._scope.reschedule(asyncio.get_running_loop().time())
