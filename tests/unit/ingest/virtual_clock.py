"""A clock that moves only when a test says so, so that waits of hours take no time."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
IDLE_TURNS = 10
"""Turns of the loop without anything to run until it counts as idle; each looks at the sockets once."""
PATIENCE_SECONDS = 120.0
"""Real seconds until a test that waits for what does not come is ended, far beyond what a busy machine may need."""
_BREATH_SECONDS = 0.003
"""Real time between two looks of `until`, which may move virtual time on at each.

Tasks and threads can be asked whether they are done; bytes on their way between two local sockets cannot. The kernel
may deliver them a moment after they were written, on a busy machine, and none of its figures says that some are: the
send queue stays filled until the acknowledgement, which it delays by up to 40 ms. Without a pause such a socket
would seem silent for as many virtual seconds as there are looks meanwhile.
"""


class VirtualClock:
    """A `Clock`: `sleep` suspends until `advance` passes its moment."""

    def __init__(self, start: datetime = START, *, waits_for_threads: bool = False) -> None:
        """Begin at `start`, with `monotonic` at 0.

        With `waits_for_threads`, no time passes while something runs in a thread (a store's file, say): what takes
        a real millisecond must not seem to take a virtual minute. Then it is made where the loop runs that it counts.
        """
        self._in_threads: set[asyncio.Future[Any]] = set()
        if waits_for_threads:
            self._count_threads(asyncio.get_running_loop())
        self._start = start
        self._seconds = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self.slept: list[float] = []
        """Every wait that was asked for, in seconds, in order."""

    def now(self) -> datetime:
        """See `Clock.now`."""
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`; nothing to wait for gives the turn away, as `asyncio.sleep(0)` does."""
        self.slept.append(seconds)
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._seconds + seconds, next(self._order), future))
        await future

    @property
    def sleepers(self) -> int:
        """How many waits are under way."""
        return sum(not future.done() for _, _, future in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Move on, moment by moment: everybody whose wait ends runs before a later one's does."""
        until = self._seconds + seconds
        await self.run_until_idle()
        while self._sleepers and self._sleepers[0][0] <= until:
            moment, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self._seconds = moment
            future.set_result(None)
            await self.run_until_idle()
        self._seconds = until

    async def run_until_idle(self) -> None:
        """Let tasks run until none can go on without time, a thread or a socket."""
        ready = getattr(asyncio.get_running_loop(), "_ready", ())
        quiet = 0
        while quiet < IDLE_TURNS:
            if self._in_threads:
                await asyncio.wait(self._in_threads, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0)
            quiet = 0 if ready or self._in_threads else quiet + 1

    def _count_threads(self, loop: asyncio.AbstractEventLoop) -> None:
        """Know from now on what the loop has in threads."""
        run_in_executor = loop.run_in_executor

        def counted(*args: Any) -> asyncio.Future[Any]:
            future = run_in_executor(*args)
            self._in_threads.add(future)
            future.add_done_callback(self._in_threads.discard)
            return future

        loop.run_in_executor = counted  # type: ignore[method-assign, assignment]

    async def until(self, condition: Callable[[], bool], step: float = 0.0, limit: float = 3600.0) -> None:
        """Go on until `condition` holds, moving `step` virtual seconds each turn; threads and sockets get real time.

        Raises AssertionError after `limit` virtual seconds, or `PATIENCE_SECONDS` real ones.
        """
        ends, patience = self._seconds + limit, asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while not condition():
            assert self._seconds <= ends, f"it did not happen within {limit:g} virtual seconds"
            assert asyncio.get_running_loop().time() < patience, "it did not happen"
            await self.advance(step)
            if not condition():
                await asyncio.sleep(_BREATH_SECONDS)
