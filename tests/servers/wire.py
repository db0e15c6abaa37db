"""A proxy of MongoDB's wire protocol that tells each message to a test, and loses an answer when it is told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

Message = bytes
Watch = Callable[[Message], Awaitable[bool]]
"""Is told each message to the server before it is passed on, and says whether its answer may come back."""
_LENGTH_BYTES = 4


class WireProxy:
    """Stands before a server, under an address of its own; one client and all its connections."""

    def __init__(self, server: str) -> None:
        """Pass on to the server of a URL."""
        parts = urlsplit(server)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 27017)
        self._connections: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.watch: Watch = _let_pass
        self.url = ""

    def hang_up(self) -> None:
        """Close every connection."""
        for connection in self._connections:
            connection.close()

    async def close(self) -> None:
        """Close every connection and wait until nothing is passed on any more."""
        self.hang_up()
        if self._serving:
            await asyncio.wait(self._serving)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection of the client."""
        serving = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass messages on, one after another, as a driver sends them on one connection."""
        connections = [writer]
        try:
            from_server, to_server = await asyncio.open_connection(*self._server)
            connections.append(to_server)
            self._connections.update(connections)
            while True:
                message = await _read(reader)
                answered = await self.watch(message)
                to_server.write(message)
                answer = await _read(from_server)
                if not answered:
                    break
                writer.write(answer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.difference_update(connections)
            for connection in connections:
                connection.close()
                with suppress(OSError):
                    await connection.wait_closed()


@asynccontextmanager
async def wire_proxy(server: str) -> AsyncIterator[WireProxy]:
    """Yield a proxy before the server of a URL; `url` is its address, for a client that asks no other server."""
    proxy = WireProxy(server)
    listening = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    proxy.url = f"mongodb://127.0.0.1:{port}/?directConnection=true&serverMonitoringMode=poll"
    try:
        yield proxy
    finally:
        listening.close()
        await proxy.close()


async def _read(reader: asyncio.StreamReader) -> Message:
    length = await reader.readexactly(_LENGTH_BYTES)
    return length + await reader.readexactly(int.from_bytes(length, "little") - _LENGTH_BYTES)


async def _let_pass(_message: Message) -> bool:
    return True
