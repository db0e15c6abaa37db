"""What was read and not yet asked for: between a source's connection and the reader of its batches."""

import asyncio
import functools
import random
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from typing_extensions import override

from services.ingest.brands.brand_query import BrandQuery
from services.ingest.sources.base import MAX_POSTS, Removal, Report, Source, SourceBatch
from shared.clock import Clock

CURSOR_SECONDS = 5.0
"""How often a cursor is handed over where no posts come."""


class SeenIds:
    """Remembers up to `most` ids, the oldest forgotten first. What is forgotten comes twice, which harms nothing."""

    def __init__(self, most: int = 20_000) -> None:
        """Begin with nothing seen; 20,000 ids are about 2 MB."""
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._most = most

    def __contains__(self, post_id: str) -> bool:
        return post_id in self._ids

    def add(self, post_id: str) -> None:
        """Remember an id."""
        self._ids[post_id] = None
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)

    def is_new(self, post_id: str) -> bool:
        """Tell whether `post_id` was not seen before, and remember it."""
        if post_id in self._ids:
            return False
        self.add(post_id)
        return True


@dataclass(frozen=True, slots=True, repr=False)
class _Entry:
    item: dict[str, Any] | Removal
    cursor: str | None


class Backlog:
    """At most `MAX_POSTS` posts and removals, in order; a `put` past that waits until some are taken."""

    def __init__(self, clock: Clock) -> None:
        """Begin empty."""
        self._clock = clock
        self._entries: deque[_Entry] = deque()
        self._reached: str | None = None
        self._told_at = clock.monotonic()
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._is_closed = False

    async def put(self, item: dict[str, Any] | Removal, cursor: str | None = None) -> None:
        """Add one; `cursor` is where to go on once it is stored, None where that has not moved."""
        while self.is_full:
            self._room.clear()
            await self._room.wait()
        self._entries.append(_Entry(item, cursor))
        if cursor is not None:
            self._reached = None
        self._filled.set()

    @property
    def is_full(self) -> bool:
        """Whether the next `put` waits."""
        return len(self._entries) >= MAX_POSTS

    def reached(self, cursor: str, *, at_once: bool = False) -> None:
        """Say that whatever is wanted up to `cursor` was put; it is handed over with the next posts, or after 5 s."""
        self._reached = cursor
        if at_once or self._clock.monotonic() - self._told_at >= CURSOR_SECONDS:
            self._filled.set()

    def close(self) -> None:
        """Say that nothing more comes."""
        self._is_closed = True
        self._filled.set()

    async def take(self) -> SourceBatch | None:
        """Wait for something and return all of it; None once the backlog is closed and empty."""
        await self._filled.wait()
        entries, self._entries = list(self._entries), deque()
        cursor = self._reached or next((entry.cursor for entry in reversed(entries) if entry.cursor), None)
        self._reached = None
        self._room.set()
        if not self._is_closed:
            self._filled.clear()
        elif not entries and cursor is None:
            return None
        self._told_at = self._clock.monotonic()
        items = [entry.item for entry in entries]
        return SourceBatch(
            posts=[item for item in items if not isinstance(item, Removal)],
            removals=[item for item in items if isinstance(item, Removal)],
            cursor=cursor,
        )


async def batches_of(
    read: Callable[[Backlog], Coroutine[Any, Any, None]], clock: Clock
) -> AsyncGenerator[SourceBatch, None]:
    """Run `read` and yield what it puts, until it returns; what it raises is raised once its last posts are out.

    The task is ended by hand: a TaskGroup held over a `yield` would cancel the reader of these batches wherever it is.
    """
    backlog = Backlog(clock)
    reader = asyncio.create_task(read(backlog))
    reader.add_done_callback(lambda _: backlog.close())
    try:
        while (batch := await backlog.take()) is not None:
            yield batch
        reader.result()
    finally:
        reader.cancel()
        await asyncio.wait({reader})
        if not reader.cancelled():
            reader.exception()


Settings = TypeVar("Settings")


class BacklogSource(Source, ABC, Generic[Settings]):
    """A `Source` of what its query names; a network's own class reads, and names the platform."""

    def __init__(
        self,
        settings: Settings,
        query: BrandQuery,
        report: Report,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Keep what it is made of; nothing is asked or connected before batches are asked for.

        `jitter` returns numbers in [0, 1), for the waits between connections.
        """
        self._settings = settings
        self._query = query
        self._report = report
        self._clock = clock
        self._jitter = jitter

    @override
    def batches(self, cursor: str | None) -> AsyncGenerator[SourceBatch, None]:
        return batches_of(functools.partial(self._read, cursor), self._clock)

    @abstractmethod
    async def _read(self, cursor: str | None, backlog: Backlog) -> None:
        """Put what comes after `cursor` into `backlog` until the network has no more; raises as a source does."""
