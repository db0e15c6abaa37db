"""What `services.ingest.sources.bluesky.source` promises beyond the contract of a source."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.ingest.sources.bluesky.source import OVERLAP, RETENTION, BlueskyStream
from services.ingest.sources.settings import BlueskySettings
from tests.contract.source_network import listening
from tests.servers.jetstream import AUTHOR, Jetstream
from tests.servers.served import ServedNetwork, served
from tests.unit.ingest.sources.queries import query

BRAND = "did:plc:brand"
MICROSECOND = timedelta(microseconds=1)


class BlueskyNetwork(ServedNetwork):
    """Jetstream, and a brand that is named by a keyword."""

    server: Jetstream
    appview_url = ""

    def source(self) -> BlueskyStream:
        """See `Network.source`."""
        settings = BlueskySettings(
            bluesky_jetstream_url=self.server.url.replace("http", "ws") + "/subscribe",
            bluesky_appview_url=self.appview_url or self.server.url,
        )
        ours = query("bluesky", keywords=["aerolume"], handles={"bluesky": ["aerolume.example"]})
        return BlueskyStream(settings, ours, self.report, self.clock)


@pytest.fixture
async def network() -> AsyncIterator[BlueskyNetwork]:
    """Yield a Jetstream."""
    async with served(BlueskyNetwork(), Jetstream) as network:
        network.server.dids = {"aerolume.example": BRAND}
        yield network


async def test_only_what_names_the_brand_comes(network: BlueskyNetwork) -> None:
    """Everything else of the network is left out here, and moves the cursor all the same."""
    async with listening(network) as listener:
        for number in range(300):
            network.server.post(f"about something else {number}")
        wanted = network.server.post("Aerolume lost my bag")
        await listener.until(lambda: bool(listener.posts))
        assert listener.ids == {wanted}
        for _ in range(3):
            last = network.server.next_us()
            network.server.post("about something else")
            await network.clock.advance(6)
        await listener.until(lambda: int(listener.cursor or 0) >= last)
        assert (listener.ids, network.report.reconnections) == ({wanted}, 0)


async def test_the_brands_own_posts_are_known_by_their_handle(network: BlueskyNetwork) -> None:
    """Handles are looked up, so that posts by the brand's DID are internal voice and its mentions count."""
    source, facet = network.source(), {"$type": "app.bsky.richtext.facet#mention", "did": BRAND}
    async with listening(network) as listener:
        network.server.post("we are sorry", did=BRAND)
        network.server.post("@brand.short where is my bag", facets=[{"features": [facet]}])
        await listener.until(lambda: len(listener.posts) == 2)
    posts = [post for batch in listener.batches for post in batch.posts]
    voices = [post["voice"] for post in source._query.select(posts).posts]
    assert voices == ["internal", "external"]


async def test_a_handle_that_nobody_has_is_told(network: BlueskyNetwork) -> None:
    """The stream goes on without it, and a sentence says what follows."""
    network.server.dids = {}
    async with listening(network) as listener:
        await listener.until(lambda: bool(network.report.sentences))
        assert "1 of the brand's own Bluesky handles" in network.report.sentences[-1]
        network.server.post("aerolume")
        await listener.until(lambda: bool(listener.posts))


async def test_a_reconnection_asks_for_an_overlap(network: BlueskyNetwork) -> None:
    """The cursor that is asked for lies five seconds before the last event, in microseconds; posts alone are wanted."""
    async with listening(network) as listener:
        assert "cursor" not in network.server.queries[0]
        assert network.server.queries[0]["wantedCollections"] == "app.bsky.feed.post"
        network.server.post("aerolume")
        await listener.until(lambda: bool(listener.posts))
        last = int(listener.cursor or 0)
        await network.server.drop()
        await listener.until(lambda: len(network.server.queries) == 2)
    assert int(network.server.queries[1]["cursor"]) == last - OVERLAP // MICROSECOND


async def test_a_stream_that_begins_badly_loses_nothing(network: BlueskyNetwork) -> None:
    """What was posted between the first attempt and the first connection is replayed."""
    await network.answer(503, {}, b"")
    async with listening(network) as listener:
        await listener.until(lambda: len(network.report.sentences) == 3)
        wanted = network.server.post("aerolume")
        await network.clock.advance(1)
        await network.mend()
        await listener.until(lambda: wanted in listener.ids)


async def test_too_long_a_pause_is_told(network: BlueskyNetwork) -> None:
    """After more than Jetstream keeps, a sentence says that posts are lost."""
    old = network.clock.now() - RETENTION - timedelta(hours=1)
    async with listening(network, str(int(old.timestamp() * 1e6))) as listener:
        await listener.until(lambda: bool(network.report.sentences))
    assert "72 hours" in network.report.sentences[-1]


@pytest.mark.parametrize("cursor", ["", "-1", "1.5", "x" * 60_000, "9" * 300, "٣" * 16])
async def test_a_cursor_of_somebody_else_is_none(network: BlueskyNetwork, cursor: str) -> None:
    """What is no time begins with now."""
    async with listening(network, cursor) as listener:
        wanted = network.server.post("aerolume")
        await listener.until(lambda: wanted in listener.ids)
    assert "cursor" not in network.server.queries[0]


async def test_a_closed_account_is_told(network: BlueskyNetwork) -> None:
    """An account event becomes a removal of the author."""
    async with listening(network) as listener:
        account = {"active": False, "did": AUTHOR, "status": "deleted"}
        event = {"did": AUTHOR, "time_us": network.server.next_us(), "kind": "account", "account": account}
        network.server.send(json.dumps(event).encode())
        await listener.until(lambda: bool(listener.removals))
    assert (listener.removals[0].reason, listener.removals[0].author_id) == ("account deleted", AUTHOR)


@pytest.mark.parametrize("status", [403, 410, 503])
async def test_handles_that_cannot_be_looked_up_end_no_stream(network: BlueskyNetwork, status: int) -> None:
    """What the other server answers does not pass for the stream's own refusal: it is asked until it is well."""
    async with Jetstream(lambda: None, network.clock.now) as appview:
        appview.dids = {"aerolume.example": BRAND}
        network.appview_url = appview.url
        await appview.answer(status, {}, b"<html>no</html>")
        async with listening(network) as listener:
            await listener.until(lambda: len(network.report.sentences) == 2)
            assert f"cannot be looked up at BLUESKY_APPVIEW_URL: it answered {status}" in network.report.sentences[-1]
            appview.mend()
            wanted = network.server.post("aerolume")
            await listener.until(lambda: wanted in listener.ids)
