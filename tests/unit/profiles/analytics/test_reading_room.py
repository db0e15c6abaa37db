"""How many samples are looked through at once."""

import asyncio

import pytest

from services.profiles.analytics.reading_room import MOST_WAITING, SEATS, WIDE, ReadingRoom
from shared.errors import OverloadedError


async def test_few_read_and_few_wait() -> None:
    """No more than the seats read at once, a bounded number waits, and who comes then is told to come back."""
    room, full, leave = ReadingRoom(), asyncio.Event(), asyncio.Event()
    inside, most = 0, 0

    async def read() -> None:
        nonlocal inside, most
        async with room.seat():
            inside += 1
            most = max(most, inside)
            if inside == SEATS:
                full.set()
            await leave.wait()
            inside -= 1

    async with asyncio.TaskGroup() as readers:
        for _ in range(SEATS + MOST_WAITING):
            readers.create_task(read())
        await full.wait()
        with pytest.raises(OverloadedError):
            await asyncio.wait_for(read(), 5)
        leave.set()
    assert (most, inside) == (SEATS, 0)
    await read()


async def test_who_gives_up_leaves_its_place() -> None:
    """A reader that is cancelled while it waits, or while it reads, keeps no seat."""
    room = ReadingRoom()

    async def stay() -> None:
        async with room.seat():
            await asyncio.Event().wait()

    for _ in range(3):
        tasks = [asyncio.create_task(stay()) for _ in range(SEATS + MOST_WAITING)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(5), room.seat():
        pass


async def test_a_short_reading_needs_no_seat() -> None:
    """While all seats are taken a reading of few buckets goes on at once, and one of many waits."""
    room = ReadingRoom()
    async with room.seat(), room.seat():
        async with asyncio.timeout(5), room.seat_for(WIDE):
            pass
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0), room.seat_for(WIDE + 1):
                pass
    async with asyncio.timeout(5), room.seat_for(WIDE + 1):
        pass
