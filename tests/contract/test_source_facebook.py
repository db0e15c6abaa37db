"""Facebook's pages keep the contract of sources."""

from collections.abc import AsyncIterator

import pytest_asyncio

from services.ingest.sources.base import Source
from services.ingest.sources.meta.facebook_page import FacebookPage
from tests.contract.source_contract import SourceContract
from tests.servers.graph import GraphServer
from tests.servers.graph_network import GraphNetwork

OLD = "55_1"


class PageNetwork(GraphNetwork):
    """A page with an old post; by turns visitors write posts and comments under that one."""

    first = "/airline/feed"

    def source(self) -> Source:
        """See `Network.source`."""
        return FacebookPage(self.access, ("airline",), self.report, self.clock, poll_seconds=60)

    def put(self, item_id: str, text: str, when: str) -> None:
        """See `GraphNetwork.put`."""
        item = {"id": item_id, "message": text, "created_time": when, "from": {"id": f"9{item_id}", "name": "Somebody"}}
        if self.number % 2:
            self.server.lists[self.first].insert(0, item)
            return
        self.server.lists[f"/{OLD}/comments"].insert(0, item)
        (old,) = [post for post in self.server.lists[self.first] if post["id"] == OLD]
        old["comments"]["summary"]["total_count"] += 1


class TestFacebookPage(SourceContract):
    """Posts and comments of the Graph API."""

    @pytest_asyncio.fixture
    async def network(self) -> AsyncIterator[PageNetwork]:
        """Return a Graph API with one page and one old post."""
        old = {
            "id": OLD,
            "message": "welcome",
            "created_time": "2026-03-01T08:00:00+0000",
            "comments": {"data": [], "summary": {"total_count": 0}},
        }
        async with GraphServer(lists={"/airline/feed": [old], f"/{OLD}/comments": []}) as server:
            yield PageNetwork(server)
