"""Reading a source that is polled, on a virtual clock."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from services.ingest.sources.base import Source
from tests.unit.ingest.virtual_clock import VirtualClock


class Read:
    """What was read so far."""

    def __init__(self, clock: VirtualClock) -> None:
        """Begin with nothing."""
        self._clock = clock
        self.posts: list[dict[str, Any]] = []
        self.cursor: str | None = None
        self.reading: asyncio.Future[None] | None = None

    @property
    def texts(self) -> list[str]:
        """The texts, in the order that they came."""
        return [post["text"] for post in self.posts]

    async def until(self, condition: Callable[[], bool], step: float = 1.0, limit: float = 20_000.0) -> None:
        """Move the clock until `condition` holds; raises what the source raised."""
        ended = self.reading.done if self.reading else lambda: False
        await self._clock.until(lambda: condition() or ended(), step=step, limit=limit)
        if self.reading and ended():
            self.reading.result()

    async def to_its_end(self) -> None:
        """Move the clock until the source ends; raises what it raised."""
        await self.until(lambda: False)


@asynccontextmanager
async def reading(source: Source, clock: VirtualClock, cursor: str | None = None) -> AsyncIterator[Read]:
    """Read `source` while the block runs."""
    read = Read(clock)

    async def follow() -> None:
        row = source.batches(cursor)
        try:
            async for batch in row:
                read.posts += batch.posts
                read.cursor = batch.cursor or read.cursor
        finally:
            await row.aclose()

    read.reading = asyncio.ensure_future(follow())
    try:
        yield read
    finally:
        read.reading.cancel()
        await asyncio.wait({read.reading})
