"""What `services.ingest.sources.feed.source` promises beyond the contract of a source."""

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.brands.brand import MAX_FEEDS
from services.ingest.brands.brand_query import BrandQuery
from services.ingest.sources.base import MAX_CURSOR, Source, SourceRefusedError
from services.ingest.sources.feed.parser import FeedParser
from services.ingest.sources.feed.source import FeedSource, FeedVersion, from_cursor, to_cursor
from services.ingest.sources.settings import FeedSettings
from tests.contract.source_network import listening
from tests.servers.feeds import Feeds
from tests.servers.served import ServedNetwork, served
from tests.unit.ingest.sources.queries import query


class FeedNetwork(ServedNetwork):
    """A server, and a brand with the feeds named here."""

    server: Feeds

    def __init__(self) -> None:
        """Ask for the one growing feed."""
        super().__init__()
        self.feeds: list[dict[str, Any]] = [{"url": "feed.xml"}]
        self.settings = FeedSettings(feed_interval=600, feed_max_bytes=200_000)
        self.parser = FeedParser(cpu_seconds=1)

    def source(self) -> Source:
        """See `Network.source`."""
        feeds = [feed | {"url": f"{self.server.url}/{feed['url']}"} for feed in self.feeds]
        return self.asking(query("web", keywords=["aerolume"], feeds=feeds))

    def asking(self, wanted: BrandQuery) -> Source:
        """Return a source of a brand's feeds."""
        return FeedSource(self.settings, wanted, self.report, self.clock, self.parser)


@pytest.fixture
async def network() -> AsyncIterator[FeedNetwork]:
    """Yield a server with feeds."""
    async with served(FeedNetwork(), Feeds) as network, network.parser:
        yield network


async def test_an_unchanged_feed_is_not_sent_again(network: FeedNetwork) -> None:
    """The marks of the last version are shown, also after a restart, and each entry comes once."""
    network.server.post("aerolume one")
    async with listening(network) as listener:
        await listener.until(lambda: network.server.statuses == [200, 304])
        network.server.post("aerolume two")
        await listener.until(lambda: len(listener.posts) == 2)
        await listener.until(lambda: network.server.statuses == [200, 304, 200, 304])
    assert [post.text for post in listener.posts] == ["aerolume one", "aerolume two"]
    async with listening(network, listener.cursor) as again:
        await again.until(lambda: len(network.server.statuses) == 5)
    assert (network.server.statuses[-1], again.posts) == (304, [])
    assert all(network.server.conditions[-1])


async def test_feeds_are_asked_at_a_polite_pace(network: FeedNetwork) -> None:
    """From one request to the next lie the seconds that are set."""
    async with listening(network) as listener:
        await listener.until(lambda: len(network.connections) == 3)
    assert all(600 <= later - earlier < 700 for earlier, later in pairwise(network.connections))


async def test_only_what_names_the_brand_comes_but_from_its_own_feeds(network: FeedNetwork) -> None:
    """Entries are filtered by the query, unless the feed is all about the brand."""
    network.server.post("about something else")
    item = b"<item><guid>9</guid><title>two stars</title></item>"
    network.server.pages["own.xml"] = b'<rss version="2.0"><channel>' + item + b"</channel></rss>"
    network.feeds.append({"url": "own.xml", "everything": True})
    async with listening(network) as listener:
        await listener.until(lambda: bool(listener.posts))
        await listener.until(lambda: len(network.connections) == 4)
    assert [post.text for post in listener.posts] == ["two stars"]


async def test_one_dead_feed_holds_up_no_other(network: FeedNetwork) -> None:
    """Its trouble is told beside the others' good health, by its host alone."""
    network.feeds = [{"url": "gone.xml?key=SECRET"}, {"url": "feed.xml"}, {"url": "page.html"}]
    network.server.pages["page.html"] = b"<html><body>no feed</body></html>"
    network.server.post("aerolume")
    async with listening(network) as listener:
        await listener.until(lambda: bool(listener.posts))
        await listener.until(lambda: any("1 more of the feeds" in sentence for sentence in network.report.sentences))
        assert "3 feeds" in network.report.modes[0]
    assert not any("SECRET" in sentence for sentence in network.report.sentences)


@pytest.mark.parametrize(
    "item",
    [
        b"<author>" + b"a" * 100_000 + b"</author>",
        b"<title>&#" + b"9" * 5000 + b";</title>",
        b"<title>&#99999999999999999999;</title>",
    ],
)
async def test_a_hostile_feed_harms_no_other(network: FeedNetwork, item: bytes) -> None:
    """Its fault is told by its host, it is asked again at the usual pace, and the others' entries come as before."""
    network.server.pages["bad.xml"] = b'<rss version="2.0"><channel><item>' + item + b"</item></channel></rss>"
    network.feeds = [{"url": "bad.xml"}, {"url": "feed.xml"}]
    network.server.post("aerolume one")
    async with listening(network) as listener:
        await listener.until(lambda: len(listener.posts) == 1)
        network.server.post("aerolume two")
        await listener.until(lambda: len(listener.posts) == 2)
    if b"author" in item:
        costly = [sentence for sentence in network.report.sentences if "within 1 s of CPU" in sentence]
        assert costly
        assert "trying again in 600 s" in costly[0]
        assert len(network.server.statuses) < 8


async def test_a_feed_that_refuses_is_left_alone(network: FeedNetwork) -> None:
    """It is not asked again while the others are; the last to refuse ends the source."""
    await network.server.answer(410, {}, b"")
    network.feeds = [{"url": "one.xml"}, {"url": "two.xml"}]
    with pytest.raises(SourceRefusedError, match="every feed"):
        async with listening(network) as listener:
            await listener.until(lambda: False)
    assert len(network.connections) == 2


async def test_too_large_a_feed_is_told(network: FeedNetwork) -> None:
    """It is not read, and a sentence says why."""
    network.server.post("aerolume " + "x" * 200_000)
    async with listening(network) as listener:
        await listener.until(lambda: any("larger than 200000 bytes" in told for told in network.report.sentences))
    assert listener.posts == []


async def test_a_cut_off_feed_is_fetched_again(network: FeedNetwork) -> None:
    """A version that was not whole is asked for once more, and what it lacked comes."""
    cut = b'<rss version="2.0"><channel><item><guid>1</guid><title>aerolume one</title></item>'
    rest = b"<item><guid>2</guid><title>aerolume two</title></item>"
    network.server.pages["feed.xml"] = cut
    async with listening(network) as listener:
        await listener.until(lambda: len(listener.posts) == 1)
        network.server.pages["feed.xml"] = cut + rest + b"</channel></rss>"
        await listener.until(lambda: len(listener.posts) == 2)
    assert network.server.conditions[1] == (None, None)
    assert [post.text for post in listener.posts] == ["aerolume one", "aerolume two"]


async def test_a_brand_without_feeds_is_told_so() -> None:
    """There is nothing to ask for."""
    network = FeedNetwork()
    with pytest.raises(SourceRefusedError, match="feeds"):
        await anext(network.asking(query("web")).batches(None))


@pytest.mark.parametrize("settings", [{"host": "10.1.2.3"}, {"feed_private_addresses": False}])
async def test_a_feed_inside_the_network_is_not_asked(network: FeedNetwork, settings: dict[str, Any]) -> None:
    """Off loopback, or where it is forbidden, the stream's state names the host and the remedy; nothing is sent."""
    network.server.post("aerolume one")
    network.settings = network.settings.model_copy(update=settings)
    with pytest.raises(
        SourceRefusedError, match=r"127\.0\.0\.1 is no address of the internet.*FEED_PRIVATE_ADDRESSES=true"
    ):
        async with listening(network) as listener:
            await listener.until(lambda: bool(listener.posts))
    assert network.server.statuses == []
    assert "127.0.0.1 is no address of the internet" in network.report.sentences[-1]


async def test_feeds_inside_the_network_may_be_allowed(network: FeedNetwork) -> None:
    """Off loopback too, by a setting."""
    network.server.post("aerolume one")
    network.settings = network.settings.model_copy(update={"host": "10.1.2.3", "feed_private_addresses": True})
    async with listening(network) as listener:
        await listener.until(lambda: bool(listener.posts))


MARK = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)
URLS = [f"https://reviews.example/{number}" for number in range(MAX_FEEDS)]


@given(st.dictionaries(st.sampled_from(URLS), st.builds(FeedVersion, MARK, MARK), max_size=4))
def test_versions_come_back_from_their_cursor(versions: dict[str, FeedVersion]) -> None:
    """Each feed has its own, and a feed that is not asked any more is forgotten."""
    assert from_cursor(to_cursor(versions), URLS) == versions
    assert from_cursor(to_cursor(versions), []) == {}


def test_the_largest_cursor_is_small_enough() -> None:
    """As many feeds as a brand may have, with the longest marks, fit."""
    longest = FeedVersion.of({"etag": '"' * 200, "last-modified": '"' * 200})
    assert len(to_cursor(dict.fromkeys(URLS, longest))) <= MAX_CURSOR


@pytest.mark.parametrize("etag", ['"' * 201, "a\x00b", "a\nb", "größe\u2028"])
def test_an_odd_mark_is_none(etag: str) -> None:
    """What is too long or not printable is not shown to the server again."""
    assert FeedVersion.of({"etag": etag, "last-modified": "Sun, 01 Mar 2026 10:00:00 GMT"}).conditions() == {
        "if-modified-since": "Sun, 01 Mar 2026 10:00:00 GMT"
    }


@given(st.text(max_size=50) | st.sampled_from(["[]", "7", "{}", '{"x": 1}', "[" * 60_000]))
def test_a_cursor_of_somebody_else_is_none(cursor: str) -> None:
    """What holds no versions begins anew."""
    assert from_cursor(cursor, URLS) == {}
