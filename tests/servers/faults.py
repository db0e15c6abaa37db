"""A server on 127.0.0.1 that answers well until it is told to misbehave."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Self

from aiohttp import web

Handling = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FaultyServer(ABC):
    """Routes of a network's protocol behind faults that last until `mend`."""

    def __init__(self, connected: Callable[[], None]) -> None:
        """Call `connected` for each connection (of a polled network: for each first request of a round)."""
        self.connected = connected
        self.url = ""
        self.hangs_up = False
        self._answer: tuple[int, dict[str, str], bytes] | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._transports: set[asyncio.Transport] = set()

    def post(self, text: str) -> str:
        """Publish a text and return the post's id, where the server has posts."""
        raise NotImplementedError(text)

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """Return what the network answers when it is well."""

    def counts(self, request: web.Request) -> bool:
        """Tell whether a request opens a connection or begins a round."""
        return request.path != ""

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self._with_faults])
        application.add_routes(self.routes())
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Cut every connection and take none any more."""
        await self.drop()
        self.mend()
        await self._runner.cleanup()

    @property
    def open_connections(self) -> int:
        """How many clients' connections are open."""
        return len(self._open())

    def _open(self) -> set[asyncio.Transport]:
        self._transports = {transport for transport in self._transports if not transport.is_closing()}
        return self._transports

    async def flowing(self) -> None:
        """Wait while the server is stalled."""
        await self._flowing.wait()

    async def drop(self) -> None:
        """Cut every connection."""
        for transport in self._open():
            transport.abort()

    async def stall(self) -> None:
        """Say nothing any more, and read nothing either, so that pings stay unanswered."""
        self._flowing.clear()
        for transport in self._open():
            if transport.is_reading():
                transport.pause_reading()

    async def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Cut every connection and answer everything with this."""
        self._answer = (status, headers, body)
        await self.drop()

    async def hang_up(self) -> None:
        """Cut every connection; what the routes make of `hangs_up` is theirs."""
        self.hangs_up = True
        await self.drop()

    def mend(self) -> None:
        """Answer well again."""
        self._answer, self.hangs_up = None, False
        self._flowing.set()
        for transport in self._open():
            if not transport.is_reading():
                transport.resume_reading()

    @web.middleware
    async def _with_faults(self, request: web.Request, handler: Handling) -> web.StreamResponse:
        if isinstance(request.transport, asyncio.Transport):
            self._transports.add(request.transport)
        if self.counts(request):
            self.connected()
        await self.flowing()
        if self._answer is not None:
            status, headers, body = self._answer
            return web.Response(status=status, headers=headers, body=body)
        return await handler(request)
