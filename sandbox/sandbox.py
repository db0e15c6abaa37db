"""The sandbox as tests and the command hold it: start it, publish posts, order faults, see what clients did."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from sandbox.connection import Connection
from sandbox.credentials import Credentials, make_certificate
from sandbox.faults import Faults, Kind, Place
from sandbox.post import Account, Published
from sandbox.routes import RateLimits, build
from sandbox.rules import Rules
from sandbox.timeline import OWN_NAME, SETTLING, Timeline, Writing
from shared.clock import Clock, SystemClock

ALLOWED: Final[dict[Place, int]] = {"connect": 50, "rules": 450, "search": 450, "create": 200, "me": 75}
"""Requests in 15 minutes; X's figures differ by plan."""
SOMEBODY: Final = Account("2000000001", "somebody", followers=12, following=30, posts=400)
_PATIENCE_SECONDS: Final = 10.0


class Sandbox:
    """A local X: `async with Sandbox(folder) as sandbox`, then point X_SANDBOX and X_SANDBOX_CA at it."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock | None = None,
        credentials: Credentials | None = None,
        settling: timedelta = SETTLING,
        allowed: dict[Place, int] | None = None,
        most_connections: int = 1,
    ) -> None:
        """Keep its certificate in `folder`.

        `settling` is how old a post is before a search shows it, `allowed` the requests of 15 minutes where they
        differ from ALLOWED, `most_connections` how many streams may be open at once.
        """
        self.clock = clock or SystemClock()
        self.credentials = credentials or Credentials()
        self.settling = settling
        self.most_connections = most_connections
        self.faults = Faults()
        self.rules = Rules()
        self.timeline = Timeline(self.clock)
        self.limits = RateLimits(self.clock, ALLOWED | (allowed or {}))
        self.writing = Writing(self.timeline, Account(self.credentials.user_id, OWN_NAME))
        self.requests: Counter[Place] = Counter()
        self.connected_at: list[float] = []
        """When each connection to the stream was tried, by the clock's `monotonic`."""
        self.searched_at: list[float] = []
        """When each search was begun: pages after the first are not counted."""
        self.connections: list[Connection] = []
        self.ca = folder / "ca.pem"
        self.port = 0
        self._folder = folder
        self._runner: web.AppRunner | None = None
        self._changed = asyncio.Event()

    @property
    def address(self) -> str:
        """Where it listens, as X_SANDBOX wants it."""
        return f"127.0.0.1:{self.port}"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; 0 takes a free port. Raises OSError where the address cannot be had."""
        self.ca, context = await asyncio.to_thread(make_certificate, self._folder)
        self._runner = web.AppRunner(build(self), access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=context)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def publish(self, text: str, author: Account = SOMEBODY, **more: Any) -> Published:
        """Publish a post now and send it to the streams whose rules it matches; `more` are Published's fields."""
        post = self.timeline.publish(text, author, **more)
        if self.connections and (matching := self.rules.matching(post)):
            for connection in self.connections:
                connection.offer(post, matching)
        self.note()
        return post

    def order(self, place: Place, kind: Kind, **more: Any) -> None:
        """Order a fault (see `faults`); one of the stream befalls the open connection, or else the next."""
        self.faults.order(place, kind, **more)
        if place == "stream" and self.connections and (fault := self.faults.take("stream")):
            for connection in self.connections:
                connection.befall(fault)

    @property
    def open_sockets(self) -> int:
        """How many connections clients hold open, idle ones too."""
        server = self._runner.server if self._runner is not None else None
        return len(server.connections) if server is not None else 0

    def cut(self) -> None:
        """End every connection at once, whatever is being written."""
        server = self._runner.server if self._runner is not None else None
        for handler in server.connections if server is not None else []:
            if handler.transport is not None:
                handler.transport.abort()

    def note(self) -> None:
        """Wake whoever waits in `until`."""
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds, which is looked at after everything that happens; TimeoutError after 10 s."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()
