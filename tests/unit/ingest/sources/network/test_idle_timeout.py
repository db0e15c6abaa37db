"""What `services.ingest.sources.network.idle_timeout` promises."""

import asyncio

import pytest

from services.ingest.sources.network.idle_timeout import IdleTimeout
from tests.unit.ingest.virtual_clock import VirtualClock


async def listen(idle: IdleTimeout) -> None:
    """Listen for ever."""
    async with idle:
        await asyncio.get_running_loop().create_future()


async def test_silence_ends_the_block() -> None:
    """After the seconds, and not before, TimeoutError is raised where the block stands."""
    clock = VirtualClock()
    listening = asyncio.create_task(listen(IdleTimeout(clock, 30)))
    await clock.advance(29.9)
    assert not listening.done()
    await clock.advance(0.2)
    with pytest.raises(TimeoutError):
        await listening
    assert clock.sleepers == 0


async def test_what_is_heard_begins_the_count_anew() -> None:
    """Each word gives the whole time again."""
    clock = VirtualClock()
    idle = IdleTimeout(clock, 30)
    listening = asyncio.create_task(listen(idle))
    for _ in range(5):
        await clock.advance(20)
        idle.reset()
    assert not listening.done()
    await clock.advance(31)
    with pytest.raises(TimeoutError):
        await listening


async def test_a_pause_is_no_silence() -> None:
    """While it is we who do not listen nothing is counted, and afterwards the whole time is left."""
    clock = VirtualClock()
    idle = IdleTimeout(clock, 30)
    listening = asyncio.create_task(listen(idle))
    await clock.advance(10)
    with idle.paused():
        await clock.advance(600)
    await clock.advance(29)
    assert not listening.done()
    await clock.advance(31)
    with pytest.raises(TimeoutError):
        await listening


async def test_a_block_that_ends_leaves_nothing() -> None:
    """The end of the block, an error and a cancellation end the watch; each is passed on as it was."""
    clock = VirtualClock()
    async with IdleTimeout(clock, 30):
        await clock.advance(1)
    with pytest.raises(KeyError):
        async with IdleTimeout(clock, 30):
            raise KeyError
    listening = asyncio.create_task(listen(IdleTimeout(clock, 30)))
    await clock.advance(1)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert clock.sleepers == 0
