"""One open connection of `GET /2/tweets/search/stream`: lines end in CRLF, an empty one every 20 s keeps it alive."""

import asyncio
import json
from collections.abc import Callable
from typing import Final

from aiohttp import web

from sandbox.faults import Fault
from sandbox.post import PublishedPost, WantedFields
from sandbox.problems import operational_disconnect
from sandbox.rules import SandboxRule
from shared.clock import Clock

KEEP_ALIVE_SECONDS: Final = 20
KEEP_ALIVE: Final = b"\r\n"
MOST_WAITING: Final = 20_000
"""Lines that wait for a slow reader; past it X ends the connection."""


class StreamConnection:
    """Writes posts, keep-alives and faults in the order in which they came."""

    def __init__(self, clock: Clock, wanted: WantedFields, on_sent: Callable[[int], None]) -> None:
        """Begin closed; `on_sent` is told the id of each post whose line was written whole."""
        self._clock = clock
        self._wanted = wanted
        self._on_sent = on_sent
        self._queue: asyncio.Queue[tuple[int, bytes] | Fault] = asyncio.Queue(MOST_WAITING)
        self._overflown = False
        self._is_cutting = False
        self._doubling = 0

    def offer(self, post: PublishedPost, rules: list[SandboxRule]) -> None:
        """Queue a post that matches `rules`."""
        line = {
            "data": post.written(self._wanted.post_fields),
            **self._wanted.includes([post]),
            "matching_rules": [{"id": rule.id} | ({"tag": rule.tag} if rule.tag else {}) for rule in rules],
        }
        self._put((post.id, json.dumps(line, ensure_ascii=False).encode() + b"\r\n"))

    def befall(self, fault: Fault) -> None:
        """Queue a fault."""
        self._put(fault)

    def _put(self, item: tuple[int, bytes] | Fault) -> None:
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            self._overflown = True

    async def serve(self, request: web.Request, headers: dict[str, str]) -> web.StreamResponse:
        """Write until the reader leaves or a fault ends it."""
        response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8", **headers})
        response.enable_chunked_encoding()
        await response.prepare(request)
        beat = asyncio.create_task(self._keep_alive())
        try:
            while await self._step(await self._queue.get(), response, request):
                if self._overflown:
                    await response.write(operational_disconnect())
                    break
            await response.write_eof()
        except ConnectionError:
            pass
        finally:
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)
        return response

    async def _keep_alive(self) -> None:
        while True:
            await self._clock.sleep(KEEP_ALIVE_SECONDS)
            if self._queue.empty():
                self._put((0, KEEP_ALIVE))

    async def _step(self, item: tuple[int, bytes] | Fault, response: web.StreamResponse, request: web.Request) -> bool:
        """Write one line or let one fault happen; returns whether the connection goes on."""
        if isinstance(item, Fault):
            return await self._happen(item, response, request)
        number, line = item
        if self._is_cutting and number:
            await response.write(line[: len(line) // 2])
            self._abort(request)
            return False
        await response.write(line)
        if number:
            self._on_sent(number)
            if self._doubling:
                self._doubling -= 1
                await response.write(line)
                self._on_sent(number)
        return True

    async def _happen(self, fault: Fault, response: web.StreamResponse, request: web.Request) -> bool:
        if fault.kind == "stall":
            await self._clock.sleep(fault.seconds)
        elif fault.kind == "drop":
            self._is_cutting = True
        elif fault.kind == "duplicates":
            self._doubling += fault.times
        elif fault.kind == "line":
            await response.write(fault.text.encode("utf-8", "surrogateescape") + b"\r\n")
        elif fault.kind == "disconnect":
            await response.write(operational_disconnect())
            return False
        elif fault.kind == "cut":
            self._abort(request)
            return False
        return fault.kind != "close"

    @staticmethod
    def _abort(request: web.Request) -> None:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError
