"""Work that goes on beside the requests, for as long as the service does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import structlog

from shared.clock import Clock

AGAIN_SECONDS: Final = 10.0

log = structlog.get_logger(__name__)


@asynccontextmanager
async def running(work: Mapping[str, Callable[[], Awaitable[None]]], clock: Clock) -> AsyncIterator[None]:
    """Run each piece of work in a task of its own until the end; one that fails is begun again after 10 s."""
    tasks = [asyncio.create_task(_kept(name, piece, clock), name=name) for name, piece in work.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _kept(name: str, piece: Callable[[], Awaitable[None]], clock: Clock) -> None:
    while True:
        try:
            await piece()
        except Exception as error:  # noqa: BLE001 - whatever it is, the service goes on and so does the other work
            log.warning("background.failed", work=name, error=type(error).__name__)
        else:
            return
        await clock.sleep(AGAIN_SECONDS)
