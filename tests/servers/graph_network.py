"""The Graph API as a network of the contract of sources."""

import json
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr

from services.ingest.sources.meta.settings import GraphAccess
from tests.contract.source_network import Network
from tests.servers.graph import TOKEN, Asked, Canned, GraphServer, error


class GraphNetwork(Network):
    """What the networks over the Graph API have in common; `first` is the path of a round's first request."""

    pushes = False
    secrets = (TOKEN,)
    first = ""

    def __init__(self, server: GraphServer) -> None:
        """Misbehave through `server`."""
        super().__init__()
        self.server = server
        self.number = 0
        server.listener = self._noted

    @property
    def access(self) -> GraphAccess:
        """What opens the server."""
        return GraphAccess(self.server.url, SecretStr(TOKEN), "FACEBOOK_PAGE_TOKEN")

    @abstractmethod
    def put(self, item_id: str, text: str, when: str) -> None:
        """Publish one."""

    async def publish(self, texts: Sequence[str]) -> list[str]:
        """See `Network.publish`."""
        ids = []
        for text in texts:
            self.number += 1
            ids.append(f"{self.number}90071992547409931")
            self.put(ids[-1], text, self.clock.now().strftime("%Y-%m-%dT%H:%M:%S+0000"))
        return ids

    async def garbage(self) -> None:
        """See `Network.garbage`."""
        odd: list[Any] = [
            7,
            None,
            [],
            {"id": None, "timestamp": "yesterday", "created_time": {}},
            {"id": "1", "caption": 5, "message": [], "timestamp": "2026-03-02T12:00:00", "created_time": "x"},
            {"unknown": "x" * 2**20},
        ]
        self.server.garbage = [
            b'{"data": [{"id": "1", "capt',
            b"[1, 2]",
            b'"\xff\xfe"',
            b"[" * 200_000,
            b'{"data": {"a": 1}, "paging": 7}',
            json.dumps({"data": odd, "paging": {"cursors": 5, "next": 1}, "new": {}}).encode(),
        ]

    async def drop(self) -> None:
        """See `Network.drop`."""
        self.server.is_cut = True
        self.server.abort()

    async def stall(self) -> None:
        """See `Network.stall`."""
        self.server.stalled.clear()

    async def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """See `Network.answer`."""
        self.server.faults[""] = Canned(status, headers, body)
        self.server.abort()

    async def hang_up(self) -> None:
        """See `Network.hang_up`."""
        self.server.faults[""] = Canned(200, {}, b'{"data": []}')
        self.server.abort()

    async def refuse(self) -> None:
        """See `Network.refuse`."""
        self.server.faults[""] = error(400, 190, 463)

    async def mend(self) -> None:
        """See `Network.mend`."""
        self.server.faults.clear()
        self.server.stalled.set()

    @property
    def open_connections(self) -> int:
        """See `Network.open_connections`."""
        return self.server.open_connections

    def _noted(self, asked: Asked) -> None:
        """Note the first request of a round, and each one that comes while something is wrong."""
        wrong = bool(self.server.faults.get("")) or not self.server.stalled.is_set()
        if wrong or (asked.path == self.first and "after" not in asked.params):
            self.connections.append(self.clock.monotonic())
