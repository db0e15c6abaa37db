"""The contract of `Source`, the same for every network: `class TestSomething(SourceContract)` and a fixture `network`.

A `Network` (see `source_network`) is a real local server that speaks the source's protocol and misbehaves on order.
Time is virtual: the suite moves the clock on a second at a time, for as long as what it waits for has not come.
"""

import asyncio
from itertools import pairwise

import pytest

from services.ingest.sources.base import MAX_POSTS, SourceError, SourceRefusedError
from tests.contract.source_network import PATIENCE, Network, listening, ours

SCRIPTS = [
    "plain words",
    "Grüße aus Köln, 30 € 🧳👨‍👩‍👧",
    "مرحبا بالعالم",
    "हमारी उड़ान देर से आई",
    "飛行機が遅れました",
    "a < b && c > d, \"quoted\" and 'so'",
    "𐌲𐌿𐍄𐌰𐌽𐍃 beyond the first plane",
]
RETRY_AFTER = 30
ROUNDING = 1e-6
"""Seconds that sums of floating-point waits may fall short by."""


def assert_paced(network: Network) -> None:
    """No two connections lie less than a second apart."""
    gaps = [later - earlier for earlier, later in pairwise(network.connections)]
    assert all(gap >= 1.0 - ROUNDING for gap in gaps), gaps


class SourceContract:
    """What `services.ingest.sources.base.Source` promises."""

    async def test_posts_come_as_the_pipeline_takes_them(self, network: Network) -> None:
        """Each published post comes with its id, its platform and its text in whatever script, and a cursor."""
        async with listening(network) as listener:
            ids = await network.publish(SCRIPTS)
            await listener.until(lambda: listener.ids >= set(ids))
            texts = {post.post_id: post.text for post in listener.posts}
            assert [texts[post_id] for post_id in ids] == SCRIPTS
            await listener.until(lambda: listener.cursor is not None)

    async def test_a_row_of_posts_comes_whole(self, network: Network) -> None:
        """More posts than a batch holds come in several, none left out."""
        async with listening(network) as listener:
            ids = await network.publish([f"post number {number}" for number in range(2 * MAX_POSTS + 100)])
            await listener.until(lambda: listener.ids >= set(ids))

    async def test_a_slow_reader_loses_nothing(self, network: Network) -> None:
        """A reader that stores for minutes gets every post afterwards, and hears of no fault that it made itself."""
        async with listening(network) as listener:
            first = await network.publish(["the first"])
            await listener.until(lambda: listener.ids >= set(first))
            sentences = list(network.report.sentences)
            listener.storing.clear()
            ids = await network.publish([f"post number {number}" for number in range(2 * MAX_POSTS + 100)])
            slow_until = network.clock.monotonic() + 300
            await listener.until(lambda: network.clock.monotonic() > slow_until)
            assert network.report.sentences == sentences
            listener.storing.set()
            await listener.until(lambda: listener.ids >= set(ids))

    async def test_it_goes_on_after_its_cursor(self, network: Network) -> None:
        """What was published while no source listened comes after a restart with the stored cursor."""
        async with listening(network) as listener:
            first = await network.publish(["before"])
            await listener.until(lambda: listener.ids >= set(first) and listener.cursor is not None)
        missed = await network.publish([f"meanwhile {number}" for number in range(90)])
        async with listening(network, listener.cursor) as again:
            later = await network.publish(["after"])
            await again.until(lambda: again.ids >= {*missed, *later})

    async def test_what_was_not_stored_comes_again(self, network: Network) -> None:
        """After a crash between a batch and its storing, the cursor before it brings its posts again."""
        async with listening(network) as listener:
            first = await network.publish(["stored"])
            await listener.until(lambda: listener.ids >= set(first) and listener.cursor is not None)
            stored = listener.cursor
            lost = await network.publish(["delivered, never stored"])
            await listener.until(lambda: listener.ids >= set(lost))
        async with listening(network, stored) as again:
            await again.until(lambda: again.ids >= set(lost))

    async def test_a_dropped_connection_loses_nothing(self, network: Network) -> None:
        """After each of several drops the posts published meanwhile come, and connections keep their distance."""
        async with listening(network) as listener:
            ids: list[str] = []
            for turn in range(4):
                ids += await network.publish([f"before drop {turn}"])
                await listener.until(lambda: listener.ids >= set(ids))  # noqa: B023 - called within the turn
                await network.drop()
                ids += await network.publish([f"during drop {turn}"])
            await listener.until(lambda: listener.ids >= set(ids))
        assert_paced(network)
        assert network.report.reconnections >= 4 or not network.pushes

    async def test_a_stalled_connection_is_given_up(self, network: Network) -> None:
        """Silence is noticed; once the network speaks again, what was published meanwhile comes."""
        async with listening(network) as listener:
            ids = await network.publish(["before"])
            await listener.until(lambda: listener.ids >= set(ids))
            await network.stall()
            ids += await network.publish(["in silence"])
            told = len(network.report.sentences)
            await listener.until(lambda: len(network.report.sentences) > told)
            await network.mend()
            await listener.until(lambda: listener.ids >= set(ids))
        assert_paced(network)

    async def test_it_waits_as_long_as_it_is_told(self, network: Network) -> None:
        """After a 429 with Retry-After nothing is asked before that time, a sentence says so, and then posts come."""
        async with listening(network) as listener:
            ids = await network.publish(["before"])
            await listener.until(lambda: listener.ids >= set(ids))
            told, asked = len(network.report.sentences), len(network.connections)
            await network.answer(429, {"retry-after": str(RETRY_AFTER), "content-type": "text/plain"}, b"slow down")
            await listener.until(lambda: len(network.connections) > asked)
            refused_at = network.connections[asked]
            await listener.until(lambda: network.clock.monotonic() > refused_at + RETRY_AFTER / 3)
            assert len(network.report.sentences) > told
            await network.mend()
            ids += await network.publish(["after"])
            await listener.until(lambda: listener.ids >= set(ids))
        again = min(moment for moment in network.connections if moment > refused_at)
        assert again - refused_at >= RETRY_AFTER - ROUNDING

    async def test_an_html_page_of_an_error_is_outlived(self, network: Network) -> None:
        """A 503 with a page of HTML, for minutes, is told in a sentence without the page, and then posts come."""
        async with listening(network) as listener:
            told = len(network.report.sentences)
            page = b"<!DOCTYPE html><html><body>PAGE OF AN ERROR</body></html>"
            await network.answer(503, {"content-type": "text/html"}, page)
            await listener.until(lambda: len(network.report.sentences) >= told + 3)
            assert not any("PAGE" in sentence for sentence in network.report.sentences)
            await network.mend()
            ids = await network.publish(["after"])
            await listener.until(lambda: listener.ids >= set(ids))
        assert_paced(network)

    async def test_a_network_that_hangs_up_is_not_hammered(self, network: Network) -> None:
        """Connections that end properly at once are never made more than once a second."""
        async with listening(network) as listener:
            asked = len(network.connections)
            await network.hang_up()
            await listener.until(lambda: len(network.connections) >= asked + 4)
            await network.mend()
            ids = await network.publish(["after"])
            await listener.until(lambda: listener.ids >= set(ids))
        assert_paced(network)

    async def test_nonsense_is_counted_and_skipped(self, network: Network) -> None:
        """Whatever cannot be read is counted, and the posts around it come."""
        async with listening(network) as listener:
            ids = await network.publish(["before"])
            await network.garbage()
            ids += await network.publish(["after"])
            await listener.until(lambda: listener.ids >= set(ids) and network.report.unread.total() > 0)

    async def test_a_deleted_post_is_told(self, network: Network) -> None:
        """The removal has the id and the platform that the post had."""
        if not network.removes:
            pytest.skip("this network does not tell of deleted posts")
        async with listening(network) as listener:
            ids = await network.publish(["stays", "goes"])
            await listener.until(lambda: listener.ids >= set(ids))
            await network.remove(ids[1])
            await listener.until(lambda: bool(listener.removals))
            told = listener.removals[0]
            assert (told.platform, told.reason, told.post_id) == (listener.posts[0].platform, "deleted", ids[1])

    async def test_stopping_leaves_nothing_behind(self, network: Network) -> None:
        """Closing the row, while it waits and in the middle of a fault, ends its tasks, waits and connections."""
        async with listening(network) as listener:
            ids = await network.publish(["before"])
            await listener.until(lambda: listener.ids >= set(ids))
        assert (ours(), network.clock.sleepers) == (set(), 0)
        await network.clock.until(lambda: network.open_connections == 0)
        async with listening(network):
            await network.stall()
            await network.clock.advance(5)
        assert (ours(), network.clock.sleepers) == (set(), 0)
        await network.mend()
        await network.clock.until(lambda: network.open_connections == 0)

    async def test_a_row_closes_whatever_was_read_of_it(self, network: Network) -> None:
        """A row that was never read closes at once, and so does one closed between two batches."""
        await network.source().batches(None).aclose()
        row = network.source().batches(None)
        reading = asyncio.ensure_future(anext(row))
        await network.clock.until(lambda: bool(network.report.modes), step=1.0, limit=PATIENCE)
        await network.publish(["one"])
        await network.clock.until(reading.done, step=1.0, limit=PATIENCE)
        await row.aclose()
        assert (ours(), network.clock.sleepers) == (set(), 0)
        await network.clock.until(lambda: network.open_connections == 0)

    async def test_a_no_for_good_is_raised(self, network: Network) -> None:
        """What no waiting will change ends the row with a sentence for a person, without any secret."""
        if not network.refuses:
            pytest.skip("nothing that this network says is for good")
        await network.refuse()
        with pytest.raises(SourceError) as raised:
            async with listening(network) as listener:
                await listener.until(lambda: False)
        assert isinstance(raised.value, SourceRefusedError) or "_" in raised.value.detail, (
            "a CredentialError names a variable"
        )
        assert len(raised.value.detail.split()) > 3
        assert not any(secret in raised.value.detail for secret in network.secrets)

    async def test_no_secret_is_shown(self, network: Network) -> None:
        """Neither the source's `repr` nor a sentence nor a batch's `repr` holds a secret or a post's text."""
        async with listening(network) as listener:
            ids = await network.publish(["a text that is nobody's business"])
            await listener.until(lambda: listener.ids >= set(ids))
            await network.answer(503, {}, b"")
            told = len(network.report.sentences)
            await listener.until(lambda: len(network.report.sentences) > told)
            shown = repr([network.source(), listener.batches, network.report.sentences, network.report.modes])
        assert not any(secret in shown for secret in [*network.secrets, "nobody's business", *ids])
