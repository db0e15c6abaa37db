"""A `Network` of the source contract whose faults are those of a `FaultyServer`."""

from tests.contract.source_network import Network
from tests.servers.faults import FaultyServer


class ServedNetwork(Network):
    """Everything but how posts get there and who listens."""

    server: FaultyServer

    def connected(self) -> None:
        """Note the moment of a connection."""
        self.connections.append(self.clock.monotonic())

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
