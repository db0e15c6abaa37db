"""What `services.ingest.sources.network.backlog` promises."""

import asyncio

import pytest

from services.ingest.sources.base import MAX_POSTS, Removal, SourceBatch
from services.ingest.sources.network.backlog import CURSOR_SECONDS, Backlog, batches_of
from tests.unit.ingest.virtual_clock import VirtualClock


@pytest.fixture
def backlog(clock: VirtualClock) -> Backlog:
    """Return an empty backlog."""
    return Backlog(clock)


async def taken(backlog: Backlog) -> SourceBatch:
    """Return what is there."""
    batch = await asyncio.wait_for(backlog.take(), 60)
    assert batch is not None
    return batch


async def test_what_is_put_is_taken_at_once(backlog: Backlog) -> None:
    """Posts and removals come apart, with the cursor of the last that had one."""
    gone = Removal("bluesky", "deleted", post_id="2")
    await backlog.put({"post_id": "1"}, "a")
    await backlog.put(gone, "b")
    await backlog.put({"post_id": "3"})
    batch = await taken(backlog)
    assert (list(batch.posts), list(batch.removals)) == ([{"post_id": "1"}, {"post_id": "3"}], [gone])
    assert batch.cursor == "b"


async def test_a_full_backlog_holds_up_whoever_puts(clock: VirtualClock, backlog: Backlog) -> None:
    """A batch's worth fits; the next put waits until that was taken, and nothing is lost."""

    async def put_many() -> None:
        for number in range(MAX_POSTS + 1):
            await backlog.put({"post_id": str(number)}, str(number))

    putting = asyncio.create_task(put_many())
    await clock.run_until_idle()
    assert not putting.done()
    assert backlog.is_full
    first = await taken(backlog)
    assert (len(first.posts), first.cursor) == (MAX_POSTS, str(MAX_POSTS - 1))
    await putting
    assert (await taken(backlog)).cursor == str(MAX_POSTS)


async def test_a_cursor_alone_comes_now_and_then(clock: VirtualClock, backlog: Backlog) -> None:
    """Where no posts come, the place is handed over every few seconds, and only the latest."""
    taking = asyncio.create_task(backlog.take())
    for number in range(100):
        backlog.reached(str(number))
        await clock.run_until_idle()
    assert not taking.done()
    await clock.advance(CURSOR_SECONDS)
    backlog.reached("100")
    batch = await taking
    assert batch is not None
    assert (batch.cursor, list(batch.posts)) == ("100", [])


async def test_a_cursor_comes_with_posts_and_never_goes_back(backlog: Backlog) -> None:
    """What was reached before a post gives way to the post's cursor, and what was reached after goes before it."""
    backlog.reached("1")
    await backlog.put({}, "2")
    assert (await taken(backlog)).cursor == "2"
    await backlog.put({}, "3")
    backlog.reached("4")
    assert (await taken(backlog)).cursor == "4"


async def test_a_row_ends_with_its_reader(clock: VirtualClock) -> None:
    """What was put before the reader returned or failed comes first; then the row ends, or raises what it raised."""

    async def returns(backlog: Backlog) -> None:
        await backlog.put({"post_id": "1"}, "a")

    async def fails(backlog: Backlog) -> None:
        await backlog.put({"post_id": "1"}, "a")
        raise KeyError("the reader's own")

    assert [batch.cursor async for batch in batches_of(returns, clock)] == ["a"]
    row = batches_of(fails, clock)
    assert (await anext(row)).cursor == "a"
    with pytest.raises(KeyError, match="own"):
        await anext(row)


async def test_closing_a_row_ends_its_reader(clock: VirtualClock) -> None:
    """The reader is cancelled and has ended when the row is closed, also where nothing had come."""
    ended: list[str] = []

    async def reads(backlog: Backlog) -> None:
        try:
            await backlog.put({}, "a")
            await clock.sleep(1e9)
        finally:
            await asyncio.sleep(0)
            ended.append("ended")

    row = batches_of(reads, clock)
    await anext(row)
    await row.aclose()
    assert ended == ["ended"]
    waiting = batches_of(reads, clock)
    await anext(waiting)
    reading = asyncio.ensure_future(anext(waiting))
    await clock.run_until_idle()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert ended == ["ended", "ended"]
