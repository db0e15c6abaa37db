"""Feeds keep the contract of a source."""

from collections.abc import AsyncIterator

import pytest

from services.ingest.sources.feed.parser import FeedParser
from services.ingest.sources.feed.source import FeedSource
from services.ingest.sources.settings import FeedSettings
from tests.contract.source_contract import SourceContract
from tests.contract.source_network import Network
from tests.servers.feeds import Feeds
from tests.servers.served import ServedNetwork, served
from tests.unit.ingest.sources.queries import everything


class FeedNetwork(ServedNetwork):
    """One feed, asked every minute."""

    pushes = False
    server: Feeds

    def __init__(self) -> None:
        """Begin without a process that reads."""
        super().__init__()
        self.parser = FeedParser()

    def source(self) -> FeedSource:
        """See `Network.source`."""
        query = everything("web", feeds=[{"url": f"{self.server.url}/feed.xml"}])
        return FeedSource(FeedSettings(feed_interval=60), query, self.report, self.clock, self.parser)

    async def refuse(self) -> None:
        """See `Network.refuse`."""
        await self.server.answer(410, {}, b"gone")

    async def garbage(self) -> None:
        """See `Network.garbage`."""
        self.server.odd_entries = (
            "<item></item><item><guid>1</guid></item><item><title></title><pubDate>soon</pubDate></item>"
            "<item><unknown>field</unknown><guid></guid><description>&undefined; <p></description></item>"
            f"<item><description>{'x' * 2**20}</description></item>"
        )


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    """Yield a server with a feed."""
    async with served(FeedNetwork(), Feeds) as network, network.parser:
        yield network


class TestFeed(SourceContract):
    """See `SourceContract`."""
