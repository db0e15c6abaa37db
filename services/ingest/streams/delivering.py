"""The way of a source's delivery: the brand's rules, the profiles, the removals."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from services.ingest.brands.query import Query
from services.ingest.sources.base import Delivery, Removal
from services.ingest.streams.carrying import Carrying
from services.ingest.streams.tally import Tally
from services.ingest.streams.tools import Tools

IN_A_THREAD: Final = 20
"""Posts from which judging them is left to a thread."""


class Delivering:
    """Takes deliveries of one stream, one after the other.

    A delivery is taken whole: while sentiment or profiles is away or full it is tried again, and the source is not
    asked for another. So a slow peer slows the network down, and nothing is dropped.
    """

    def __init__(self, tools: Tools, query: Query, tally: Tally, stop: asyncio.Event) -> None:
        """Deliver for the brand of `query`; waiting ends once `stop` is set."""
        self._tools = tools
        self._query = query
        self._tally = tally
        self._carrying = Carrying(tools.clock, tally, stop)

    async def take(self, delivery: Delivery) -> None:
        """Return once the posts are folded and the removals done; raises StopAskedError."""
        posts = list(delivery.posts)
        if len(posts) < IN_A_THREAD:
            selection = self._query.select(posts)
        else:
            selection = await asyncio.to_thread(self._query.select, posts)
        self._tally.selected(selection)
        await self._carrying.carry(selection.posts, self._fold)
        await self._carrying.carry(delivery.removals, self._remove)

    async def _fold(self, posts: Sequence[dict[str, Any]]) -> None:
        receipt = await self._tools.deliver(self._query.brand, posts)
        self._tally.delivered(posts, receipt)

    async def _remove(self, removals: Sequence[Removal]) -> None:
        self._tally.removed(await self._tools.remove(self._query.brand, removals))
