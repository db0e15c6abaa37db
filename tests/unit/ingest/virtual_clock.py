"""A clock that moves only when a test says so, so that waits of hours take no time."""

import asyncio
import heapq
import itertools
import socket
from collections.abc import Callable, Sized
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
IDLE_TURNS = 10
"""Turns of the loop without anything to run until it counts as idle; each looks at the sockets once."""
PATIENCE_SECONDS = 120.0
"""Real seconds until a test that waits for what does not come is ended, far beyond what a busy machine may need."""
TRIPS = 3
"""Rounds without an answer until no socket has one: opening a connection takes as many packets."""


class _Packets:
    """What is on its way between sockets of this machine, which neither tasks nor the kernel's figures tell.

    A processor delivers packets of this machine in the order in which they were sent there, on a busy machine some time
    after. So when one that is sent now has arrived, those before it have.
    """

    def __init__(self, loop: Any) -> None:
        """Count from now on what comes to the sockets that `loop` watches."""
        self._loop = loop
        self._came = 0
        process = loop._process_events

        def counted(events: list[Any]) -> None:
            self._came += len(events)
            process(events)

        loop._process_events = counted

    def may_be(self) -> bool:
        """Tell whether the loop watches more than what wakes itself."""
        return len(self._loop._selector.get_map()) > 1

    async def came(self) -> bool:
        """Send one and wait for it; tell whether anything else came meanwhile."""
        before, arrived = self._came, self._loop.create_future()
        with socket.socket(type=socket.SOCK_DGRAM) as itself:
            itself.bind(("127.0.0.1", 0))
            itself.connect(itself.getsockname())
            itself.send(b".")

            def note() -> None:
                self._loop.remove_reader(itself)
                arrived.set_result(None)

            self._loop.add_reader(itself, note)
            await arrived
        return self._came - before > 1


class VirtualClock:
    """A `Clock`: `sleep` suspends until `advance` passes its moment."""

    def __init__(self, start: datetime = START) -> None:
        """Begin at `start`, with `monotonic` at 0.

        No time passes while something runs in a thread (a store's file, say), from when it is made in a running loop
        or first moved on: what takes a real millisecond must not seem to take a virtual minute.
        """
        self._packets: _Packets | None = None
        self._in_threads: set[asyncio.Future[Any]] = set()
        with suppress(RuntimeError):
            self._watch(asyncio.get_running_loop())
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

    def set_ahead(self, time: timedelta) -> None:
        """Move the time of day on (or back, where it is negative); no time passes by it."""
        self._start += time

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
        self._watch(asyncio.get_running_loop())
        await self._run_ready()
        trips = 0
        while trips < TRIPS and self._packets is not None and self._packets.may_be():
            if await self._packets.came():
                trips = -1
                await self._run_ready()
            trips += 1

    async def _run_ready(self) -> None:
        ready: Sized = getattr(asyncio.get_running_loop(), "_ready", ())
        quiet = 0
        while quiet < IDLE_TURNS:
            if self._in_threads:
                await asyncio.wait(self._in_threads, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0)
            quiet = 0 if ready or self._in_threads else quiet + 1

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Know from now on what the loop has in threads and on its sockets."""
        if self._packets is not None:
            return
        self._packets = _Packets(loop)
        run_in_executor = loop.run_in_executor

        def counted(*args: Any) -> asyncio.Future[Any]:
            future = run_in_executor(*args)
            self._in_threads.add(future)
            future.add_done_callback(self._in_threads.discard)
            return future

        loop.run_in_executor = counted  # type: ignore[method-assign, assignment]

    async def until(self, condition: Callable[[], bool], step: float = 0.0, limit: float = 3600.0) -> None:
        """Go on until `condition` holds, moving `step` virtual seconds each turn.

        Raises AssertionError after `limit` virtual seconds, or `PATIENCE_SECONDS` real ones.
        """
        ends, patience = self._seconds + limit, asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while not condition():
            assert self._seconds <= ends, f"it did not happen within {limit:g} virtual seconds"
            assert asyncio.get_running_loop().time() < patience, "it did not happen"
            await self.advance(step)
