"""What every runner of a replica works with."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from services.ingest.brands.brand_query import BrandQuery
from services.ingest.brands.store import BrandStore
from services.ingest.pipeline import Receipt
from services.ingest.sources.base import Removal, Report, Source
from services.ingest.streams.progress import StreamMetrics
from services.ingest.streams.store import LEASE, StreamStore
from services.ingest.streams.stream import Stream
from services.ingest.vault.cipher import Cipher
from shared.analyzed_post import Platform
from shared.clock import Clock

Deliver = Callable[[str, Sequence[Any]], Awaitable[Receipt]]
"""Folds posts of a brand: `Pipeline.deliver`, with what it raises."""
Remove = Callable[[str, Sequence[Removal]], Awaitable[int]]
"""Takes what is gone out of a brand's profiles and stored texts, and returns how many posts that were."""


class SourceFactory(Protocol):
    """Makes sources; the registry of sources does."""

    def platform(self, source: str) -> Platform:
        """Return the platform of a source by its name; raises SourceRefusedError."""
        ...

    def build(self, stream: Stream, query: BrandQuery, report: Report, spent: Callable[[int], None]) -> Source:
        """Return a source for a stream; raises CredentialError, SourceRefusedError."""
        ...

    def leaves(self, source: str) -> bool:
        """Tell whether streams of a source leave something at their network, to go when they are paused or deleted."""
        ...

    async def withdraw(self, stream: Stream) -> None:
        """Take away what a stream left at its network, within seconds; raises SourceError where it stays."""
        ...


@dataclass(frozen=True)
class StreamRuntime:
    """Where streams are kept, what makes sources, and where posts and removals go.

    A lease lapses `lease` after its renewal; its owner renews it every sixth of that and stops after two thirds
    without success, so that clocks of replicas may differ by the last third.
    """

    streams: StreamStore
    brands: BrandStore
    sources: SourceFactory
    deliver: Deliver
    remove: Remove
    cipher: Cipher
    clock: Clock
    metrics: StreamMetrics
    lease: timedelta = LEASE
