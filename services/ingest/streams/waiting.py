"""Waiting for a moment or a word, whichever comes first."""

import asyncio

from shared.clock import Clock


async def sleep_unless(event: asyncio.Event, seconds: float, clock: Clock) -> bool:
    """Wait `seconds`, or until `event` is set; tell whether it is."""
    if event.is_set():
        return True
    waits = {asyncio.ensure_future(clock.sleep(seconds)), asyncio.ensure_future(event.wait())}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
    return event.is_set()
