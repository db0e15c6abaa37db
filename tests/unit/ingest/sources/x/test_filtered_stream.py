"""The rules of a stream while it is connected, its first moments, and its end."""

import asyncio
from collections import Counter
from contextlib import aclosing

import pytest

from sandbox.post import SandboxAccount
from sandbox.sandbox import Sandbox
from services.ingest.brands.brand_query import XRule
from services.ingest.sources.base import CredentialError
from services.ingest.sources.x.cursor import XCursor
from services.ingest.sources.x.filtered_stream import RULES_SECONDS
from services.ingest.sources.x.source import XStream
from tests.contract.source_network import Listener, listening
from tests.unit.ingest.sources.x.networks import SandboxNetwork
from tests.unit.ingest.sources.x.surroundings import Purse, query, settings_for

PUT_BACK = "rules of this stream were deleted at X by another client; they are put back"


def ids_of(sandbox: Sandbox) -> dict[str, str]:
    """Return the app's rules: ids by value."""
    return {rule["value"]: rule["id"] for rule in sandbox.rules.written().get("data", [])}


def times(listener: Listener) -> Counter[str]:
    """Return how often each post came."""
    return Counter(post.post_id for post in listener.posts)


def listen_by_two_rules(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """Listen to whatever `somebody` writes, and to all that is written of trains."""
    rules = (XRule("from:somebody", "voxpop:brand:1"), XRule("trains", "voxpop:brand:2"))
    network.source = lambda: XStream(  # type: ignore[method-assign]
        settings_for(sandbox), query(*rules), network.report, Purse(), network.clock
    )


async def one_unheard(network: SandboxNetwork, sandbox: Sandbox, listener: Listener) -> list[str]:
    """Delete one of the two rules and publish a post for it; then one of the other is heard, minutes later."""
    sandbox.rules.change({"delete": {"ids": [ids_of(sandbox)["from:somebody"]]}})
    ids = await network.publish(["unheard"])
    await network.clock.advance(100)
    heard = {str(sandbox.publish("trains", SandboxAccount("77", "another")).id)}
    await listener.until(lambda: listener.ids >= heard)
    assert not listener.ids & set(ids)
    return ids


async def test_a_rule_that_somebody_deleted_is_put_back_and_what_it_missed_is_searched(
    network: SandboxNetwork, sandbox: Sandbox
) -> None:
    """Another brand with a rule of the same value deletes it: within a quarter of an hour nothing is missing."""
    listen_by_two_rules(network, sandbox)
    async with listening(network) as listener:
        ids = await network.publish(["heard"])
        await listener.until(lambda: listener.ids >= set(ids))
        await network.clock.advance(100)
        ids += await one_unheard(network, sandbox, listener)
        await listener.until(lambda: listener.ids >= set(ids))
        assert network.clock.monotonic() < RULES_SECONDS + 60
        assert PUT_BACK in network.report.sentences
        ids += await network.publish(["heard again"])
        await listener.until(lambda: listener.ids >= set(ids))
        assert set(times(listener).values()) == {1}
        assert len(sandbox.connected_at) == 1
        assert network.report.modes == ["filtered stream", "filtered stream"]


async def test_a_rule_that_another_brand_has_put_back_already_counts_as_gone(
    network: SandboxNetwork, sandbox: Sandbox
) -> None:
    """Under a new id posts of the rule pass for another's: they are searched for, and then heard."""
    async with listening(network) as listener:
        await network.clock.advance(100)
        sandbox.rules.change({"delete": {"ids": [ids_of(sandbox)["from:somebody"]]}})
        sandbox.rules.change({"add": [{"value": "from:somebody", "tag": "voxpop:other:1"}]})
        ids = await network.publish(["unheard"])
        await listener.until(lambda: listener.ids >= set(ids))
        sandbox.rules.change({"add": [{"value": "theirs", "tag": "voxpop:other:2"}]})
        searches = len(sandbox.searched_at)
        ids += await network.publish(["heard"])
        await listener.until(lambda: listener.ids >= set(ids))
        assert len(sandbox.searched_at) == searches


async def test_a_gap_of_rules_is_searched_though_a_catch_up_was_under_way(
    network: SandboxNetwork, sandbox: Sandbox
) -> None:
    """A catch-up that began before the rule was missed does not close the gap that it has not seen."""
    listen_by_two_rules(network, sandbox)
    async with listening(network) as listener:
        await network.clock.advance(700)
        ids = await one_unheard(network, sandbox, listener)
        await network.clock.advance(RULES_SECONDS - 10 - network.clock.monotonic())
        sandbox.order("search", "rate-limit", seconds=60)
        sandbox.order("stream", "cut")
        await listener.until(lambda: network.report.reconnections == 1)
        await listener.until(lambda: PUT_BACK in network.report.sentences)
        assert sandbox.timeline.found.total() == 0
        await listener.until(lambda: listener.ids >= set(ids))


async def test_a_gap_of_rules_outlives_a_crash(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """Once the rule is put back, the cursor is where it was known last: the next reader searches from there."""
    listen_by_two_rules(network, sandbox)
    async with listening(network) as listener:
        ids = await one_unheard(network, sandbox, listener)
        before = XCursor.read(str(listener.cursor)).since
        sandbox.faults.stand("search", "silence")
        await listener.until(lambda: PUT_BACK in network.report.sentences)
        await network.clock.advance(1)
        assert XCursor.read(str(listener.cursor)).since < before
    sandbox.faults.clear()
    async with listening(network, listener.cursor) as again:
        await again.until(lambda: again.ids >= set(ids))


async def test_rules_that_are_there_cost_nothing(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """Every quarter of an hour they are listed once; nothing is searched for, and the connection stays."""
    async with listening(network):
        await network.clock.advance(60)
        asked, searches = sandbox.requests["rules"], len(sandbox.searched_at)
        await network.clock.advance(3 * RULES_SECONDS)
        assert sandbox.requests["rules"] == asked + 3
        assert (len(sandbox.searched_at), len(sandbox.connected_at)) == (searches, 1)


async def test_an_x_that_cannot_be_asked_for_rules_leaves_the_connection(
    network: SandboxNetwork, sandbox: Sandbox
) -> None:
    """An outage of the rules alone ends no connection that works; a minute later they are asked for again."""
    async with listening(network) as listener:
        await network.clock.advance(RULES_SECONDS - 10)
        asked = sandbox.requests["rules"]
        sandbox.order("rules", "html-503")
        sandbox.order("rules", "rate-limit", seconds=100)
        await network.clock.advance(10 + 60 + 120)
        assert sandbox.requests["rules"] == asked + 3
        ids = await network.publish(["heard"])
        await listener.until(lambda: listener.ids >= set(ids))
        assert len(sandbox.connected_at) == 1


async def test_a_token_that_was_taken_back_ends_the_stream_at_the_next_look(
    network: SandboxNetwork, sandbox: Sandbox
) -> None:
    """A 401 for the rules is no outage."""
    async with listening(network) as listener:
        sandbox.faults.stand("rules", "unauthorized")
        with pytest.raises(CredentialError, match="X_BEARER_TOKEN"):
            await listener.until(lambda: False)


async def test_a_fresh_stream_has_a_cursor_at_once(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """Before anything is heard, where it began is handed over: a crash of a quiet stream loses nothing."""
    async with aclosing(network.source().batches(None)) as row:
        reading = asyncio.ensure_future(anext(row))
        await network.clock.until(reading.done)
        first = await reading
    assert (list(first.posts), list(first.removals)) == ([], [])
    missed = await network.publish(["before the first delivery with a post"])
    async with listening(network, first.cursor) as listener:
        await listener.until(lambda: listener.ids >= set(missed))
    assert sandbox.timeline.found.total() > 0


async def test_a_first_connection_that_comes_late_misses_nothing(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """What is published while X does not let a fresh stream in is searched for."""
    sandbox.faults.stand("connect", "html-503")
    async with listening(network) as listener:
        ids = await network.publish(["before there was any connection"])
        await network.clock.advance(30)
        assert not listener.ids
        sandbox.faults.clear()
        await listener.until(lambda: bool(sandbox.connections))
        ids += await network.publish(["heard"])
        await listener.until(lambda: listener.ids >= set(ids))
        assert sandbox.timeline.sent[int(ids[0])] == 0
        assert set(times(listener).values()) == {1}
