"""What `services.ingest.sources.network.websocket` and `heartbeat` promise."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import WSMsgType, web

from services.ingest.sources.network.idle_timeout import IdleTimeout
from services.ingest.sources.network.reconnection import NetworkError
from services.ingest.sources.network.websocket import MAX_MESSAGE, PING_SECONDS, heartbeat, open_channel
from tests.servers.faults import FaultyServer
from tests.unit.ingest.virtual_clock import VirtualClock


class Sockets(FaultyServer):
    """Sends the messages it was given, then waits."""

    messages: list[bytes]
    tokens: list[str]

    def routes(self) -> list[web.RouteDef]:
        """See `FaultyServer.routes`."""
        self.messages, self.tokens = [], []
        return [web.get("/socket", self._socket), web.get("/away", self._away)]

    async def _away(self, request: web.Request) -> web.Response:
        raise web.HTTPFound(f"http://localhost:{request.url.port}/socket")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get("authorization", ""))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for message in self.messages:
            await socket.send_frame(message, WSMsgType.TEXT)
        async for _ in socket:
            pass
        return socket


@pytest.fixture
async def sockets() -> AsyncIterator[Sockets]:
    """Yield a server."""
    async with Sockets(lambda: None) as server:
        yield server


def address(sockets: Sockets, path: str = "/socket") -> str:
    """Return the server's websocket address."""
    return sockets.url.replace("http", "ws") + path


async def test_messages_come_as_bytes(sockets: Sockets, clock: VirtualClock) -> None:
    """Text that is no UTF-8 ends nothing, and a megabyte is a message like any other."""
    sockets.messages = [b"\xff\xfe", b"x" * 2**20, b"after"]
    async with open_channel(address(sockets), clock, {"authorization": "Bearer t"}) as channel:
        assert [await channel.receive() for _ in range(3)] == sockets.messages
    assert sockets.tokens == ["Bearer t"]


async def test_an_endless_message_ends_the_connection(sockets: Sockets, clock: VirtualClock) -> None:
    """More than the limit is not kept in memory."""
    sockets.messages = [b"x" * (MAX_MESSAGE + 1)]
    async with open_channel(address(sockets), clock) as channel:
        with pytest.raises(NetworkError, match="ended"):
            await channel.receive()


async def test_a_token_follows_no_redirect(sockets: Sockets, clock: VirtualClock) -> None:
    """A server that sends us elsewhere gets a fault; no other server sees the token."""
    with pytest.raises(NetworkError, match="302"):
        async with open_channel(address(sockets, "/away"), clock, {"authorization": "Bearer t"}):
            pass
    assert sockets.tokens == []


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "nonsense", "ws://127.0.0.1:1/"])
async def test_where_nobody_is_a_fault_says_so(clock: VirtualClock, url: str) -> None:
    """No websocket address and no server there are faults without a status."""
    with pytest.raises(NetworkError) as raised:
        async with open_channel(url, clock):
            pass
    assert raised.value.status is None


async def test_quiet_is_not_dead(sockets: Sockets, clock: VirtualClock) -> None:
    """Where pings are answered an hour without a message is fine; once they are not, the silence is noticed."""

    async def listen() -> None:
        async with (
            IdleTimeout(clock, 60) as silence,
            open_channel(address(sockets), clock) as channel,
            heartbeat(channel, silence, clock),
        ):
            await channel.receive()

    listening = asyncio.create_task(listen())
    quiet_until = 3600
    await clock.until(lambda: clock.monotonic() > quiet_until or listening.done(), step=5.0)
    assert not listening.done()
    await sockets.stall()
    await clock.until(listening.done, step=5.0, limit=60 + 2 * PING_SECONDS)
    with pytest.raises(TimeoutError):
        await listening
    assert clock.sleepers == 0
