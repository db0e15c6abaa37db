"""One websocket connection, whatever network it leads to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException

from services.ingest.sources.network.idle_timeout import IdleTimeout
from services.ingest.sources.network.reconnection import NetworkError, asked_wait
from shared.clock import Clock

MAX_MESSAGE = 8 * 2**20
"""Bytes of a message that are read at all; a longer one ends the connection."""
_QUEUE = 64
"""Messages that the library reads ahead."""


class WebSocketChannel(Protocol):
    """An open connection."""

    async def receive(self) -> bytes:
        """Return the next message, whether or not it is UTF-8; raises NetworkError where the connection ended."""
        ...

    async def send(self, text: str) -> None:
        """Send a message; raises NetworkError where the connection ended."""
        ...

    async def ping(self) -> None:
        """Wait for the answer to a ping; raises NetworkError where the connection ended."""
        ...


@asynccontextmanager
async def open_channel(
    url: str, clock: Clock, headers: Mapping[str, str] | None = None
) -> AsyncIterator[WebSocketChannel]:
    """Connect once, and close at the end of the block.

    It has no deadlines of its own: put it into a `IdleTimeout`. The library's pings stay off, because a slow reader
    holds back their answers too, and is no dead network. Raises NetworkError where no connection comes about.
    """
    try:
        connection = await _Once(
            url,
            additional_headers=headers,
            compression=None,
            open_timeout=None,
            ping_interval=None,
            max_size=MAX_MESSAGE,
            max_queue=_QUEUE,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        told = {name.lower(): value for name, value in error.response.headers.raw_items()}
        wait = asked_wait(status, told, clock.now())
        raise NetworkError(f"it answered {status} instead of opening a stream", status=status, wait=wait) from None
    except InvalidURI:
        raise NetworkError("its address is no websocket address") from None
    except (OSError, EOFError, WebSocketException) as error:
        raise NetworkError(f"no connection came about ({type(error).__name__})") from None
    try:
        yield _Open(connection)
    finally:
        # No closing handshake: a client that leaves (a stop, a stall) must not wait for a peer that may never answer.
        connection.transport.abort()
        await asyncio.shield(connection.wait_closed())


class _Once(connect):
    """Follows no redirect: the library would show the token to any server that it leads to."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _Open(WebSocketChannel):
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def receive(self) -> bytes:
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as error:
            raise _ended(error) from None

    async def send(self, text: str) -> None:
        try:
            await self._connection.send(text)
        except ConnectionClosed as error:
            raise _ended(error) from None

    async def ping(self) -> None:
        try:
            await (await self._connection.ping())
        except ConnectionClosed as error:
            raise _ended(error) from None


def _ended(error: ConnectionClosed) -> NetworkError:
    code = f" (code {error.rcvd.code})" if error.rcvd else ""
    return NetworkError(f"it ended the connection{code}")


PING_SECONDS = 25.0


@asynccontextmanager
async def heartbeat(channel: WebSocketChannel, idle: IdleTimeout, clock: Clock) -> AsyncIterator[None]:
    """Ping every 25 s while the block runs; each answer is heard by `idle`."""
    beating = asyncio.create_task(_beat(channel, idle, clock))
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait({beating})


async def _beat(channel: WebSocketChannel, idle: IdleTimeout, clock: Clock) -> None:
    # An ended connection is told to the receiver; here it only ends the beating.
    with suppress(NetworkError):
        while True:
            await clock.sleep(PING_SECONDS)
            await channel.ping()
            idle.reset()
