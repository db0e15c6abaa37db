"""A `Network` of the source contract whose faults are those of a `FaultyServer`."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from tests.contract.source_network import Network
from tests.servers.faults import FaultyServer


class ServedNetwork(Network):
    """Everything but which source listens."""

    server: FaultyServer

    def connected(self) -> None:
        """Note the moment of a connection."""
        self.connections.append(self.clock.monotonic())

    async def publish(self, texts: Sequence[str]) -> list[str]:
        """See `Network.publish`."""
        return [self.server.post(text) for text in texts]

    async def garbage(self) -> None:
        """See `Network.garbage`; none but where a network says so."""

    async def drop(self) -> None:
        """See `Network.drop`."""
        await self.server.drop()

    async def stall(self) -> None:
        """See `Network.stall`."""
        await self.server.stall()

    async def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """See `Network.answer`."""
        await self.server.answer(status, headers, body)

    async def hang_up(self) -> None:
        """See `Network.hang_up`."""
        await self.server.hang_up()

    async def mend(self) -> None:
        """See `Network.mend`."""
        self.server.mend()

    @property
    def open_connections(self) -> int:
        """See `Network.open_connections`."""
        return self.server.open_connections


Served = TypeVar("Served", bound=ServedNetwork)


@asynccontextmanager
async def served(network: Served, server: Callable[..., FaultyServer], **more: Any) -> AsyncIterator[Served]:
    """Run a server behind `network` while the block runs; `more` is what the server takes."""
    network.server = server(network.connected, network.clock.now, **more)
    async with network.server:
        yield network
