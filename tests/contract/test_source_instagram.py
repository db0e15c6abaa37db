"""Instagram's hashtag search keeps the contract of sources."""

from collections.abc import AsyncIterator

import pytest_asyncio

from services.ingest.sources.base import Source
from services.ingest.sources.meta.instagram_hashtag import InstagramHashtag
from tests.contract.source_contract import SourceContract
from tests.servers.graph import ACCOUNT, GraphServer
from tests.servers.graph_network import GraphNetwork


class HashtagNetwork(GraphNetwork):
    """Posts under one hashtag."""

    first = "/701/recent_media"

    def source(self) -> Source:
        """See `Network.source`."""
        return InstagramHashtag(self.access, ACCOUNT, ("airline",), self.report, self.clock, poll_seconds=60)

    def put(self, item_id: str, text: str, when: str) -> None:
        """See `GraphNetwork.put`."""
        self.server.lists[self.first].insert(0, {"id": item_id, "caption": text, "timestamp": when, "like_count": 3})


class TestInstagramHashtag(SourceContract):
    """The hashtag search of the Graph API."""

    @pytest_asyncio.fixture
    async def network(self) -> AsyncIterator[HashtagNetwork]:
        """Return a Graph API with one hashtag."""
        async with GraphServer(lists={"/701/recent_media": []}, hashtags={"airline": "701"}) as server:
            yield HashtagNetwork(server)
