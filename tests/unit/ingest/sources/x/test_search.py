"""Recent search as a source: a backfill that ends, resumed where it was."""

import asyncio
from datetime import timedelta

import pytest

from sandbox.sandbox import Sandbox
from services.ingest.brands.brand_query import XRule
from services.ingest.sources.base import BudgetSpentError, SourceBatch, SourceRefusedError
from services.ingest.sources.x.cursor import XCursor, first_id
from services.ingest.sources.x.source import XSearch
from tests.unit.ingest.sources.x.networks import SandboxNetwork
from tests.unit.ingest.sources.x.surroundings import Purse, TwoClocks, query, settings_for

TWO = (XRule("apples from:somebody", "voxpop:brand:1"), XRule("pears from:somebody", "voxpop:brand:2"))


async def read(source: XSearch, cursor: str | None = None, most: int = 10**9) -> list[SourceBatch]:
    """Return a backfill's batches, `most` of them at the most."""
    row = source.batches(cursor)
    found: list[SourceBatch] = []
    async for batch in row:
        found.append(batch)
        if len(found) == most:
            break
    await row.aclose()
    return found


def ids(batches: list[SourceBatch]) -> list[str]:
    """Return the ids of the posts that came, in order."""
    return [post["post_id"] for batch in batches for post in batch.posts]


async def test_a_backfill_ends_with_everything_between_start_and_end(
    network: SandboxNetwork, sandbox: Sandbox, clock: TwoClocks
) -> None:
    """In several pages, each post once, and nothing before or after."""
    await network.publish(["too early"])
    await clock.advance(100)
    start = clock.now()
    wanted = await network.publish([f"post {number}" for number in range(250)])
    await clock.advance(100)
    end = clock.now()
    await network.publish(["too late"])
    await clock.advance(100)
    source = XSearch(settings_for(sandbox), query(), network.report, Purse(), clock, start=start, end=end)
    assert sorted(ids(await read(source))) == sorted(wanted)
    assert sandbox.requests["search"] == 3


async def test_a_post_of_two_queries_comes_once(network: SandboxNetwork, sandbox: Sandbox, clock: TwoClocks) -> None:
    """Each rule is a search of its own."""
    wanted = await network.publish(["apples", "pears", "apples and pears"])
    await clock.advance(60)
    source = XSearch(settings_for(sandbox), query(*TWO), network.report, Purse(), clock)
    assert sorted(ids(await read(source))) == sorted(wanted)


@pytest.mark.parametrize("read_before", [1, 2, 3])
async def test_a_backfill_goes_on_from_its_cursor(
    network: SandboxNetwork, sandbox: Sandbox, clock: TwoClocks, read_before: int
) -> None:
    """Downwards from where it was, in the query that it was in; then what was published meanwhile."""
    wanted = await network.publish([f"{kind} {number}" for number in range(150) for kind in ("apples", "pears")])
    await clock.advance(60)
    source = XSearch(settings_for(sandbox), query(*TWO), network.report, Purse(), clock)
    before = await read(source, most=read_before)
    cursor = next((batch.cursor for batch in reversed(before) if batch.cursor is not None), None)
    after = await read(source, cursor)
    assert sorted({*ids(before), *ids(after)}) == sorted(wanted)


async def test_a_token_that_lapsed_is_done_without(network: SandboxNetwork, sandbox: Sandbox, clock: TwoClocks) -> None:
    """A page that X refuses by its token is asked for by ids."""
    wanted = await network.publish([f"post {number}" for number in range(250)])
    await clock.advance(60)
    row = XSearch(settings_for(sandbox), query(), network.report, Purse(), clock).batches(None)
    first = await anext(row)
    sandbox.order("search", "invalid")
    assert sorted(ids([first] + [batch async for batch in row])) == sorted(wanted)


async def test_a_backfill_stops_at_the_month_with_what_was_paid_for(
    network: SandboxNetwork, sandbox: Sandbox, clock: TwoClocks
) -> None:
    """It never asks for more than may be read."""
    await network.publish([f"post {number}" for number in range(250)])
    await clock.advance(60)
    purse = Purse(130)
    row = XSearch(settings_for(sandbox), query(), network.report, purse, clock).batches(None)
    seen: list[SourceBatch] = []

    async def read_on() -> None:
        async for batch in row:
            seen.append(batch)  # noqa: PERF401 - it raises in the end

    with pytest.raises(BudgetSpentError):
        await read_on()
    assert len(ids(seen)) == purse.spent == 130


async def test_a_plan_without_search_is_refused(network: SandboxNetwork, sandbox: Sandbox, clock: TwoClocks) -> None:
    """In words."""
    sandbox.order("search", "not-enrolled")
    with pytest.raises(SourceRefusedError, match="your X plan does not include recent search"):
        await read(XSearch(settings_for(sandbox), query(), network.report, Purse(), clock))


async def test_x_own_cap_ends_it(network: SandboxNetwork, sandbox: Sandbox, clock: TwoClocks) -> None:
    """Whatever our own budget says."""
    sandbox.order("search", "usage-cap")
    with pytest.raises(BudgetSpentError, match="X says"):
        await read(XSearch(settings_for(sandbox), query(), network.report, Purse(), clock))


async def test_a_time_that_search_does_not_reach_is_refused(
    network: SandboxNetwork, sandbox: Sandbox, clock: TwoClocks
) -> None:
    """Before anything is asked."""
    end = clock.now() - timedelta(days=8)
    with pytest.raises(SourceRefusedError, match="seven days"):
        XSearch(settings_for(sandbox), query(), network.report, Purse(), clock, end=end)


async def test_a_search_that_follows_has_a_cursor_before_its_first_page(
    network: SandboxNetwork, sandbox: Sandbox, clock: TwoClocks
) -> None:
    """A crash in its first moments loses nothing: where it began is handed over at once."""
    sandbox.faults.stand("search", "silence")
    source = XSearch(settings_for(sandbox), query(), network.report, Purse(), clock, follow=True)
    row = source.batches(None)
    reading = asyncio.ensure_future(anext(row))
    await clock.until(reading.done)
    assert XCursor.read(str((await reading).cursor)).since < first_id(clock.now())
    await row.aclose()
