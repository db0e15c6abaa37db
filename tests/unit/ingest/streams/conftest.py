"""Replicas that share one store and one clock."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from services.ingest.brands.brand import BrandSettings
from services.ingest.sources.base import SourceError
from services.ingest.store import IngestStore, open_store
from services.ingest.streams.store import LEASE
from services.ingest.streams.stream import DesiredState, Stream, StreamKind, StreamState
from services.ingest.streams.supervisor import Supervisor
from shared.store_url import SqliteUrl
from tests.unit.ingest.streams.scripted import Network, Profiles, ScriptedSources, numbered, tools
from tests.unit.ingest.virtual_clock import VirtualClock


class World:
    """One store, some networks, one profiles service, and the replicas that a test starts."""

    def __init__(self, store: IngestStore, clock: VirtualClock) -> None:
        """Begin without a replica, with networks `one` and `two` and the brand `aerolume`."""
        self.store, self.clock, self.profiles = store, clock, Profiles()
        self.networks = {"one": Network(), "two": Network()}
        self.one, self.two = self.networks["one"], self.networks["two"]
        self.sources = ScriptedSources(store, clock, self.networks)
        self.stack = AsyncExitStack()
        self.most = 8
        self.lease = LEASE

    async def replica(self, store: IngestStore | None = None) -> Supervisor:
        """Start a replica, on the store or on a look-alike of it."""
        supervisor = Supervisor(tools(store or self.store, self.sources, self.profiles, self.clock), self.most)
        await self.stack.enter_async_context(supervisor.running())
        return supervisor

    async def stream(self, source: str = "one", kind: StreamKind = StreamKind.STREAM, **parameters: Any) -> str:
        """Ask for a stream and return its id."""
        wanted = Stream.made(kind, "aerolume", source, parameters, self.clock.now())
        return (await self.store.streams.add(wanted)).stream_id

    async def running(self, source: str = "one", kind: StreamKind = StreamKind.STREAM) -> str:
        """Ask for a stream, start a replica, and return the stream's id."""
        stream_id = await self.stream(source, kind)
        await self.replica()
        return stream_id

    async def folding(self, posts: int) -> str:
        """Return the id of a stream that runs and has folded its first posts."""
        stream_id = await self.running()
        self.publish(1, posts)
        await self.until_folded(posts)
        return stream_id

    async def shown(self, stream_id: str) -> Stream:
        """Return a stream as it stands."""
        return await self.store.streams.find(stream_id)

    async def state(self, stream_id: str) -> StreamState:
        """Return a stream's state as people see it."""
        return (await self.shown(stream_id)).state_at(self.clock.now())

    async def until_state(self, stream_id: str, state: StreamState) -> Stream:
        """Let time pass until the stream is in `state`."""
        latest = self.clock.monotonic() + 600
        while True:
            stream = await self.shown(stream_id)
            found = stream.state_at(self.clock.now())
            if found is state:
                return stream
            assert self.clock.monotonic() < latest, f"{found} instead of {state}: {stream.progress.last_error}"
            await self.clock.advance(1)

    async def pause(self, stream_id: str) -> None:
        """Have a stream paused, by a replica that may not have it."""
        leaves = self.sources.leaves((await self.shown(stream_id)).source)
        await self.store.streams.want(stream_id, DesiredState.PAUSED, self.clock.now(), leaves=leaves)

    async def resume(self, stream_id: str) -> None:
        """Have a stream go on."""
        await self.store.streams.want(stream_id, DesiredState.RUNNING, self.clock.now())

    async def delete(self, stream_id: str) -> None:
        """Have a stream deleted, by a replica that may not have it."""
        leaves = self.sources.leaves((await self.shown(stream_id)).source)
        await self.store.streams.delete(stream_id, self.clock.now(), leaves=leaves)

    def publish(self, first: int, last: int, network: Network | None = None, **fields: Any) -> None:
        """Publish the posts with these numbers, now."""
        posts = (numbered(number, self.clock.now(), **fields) for number in range(first, last + 1))
        (network or self.one).publish(*posts)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let time pass until a condition holds."""
        await self.clock.until(condition, step=0.5)

    async def until_folded(self, count: int) -> None:
        """Let time pass until so many posts are folded."""
        await self.until(lambda: len(self.profiles.folded) >= count)

    def refuse(self, error: SourceError | None) -> None:
        """Make sources refuse to be built."""
        self.sources.refuses = error


@pytest.fixture
async def world(tmp_path: Path, clock: VirtualClock) -> AsyncIterator[World]:
    """Yield a world; its replicas end with it."""
    async with open_store(SqliteUrl(tmp_path / "ingest.db")) as store:
        await store.brands.put("aerolume", BrandSettings(keywords=["aerolume"]), clock.now())
        made = World(store, clock)
        try:
            yield made
        finally:
            await made.stack.aclose()
