"""A network on this machine that misbehaves on order, and a reader of sources, for `source_contract`."""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from services.ingest.post import Post, parse_post
from services.ingest.sources.base import MAX_CURSOR, MAX_POSTS, Removal, Source, SourceBatch
from tests.unit.ingest.virtual_clock import VirtualClock

PATIENCE = 1800.0
"""Virtual seconds within which whatever a source is asked for must have come."""


class Recorder:
    """A `Report` that remembers what it was told."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self.modes: list[str] = []
        self.sentences: list[str] = []
        self.reconnections = 0
        self.unread: Counter[str] = Counter()

    def listening(self, mode: str) -> None:
        """See `Report.listening`."""
        self.modes.append(mode)

    def degraded(self, sentence: str) -> None:
        """See `Report.degraded`."""
        self.sentences.append(sentence)

    def reconnected(self) -> None:
        """See `Report.reconnected`."""
        self.reconnections += 1

    def dropped(self, reason: str, count: int = 1) -> None:
        """See `Report.dropped`."""
        self.unread[reason] += count


class Network(ABC):
    """A network on this machine, and how to listen to it; every fault lasts until `mend`."""

    removes = False
    """Whether it tells of deleted posts; then `remove` is there."""
    pushes = True
    """Whether it keeps a connection open to push posts; a network that is polled does not."""
    refuses = True
    """Whether it can say no for good; then `refuse` is there."""
    secrets: Sequence[str] = ()
    """What must never be shown: the tokens that the source was given."""

    def __init__(self) -> None:
        """Begin with a fresh clock and report."""
        self.clock = VirtualClock()
        self.report = Recorder()
        self.connections: list[float] = []
        """The clock's time of each connection (of a polled network: of each first request of a round)."""

    @abstractmethod
    def source(self) -> Source:
        """Return a new source over the same network, clock and report, as a restarted process would build it."""

    @abstractmethod
    async def publish(self, texts: Sequence[str]) -> list[str]:
        """Publish a post for each text, all asked for by the source's query; return the ids that they have as posts."""

    async def remove(self, post_id: str) -> None:
        """Delete a post that was published."""
        raise NotImplementedError

    @abstractmethod
    async def garbage(self) -> None:
        """Send what cannot be read, once, or put it before the next answers.

        Cut-off JSON, another type, missing and unknown fields, a line or a body of 1 MB, bytes that are no UTF-8.
        """

    @abstractmethod
    async def drop(self) -> None:
        """End what is open at once, in the middle of a message where there is one; refuse nothing afterwards."""

    @abstractmethod
    async def stall(self) -> None:
        """Keep open what is open and answer whatever comes with silence."""

    @abstractmethod
    async def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """End what is open, and answer each connection or request with this from now on."""

    @abstractmethod
    async def hang_up(self) -> None:
        """End what is open, and end each connection properly (or answer with nothing new) at once from now on."""

    async def refuse(self) -> None:
        """Say no for good to everything: a wrong token, or a query or a page that is not there."""
        raise NotImplementedError

    @abstractmethod
    async def mend(self) -> None:
        """End every fault; what was published meanwhile is there."""

    @property
    @abstractmethod
    def open_connections(self) -> int:
        """How many connections clients hold open at this moment (idle ones of a pool too)."""


class Listener:
    """Reads a source as the stream's runner does, and keeps what came."""

    def __init__(self, network: Network, source: Source) -> None:
        """Read `source`, whose waits are on the network's clock."""
        self._network = network
        self._source = source
        self.posts: list[Post] = []
        self.removals: list[Removal] = []
        self.cursor: str | None = None
        self.batches: list[SourceBatch] = []
        self.reading: asyncio.Task[None] | None = None
        self.storing = asyncio.Event()
        """Cleared, it keeps the listener from asking for the next batch, as a slow store would."""
        self.storing.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let virtual time pass until `condition` holds; what the source raised meanwhile is raised here."""
        ended = self.reading.done if self.reading else lambda: False
        await self._network.clock.until(lambda: condition() or ended(), step=1.0, limit=PATIENCE)
        if self.reading and ended() and not condition():
            self.reading.result()
            raise AssertionError("the source ended before what was waited for came")

    async def read(self, cursor: str | None) -> None:
        """Read until cancelled; each post must be one that the pipeline takes."""
        row = self._source.batches(cursor)
        try:
            async for batch in row:
                assert len(batch.posts) <= MAX_POSTS
                assert batch.cursor is None or len(batch.cursor) <= MAX_CURSOR
                self.batches.append(batch)
                self.posts += [self._post(item) for item in batch.posts]
                self.removals += batch.removals
                self.cursor = batch.cursor or self.cursor
                await self.storing.wait()
        finally:
            await row.aclose()

    def _post(self, item: dict[str, Any]) -> Post:
        post = parse_post(item, self._network.clock.now())
        assert isinstance(post, Post), post
        assert post.platform == self._source.platform
        return post

    @property
    def ids(self) -> set[str]:
        """The ids of the posts that came."""
        return {post.post_id for post in self.posts}


@asynccontextmanager
async def listening(network: Network, cursor: str | None = None) -> AsyncIterator[Listener]:
    """Read a new source while the block runs; whatever the source raises is raised by `Listener.until`."""
    listener = Listener(network, network.source())
    listener.reading = asyncio.create_task(listener.read(cursor))
    modes, sentences = len(network.report.modes), len(network.report.sentences)
    try:
        await listener.until(lambda: len(network.report.modes) > modes or len(network.report.sentences) > sentences)
        yield listener
    finally:
        listener.reading.cancel()
        await asyncio.gather(listener.reading, return_exceptions=True)


def ours() -> set[asyncio.Task[Any]]:
    """Return the tasks under way that the ingest service began."""
    return {task for task in asyncio.all_tasks() if "services/ingest" in repr(task).replace("\\", "/")}
