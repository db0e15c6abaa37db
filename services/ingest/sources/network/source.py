"""What every source is given that reads a network into a backlog."""

import functools
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from typing import Generic, TypeVar

from services.ingest.brands.query import Query
from services.ingest.sources.base import Delivery, Report
from services.ingest.sources.network.backlog import Backlog, deliveries_of
from shared.clock import Clock

Settings = TypeVar("Settings")


class BacklogSource(ABC, Generic[Settings]):
    """A `Source` of what its query names; a network's own class reads, and names the platform."""

    def __init__(
        self,
        settings: Settings,
        query: Query,
        report: Report,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Keep what it is made of; nothing is asked or connected before deliveries are asked for.

        `jitter` returns numbers in [0, 1), for the waits between connections.
        """
        self._settings = settings
        self._query = query
        self._report = report
        self._clock = clock
        self._jitter = jitter

    def deliveries(self, cursor: str | None) -> AsyncGenerator[Delivery, None]:
        """See `Source.deliveries`."""
        return deliveries_of(functools.partial(self._read, cursor), self._clock)

    @abstractmethod
    async def _read(self, cursor: str | None, backlog: Backlog) -> None:
        """Put what comes after `cursor` into `backlog` until the network has no more; raises as a source does."""
