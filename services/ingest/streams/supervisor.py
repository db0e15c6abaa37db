"""The streams of this replica: found, leased, run side by side, and released at the end."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from services.ingest.streams.run_outcome import PAUSED
from services.ingest.streams.runner import StreamRunner
from services.ingest.streams.runtime import StreamRuntime
from shared.clock import sleep_unless

LOOK_SECONDS: Final = 2.0
WITHDRAWALS: Final = 4
"""How many streams beyond `most` are held at a time for the seconds in which what they left is taken away."""
DRAIN_SECONDS: Final = 20.0
"""Real time that running deliveries get at the end; less than a container's 30 s."""

log = structlog.get_logger(__name__)


class Supervisor:
    """Looks every two seconds for streams that are due, and runs up to `most` of them, each in a task of its own.

    So a dead source delays no other stream, and the streams of a replica that died are taken over once their leases
    lapse. What streams that are paused or deleted left at their networks is taken away in the same manner. A replica
    that runs no streams (`most` 0) does neither.
    """

    def __init__(self, runtime: StreamRuntime, most: int) -> None:
        """Begin without a stream."""
        self._runtime = runtime
        self._most = most
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._runners: dict[str, StreamRunner] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._is_closing = False
        runtime.metrics.running.set_function(lambda: len(self._runners))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run streams until the end, then close their sources and release them.

        A delivery that has begun gets 20 s to be stored; what is not stored by then comes again to the next owner.
        """
        looking = asyncio.create_task(self._look_on(), name="streams")
        try:
            yield
        finally:
            self._is_closing = True
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            await self._drain()

    def look(self) -> None:
        """Look at once: a stream has become due."""
        self._woken.set()

    def pause(self, stream_id: str) -> None:
        """Stop a stream at once, where this replica has it; another owner sees it within seconds."""
        if stream_id in self._runners:
            self._runners[stream_id].stop(PAUSED)

    async def _look_on(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self._take_due()
            except Exception as error:  # noqa: BLE001 - running streams go on after any error of the store, which is asked again
                log.warning("streams.not_looked_for", error=type(error).__name__)
            await sleep_unless(self._woken, LOOK_SECONDS, self._runtime.clock)

    async def _take_due(self) -> None:
        if self._most == 0:
            return
        streams, lease = self._runtime.streams, self._runtime.lease
        room = self._most - len(self._runners)
        if room > 0:
            await self._take(await streams.due(self._runtime.clock.now(), room, lease))
        room = self._most + WITHDRAWALS - len(self._runners)
        if room > 0:
            await self._take(await streams.withdrawals(self._runtime.clock.now(), min(room, WITHDRAWALS), lease))

    async def _take(self, stream_ids: Sequence[str]) -> None:
        runtime = self._runtime
        for stream_id in stream_ids:
            if stream_id in self._runners:
                continue
            now, asked_at = runtime.clock.now(), runtime.clock.monotonic()
            leased = await runtime.streams.acquire(stream_id, self.owner, now, runtime.lease)
            if leased is None:
                continue
            log.info("stream.taken", stream=stream_id, source=leased.stream.source)
            self._runners[stream_id] = runner = StreamRunner(leased, runtime, asked_at)
            task = asyncio.create_task(self._run(runner), name=f"stream-{stream_id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, runner: StreamRunner) -> None:
        try:
            await runner.run()
        except Exception as error:  # noqa: BLE001 - one stream's end must not end others; its lease lapses by itself
            log.warning("stream.not_released", stream=runner.stream_id, error=type(error).__name__)
        finally:
            del self._runners[runner.stream_id]
            if not self._is_closing:
                self.look()

    async def _drain(self) -> None:
        for runner in list(self._runners.values()):
            runner.stop()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
