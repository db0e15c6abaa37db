"""A network by script, and what a replica needs around it: real stores, a clock that a test moves."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry
from typing_extensions import override

from services.ingest.brands.brand_query import BrandQuery
from services.ingest.pipeline import Receipt, Rejection
from services.ingest.sources.base import PostBudget, Removal, Report, Source, SourceBatch, SourceError
from services.ingest.store import IngestStore
from services.ingest.streams.budget import MonthlyBudget
from services.ingest.streams.progress import StreamMetrics
from services.ingest.streams.runtime import SourceFactory, StreamRuntime
from services.ingest.streams.stream import Stream
from services.ingest.vault.cipher import Cipher
from shared.analyzed_post import Platform
from shared.errors import OverloadedError, PeerError, PeerRefusedError
from tests.unit.ingest.virtual_clock import VirtualClock

VAULT_KEY = b"a vault key of the tests, 32 bytes or more"


@dataclass
class Network:
    """Numbered posts, one after the other; a cursor is the number of the last. It counts who listens."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    batch: int = 10
    ends: bool = False
    error: Exception | None = None
    is_silent: bool = False
    open: int = 0
    most_open: int = 0
    opened: int = 0
    cursors: list[str | None] = field(default_factory=list)
    leaves: bool = True
    """Whether its streams leave something here."""
    withdrawn: int = 0
    """How often what streams left here was taken away, with no listener."""
    withdrawals: int = 0
    """How often that was asked for."""
    stays: SourceError | None = None
    """Why what was left stays."""
    answers: asyncio.Event | None = None
    """What a withdrawal waits for."""
    asked: int = 0
    """Deliveries that were asked for."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, *posts: dict[str, Any]) -> None:
        """Add posts."""
        self.posts += posts
        self.changed.set()

    def fail(self, error: Exception | None) -> None:
        """Raise at the next question; None is well again."""
        self.error = error
        self.changed.set()


class ScriptedSource(Source):
    """A `Source` of a `Network`."""

    platform: Platform = "bluesky"

    def __init__(self, network: Network, report: Report, budget: PostBudget) -> None:
        """Listen to `network`."""
        self._network = network
        self._report = report
        self._budget = budget

    @override
    async def batches(self, cursor: str | None) -> AsyncGenerator[SourceBatch, None]:
        network = self._network
        network.cursors.append(cursor)
        network.open, network.opened = network.open + 1, network.opened + 1
        network.most_open = max(network.most_open, network.open)
        at = int(cursor or 0)
        try:
            self._report.listening("script")
            while True:
                network.changed.clear()
                network.asked += 1
                if network.error is not None:
                    raise network.error
                batch = network.posts[at : at + network.batch]
                if batch or network.removals:
                    removals, network.removals = network.removals, []
                    await self._budget.spend(len(batch))
                    at += len(batch)
                    yield SourceBatch(batch, removals, str(at))
                elif network.ends:
                    return
                else:
                    await network.changed.wait()
        finally:
            # A real source closes connections here, which takes a turn of the loop.
            await asyncio.sleep(0)
            network.open -= 1


@dataclass
class Profiles:
    """Where posts and removals end up; it counts each post of a brand once, and can be told to fail."""

    folded: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    deliveries: list[int] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    error: PeerError | OverloadedError | None = None
    poison: str | None = None
    gate: asyncio.Event | None = None

    async def deliver(self, brand: str, posts: Sequence[Any]) -> Receipt:
        """Fold, as `Pipeline.deliver` does."""
        if self.gate is not None:
            await self.gate.wait()
        self._fail()
        if self.poison is not None and any(post["post_id"] == self.poison for post in posts):
            raise PeerRefusedError("profiles", "profiles refused the call with 422", 422)
        bad = [place for place, post in enumerate(posts) if not post.get("text")]
        good = {(brand, post["post_id"]): post for place, post in enumerate(posts) if place not in bad}
        fresh = good.keys() - self.folded.keys()
        self.folded |= good
        self.deliveries.append(len(posts))
        rejected = [Rejection(index=place, reason="text: must not be blank") for place in bad]
        return Receipt(accepted=len(fresh), duplicates=len(posts) - len(bad) - len(fresh), rejected=rejected)

    async def remove(self, brand: str, removals: Sequence[Removal]) -> int:
        """Remove posts."""
        self._fail()
        if self.poison is not None and any(removal.post_id == self.poison for removal in removals):
            raise PeerRefusedError("profiles", "profiles refused the call with 422", 422)
        self.removals += removals
        return sum(self.folded.pop((brand, str(removal.post_id)), None) is not None for removal in removals)

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


@dataclass
class ScriptedSources(SourceFactory):
    """Makes sources of a script by name, as the registry does."""

    store: IngestStore
    clock: VirtualClock
    networks: dict[str, Network]
    limit: int = 1_000_000
    refuses: SourceError | None = None

    @override
    def platform(self, source: str) -> Platform:
        return "bluesky"

    @override
    def build(self, stream: Stream, query: BrandQuery, report: Report, spent: Callable[[int], None]) -> Source:
        if self.refuses is not None:
            raise self.refuses
        budget = MonthlyBudget(self.store.spend, "x", "X_MONTHLY_POSTS", self.limit, self.clock, spent)
        return ScriptedSource(self.networks[stream.source], report, budget)

    @override
    def leaves(self, source: str) -> bool:
        return self.networks[source].leaves

    @override
    async def withdraw(self, stream: Stream) -> None:
        network = self.networks[stream.source]
        network.withdrawals += 1
        assert not network.open
        if network.answers is not None:
            await network.answers.wait()
        await asyncio.sleep(0)
        if network.stays is not None:
            raise network.stays
        network.withdrawn += 1


def tools(store: IngestStore, sources: ScriptedSources, profiles: Profiles, clock: VirtualClock) -> StreamRuntime:
    """Return what a replica works with."""
    return StreamRuntime(
        streams=store.streams,
        brands=store.brands,
        sources=sources,
        deliver=profiles.deliver,
        remove=profiles.remove,
        cipher=Cipher(VAULT_KEY),
        clock=clock,
        metrics=StreamMetrics(CollectorRegistry()),
        lease=timedelta(seconds=30),
    )


def numbered(number: int, created_at: datetime, **fields: Any) -> dict[str, Any]:
    """Return a post that names the brand."""
    return {
        "platform": "bluesky",
        "post_id": f"post-{number}",
        "author": {"id": f"author-{number}"},
        "text": f"aerolume is late {number}",
        "created_at": created_at.isoformat(),
    } | fields
