"""The sandbox as the contract of sources wants a network to be."""

from collections.abc import Sequence

from sandbox.faults import PLACES
from sandbox.sandbox import Sandbox
from services.ingest.sources.base import Source
from services.ingest.sources.x.source import XSearch, XStream
from tests.contract.source_network import Network
from tests.unit.ingest.sources.x.surroundings import Purse, TwoClocks, query, settings_for

GARBAGE = ['{"data":{"id":"1', "[1, 2]", '{"data": {"id": 7}, "new": {}}', "x" * 2**20, "\udcff\udcfe", "{" * 100_000]


class SandboxNetwork(Network):
    """The sandbox, listened to by the filtered stream."""

    def __init__(self, sandbox: Sandbox, clock: TwoClocks) -> None:
        """Misbehave through `sandbox`."""
        super().__init__()
        self.clock = clock
        self._sandbox = sandbox
        self.connections = sandbox.connected_at
        proof = sandbox.credentials
        self.secrets = [proof.bearer_token, proof.api_secret, proof.access_token_secret]

    def source(self) -> Source:
        """See `Network.source`."""
        return XStream(settings_for(self._sandbox), query(), self.report, Purse(), self.clock)

    async def publish(self, texts: Sequence[str]) -> list[str]:
        """See `Network.publish`."""
        return [str(self._sandbox.publish(text).id) for text in texts]

    async def garbage(self) -> None:
        """See `Network.garbage`."""
        for text in GARBAGE:
            self._sandbox.order("stream", "line", text=text)

    async def drop(self) -> None:
        """See `Network.drop`."""
        self._sandbox.order("stream", "drop")
        self._sandbox.order("stream", "cut")

    async def stall(self) -> None:
        """See `Network.stall`."""
        if self._sandbox.connections:
            self._sandbox.order("stream", "stall", seconds=10**6)
        for place in PLACES:
            if place != "stream":
                self._sandbox.faults.stand(place, "silence")

    async def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """See `Network.answer`."""
        for place in PLACES:
            if place != "stream":
                self._sandbox.faults.stand(place, "answer", status=status, headers=headers, text=body.decode())
        self._sandbox.cut()

    async def hang_up(self) -> None:
        """See `Network.hang_up`."""
        self._sandbox.faults.stand("stream", "close")
        if self._sandbox.connections:
            self._sandbox.order("stream", "close")

    async def refuse(self) -> None:
        """See `Network.refuse`."""
        for place in PLACES:
            if place != "stream":
                self._sandbox.faults.stand(place, "unauthorized")

    async def mend(self) -> None:
        """See `Network.mend`."""
        self._sandbox.faults.clear()

    @property
    def open_connections(self) -> int:
        """See `Network.open_connections`."""
        return self._sandbox.open_sockets


class PolledNetwork(SandboxNetwork):
    """The sandbox, of which search is polled."""

    pushes = False

    def __init__(self, sandbox: Sandbox, clock: TwoClocks) -> None:
        """Count searches, not streams."""
        super().__init__(sandbox, clock)
        self.connections = sandbox.searched_at

    def source(self) -> Source:
        """See `Network.source`."""
        settings = settings_for(self._sandbox)
        return XSearch(settings, query(), self.report, Purse(), self.clock, follow=True, poll_seconds=60)

    async def garbage(self) -> None:
        """See `Network.garbage`."""
        for text in GARBAGE:
            self._sandbox.order("search", "answer", status=200, headers={"content-type": "application/json"}, text=text)

    async def drop(self) -> None:
        """See `Network.drop`."""
        self._sandbox.order("search", "hang-up")

    async def hang_up(self) -> None:
        """See `Network.hang_up`."""
        self._sandbox.faults.stand("search", "hang-up")
