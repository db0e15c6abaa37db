"""Posts that X sent are paid for, whether or not anyone gets to see them."""

import asyncio

import pytest

from sandbox.post import SandboxAccount
from sandbox.sandbox import Sandbox
from services.ingest.sources.base import BudgetSpentError
from services.ingest.sources.network.backlog import Backlog
from services.ingest.sources.x.intake import Intake
from services.ingest.sources.x.source import XStream
from tests.contract.source_network import Recorder, listening
from tests.unit.ingest.sources.x.networks import SandboxNetwork
from tests.unit.ingest.sources.x.surroundings import Purse, TwoClocks, query, settings_for

OTHER = SandboxAccount("77", "another")


class SlowPurse(Purse):
    """A purse whose store writes down only what it is let, as `MonthlyBudget` does with a store that is slow."""

    def __init__(self) -> None:
        """Let nothing through yet."""
        super().__init__()
        self.lets = asyncio.Event()
        self.asked = 0
        self._unsaved = 0

    async def spend(self, posts: int) -> None:
        """See `Budget.spend`."""
        self.asked += 1
        self._unsaved += posts
        await self.lets.wait()
        self.spent, self._unsaved = self.spent + self._unsaved, 0


def stream_of(sandbox: Sandbox, network: SandboxNetwork, purse: Purse) -> XStream:
    """Return a stream that is paid for from `purse`."""
    return XStream(settings_for(sandbox), query(), network.report, purse, network.clock)


async def test_posts_that_lead_to_no_delivery_are_spent_within_a_second(
    network: SandboxNetwork, sandbox: Sandbox
) -> None:
    """Another brand's posts and one that cannot be read are paid for, and spent without waiting for one of ours."""
    purse = Purse()
    sandbox.rules.change({"add": [{"value": "theirs", "tag": "voxpop:other:1"}]})
    row = stream_of(sandbox, network, purse).batches(None)
    reading = asyncio.ensure_future(anext(row))
    await network.clock.until(lambda: bool(sandbox.connections), step=1.0)
    for _ in range(3):
        sandbox.publish("theirs", OTHER)
    sandbox.order("stream", "line", text='{"data": {"id": "12"}}')
    await network.clock.until(lambda: sandbox.timeline.sent.total() == 3 and bool(network.report.unread))
    await network.clock.advance(1)
    assert purse.spent == 4
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await row.aclose()
    assert purse.spent == 4


async def test_the_month_ends_by_posts_that_lead_to_no_delivery(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """A flood of another brand's posts stops the stream at the limit, though nothing of ours ever comes."""
    purse = Purse(5)
    sandbox.rules.change({"add": [{"value": "theirs", "tag": "voxpop:other:1"}]})
    row = stream_of(sandbox, network, purse).batches(None)

    async def read() -> list[str]:
        return [post["post_id"] async for batch in row for post in batch.posts]

    reading = asyncio.create_task(read())
    await network.clock.until(lambda: bool(sandbox.connections), step=1.0)
    for _ in range(7):
        sandbox.publish("theirs", OTHER)
    await network.clock.until(reading.done, step=0.5, limit=30)
    with pytest.raises(BudgetSpentError):
        reading.result()
    assert purse.spent == 7
    await network.clock.until(lambda: not sandbox.connections)


async def test_nobody_is_told_what_is_left_while_it_is_being_written_down(clock: TwoClocks) -> None:
    """A search that asks in the middle of a spending waits for its end."""
    purse = SlowPurse()
    purse.allowed = 10
    intake = Intake(Backlog(clock), Recorder(), purse)
    intake.sent(4)
    spending = asyncio.create_task(intake.spend())
    asking = asyncio.create_task(intake.left())
    await clock.run_until_idle()
    assert not asking.done()
    purse.lets.set()
    assert await asking == 6
    await spending


async def test_a_spending_that_was_cut_off_is_made_up_for(clock: TwoClocks) -> None:
    """What a cancelled spending left with the budget is written down at the next, even without another post."""
    purse = SlowPurse()
    intake = Intake(Backlog(clock), Recorder(), purse)
    intake.sent(4)
    spending = asyncio.create_task(intake.spend())
    await clock.run_until_idle()
    spending.cancel()
    await asyncio.gather(spending, return_exceptions=True)
    purse.lets.set()
    await intake.spend()
    assert purse.spent == 4
    await intake.spend()
    assert purse.asked == 2


async def test_what_came_last_is_spent_at_the_close(network: SandboxNetwork, sandbox: Sandbox) -> None:
    """A stream that is closed before the second is over has paid for what it was sent."""
    purse = Purse()
    network.source = lambda: stream_of(sandbox, network, purse)  # type: ignore[method-assign]
    async with listening(network) as listener:
        sandbox.order("stream", "duplicates", times=1)
        ids = await network.publish(["one"])
        await listener.until(lambda: listener.ids >= set(ids) and sandbox.timeline.sent.total() == 2)
        await network.clock.run_until_idle()
    assert purse.spent == 2
