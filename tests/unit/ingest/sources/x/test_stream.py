"""The stream beside what the contract of sources asks of it."""

import asyncio

import pytest

from sandbox.post import SandboxAccount
from sandbox.sandbox import Sandbox
from services.ingest.brands.brand_query import XRule
from services.ingest.sources.base import BudgetSpentError, CredentialError, SourceRefusedError
from services.ingest.sources.x.cursor import XCursor, first_id
from services.ingest.sources.x.source import XStream
from tests.contract.source_network import listening
from tests.unit.ingest.sources.x.networks import SandboxNetwork
from tests.unit.ingest.sources.x.surroundings import Purse, TwoClocks, query, read_through, settings_for


async def test_duplicates_are_delivered_once(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """A post that X sends twice comes once."""
    async with listening(network) as listener:
        sandbox.order("stream", "duplicates", times=3)
        ids = await network.publish(["one", "two", "three", "four"])
        await listener.until(lambda: listener.ids >= set(ids))
        assert sandbox.timeline.sent.total() == 7
        assert len(listener.posts) == 4


async def test_posts_of_other_rules_on_the_same_app_are_left_out(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """X sends what any rule of the app matches: what only another brand's rule matches is not ours."""
    sandbox.rules.change({"add": [{"value": "theirs", "tag": "voxpop:other:1"}]})
    async with listening(network) as listener:
        sandbox.publish("theirs", SandboxAccount("77", "another"))
        ids = await network.publish(["ours, and theirs"])
        await listener.until(lambda: listener.ids >= set(ids))
        assert listener.ids == set(ids)


async def test_a_second_stream_on_the_app_is_polled(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """Where the app's one connection is taken, posts come by search, and no rule of ours makes the other one pay."""
    sandbox.most_connections = 0
    async with listening(network) as listener:
        ids = await network.publish(["one"])
        await listener.until(lambda: listener.ids >= set(ids))
        told = "another stream is open on the same X app; polling search every 60 s instead"
        assert told in network.report.sentences
        await listener.until(lambda: "data" not in sandbox.rules.written())
        sandbox.most_connections = 1
        await listener.until(lambda: bool(sandbox.connections))
        ids += await network.publish(["two"])
        await listener.until(lambda: listener.ids >= set(ids))
        assert str(ids[1]) in {str(number) for number in sandbox.timeline.sent}


async def test_x_own_word_of_a_disconnection_is_understood(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """After the message that announces it the stream connects again, and nothing counts as unreadable."""
    async with listening(network) as listener:
        sandbox.order("stream", "disconnect")
        await listener.until(lambda: network.report.reconnections == 1)
        assert not network.report.unread
        assert len(sandbox.connected_at) == 2


async def test_the_month_ends_the_stream_with_everything_that_was_paid_for(
    sandbox: Sandbox, network: SandboxNetwork
) -> None:
    """At the limit the posts that were sent come, then BudgetSpentError; nothing more is asked for."""
    purse = Purse(5)
    source = XStream(settings_for(sandbox), query(), network.report, purse, network.clock)
    row = source.batches(None)
    seen: set[str] = set()

    async def read() -> None:
        async for batch in row:
            seen.update(post["post_id"] for post in batch.posts)

    reading = asyncio.create_task(read())
    await network.clock.until(lambda: bool(sandbox.connections), step=1.0)
    ids = await network.publish([f"post {number}" for number in range(7)])
    await network.clock.until(reading.done, step=1.0)
    with pytest.raises(BudgetSpentError):
        reading.result()
    assert seen <= set(ids)
    assert len(seen) >= 5
    assert purse.spent == len(seen)


async def test_a_spent_month_connects_to_nothing(sandbox: Sandbox, network: SandboxNetwork) -> None:
    """Without anything left no connection is made."""
    source = XStream(settings_for(sandbox), query(), network.report, Purse(0), network.clock)
    with pytest.raises(BudgetSpentError, match="X_MONTHLY_POSTS"):
        await read_through(source)
    assert not sandbox.requests


async def test_a_missing_token_is_named(sandbox: Sandbox, network: SandboxNetwork) -> None:
    """Before anything is asked."""
    settings = settings_for(sandbox, x_bearer_token=None)
    with pytest.raises(CredentialError, match="X_BEARER_TOKEN is not set"):
        await anext(XStream(settings, query(), network.report, Purse(), network.clock).batches(None))


async def test_a_rule_that_x_does_not_take_is_named_by_its_tag(sandbox: Sandbox, network: SandboxNetwork) -> None:
    """The sentence names the tag, and where to see what is asked."""
    wrong = query(XRule("nonsense:operator", "voxpop:brand:9"))
    with pytest.raises(SourceRefusedError, match="voxpop:brand:9"):
        await read_through(XStream(settings_for(sandbox), wrong, network.report, Purse(), network.clock))


async def test_old_rules_of_the_brand_go(sandbox: Sandbox, network: SandboxNetwork) -> None:
    """Rules that the brand no longer has are deleted, others' are left, and one that is there is used."""
    old = {"value": "outdated", "tag": "voxpop:brand:0"}
    other = {"value": "theirs", "tag": "voxpop:brandy:0"}
    there = {"value": "from:somebody", "tag": "by hand"}
    sandbox.rules.change({"add": [old, other, there]})
    async with listening(network) as listener:
        assert {rule["value"] for rule in sandbox.rules.written()["data"]} == {"theirs", "from:somebody"}
        ids = await network.publish(["one"])
        await listener.until(lambda: listener.ids >= set(ids))


async def test_a_cursor_of_something_else_is_refused(network: SandboxNetwork) -> None:
    """With a sentence, not a guess."""
    with pytest.raises(SourceRefusedError, match="cursor"):
        await anext(network.source().batches("{}"))


async def test_a_cursor_older_than_search_reads_what_there_is(network: SandboxNetwork, clock: TwoClocks) -> None:
    """After three weeks away, what seven days of search still show comes; X refuses an older `since_id`."""
    ids = await network.publish(["recent"])
    await clock.advance(40)
    cursor = XCursor(first_id(clock.now()) - (21 * 86400 * 1000 << 22)).written()
    async with listening(network, cursor) as listener:
        await listener.until(lambda: listener.ids >= set(ids))
        assert not network.report.unread


async def test_a_post_from_the_future_does_not_hide_those_after_it(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """An id of next year comes as a post and moves no cursor."""
    async with listening(network) as listener:
        strange = sandbox.publish("strange", post_id=first_id(network.clock.now()) + (365 * 86400 * 1000 << 22))
        huge = sandbox.publish("strange too", post_id=2**80)
        await listener.until(lambda: listener.ids >= {str(strange.id), str(huge.id)})
        for post in (strange, huge):
            sandbox.timeline.delete(post.id)
        sandbox.order("stream", "cut")
        await network.clock.run_until_idle()
        missed = [sandbox.publish("missed").id]
        await listener.until(lambda: listener.ids >= {str(number) for number in missed})
