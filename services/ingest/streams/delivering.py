"""The way of a source's delivery: the brand's rules, the profiles, the removals; patient where a peer is not there."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from services.ingest.brands.query import Query
from services.ingest.sources.base import MAX_POSTS, Delivery, Removal
from services.ingest.streams.tally import Tally
from services.ingest.streams.tools import Tools
from services.ingest.streams.waiting import sleep_unless
from shared.errors import OverloadedError, PeerRefusedError, PeerUnavailableError

Result = TypeVar("Result")

FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 30.0
IN_A_THREAD: Final = 20
"""Posts from which judging them is left to a thread."""
_NOT_TAKEN: Final = frozenset({400, 413, 422})


class StopAskedError(Exception):
    """The stream was asked to stop while a delivery waited for a peer; it was not acknowledged and comes again."""


class Delivering:
    """Takes deliveries of one stream, one after the other.

    A delivery is taken whole: while sentiment or profiles is away or full it is tried again, with growing waits, and
    the source is not asked for another. So a slow peer slows the network down, and nothing is dropped.
    """

    def __init__(self, tools: Tools, query: Query, tally: Tally, stop: asyncio.Event) -> None:
        """Deliver for the brand of `query`; waiting ends once `stop` is set."""
        self._tools = tools
        self._query = query
        self._tally = tally
        self._stop = stop

    async def take(self, delivery: Delivery) -> None:
        """Return once the posts are folded and the removals done; raises StopAskedError."""
        posts = list(delivery.posts)
        if len(posts) < IN_A_THREAD:
            selection = self._query.select(posts)
        else:
            selection = await asyncio.to_thread(self._query.select, posts)
        self._tally.selected(selection)
        for start in range(0, len(selection.posts), MAX_POSTS):
            await self._fold(selection.posts[start : start + MAX_POSTS])
        if delivery.removals:
            await self._remove(delivery.removals)

    async def _remove(self, removals: Sequence[Removal]) -> None:
        """Make removals as `_fold` folds: one that profiles does not take holds up no other."""
        brand = self._query.brand
        try:
            removed = await self._patiently(lambda: self._tools.remove(brand, removals))
        except PeerRefusedError as error:
            if len(removals) == 1:
                self._tally.refused(f"{error.peer} does not take the removal ({error.status})")
                return
            middle = len(removals) // 2
            await self._remove(removals[:middle])
            await self._remove(removals[middle:])
        else:
            self._tally.removed(removed)

    async def _fold(self, posts: Sequence[dict[str, Any]]) -> None:
        """Fold posts; where a peer does not take the batch, halves of it, down to the post that it does not take."""
        brand = self._query.brand
        try:
            receipt = await self._patiently(lambda: self._tools.deliver(brand, posts))
        except PeerRefusedError as error:
            if len(posts) == 1:
                self._tally.refused(f"{error.peer} does not take it ({error.status})")
                return
            middle = len(posts) // 2
            await self._fold(posts[:middle])
            await self._fold(posts[middle:])
        else:
            self._tally.delivered(posts, receipt)

    async def _patiently(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do `work` until it succeeds; raises PeerRefusedError where the same again would never be taken."""
        wait = FIRST_WAIT
        while True:
            try:
                result = await work()
            except PeerRefusedError as error:
                if error.status in _NOT_TAKEN:
                    raise
                sentence, asked = error.detail, 0
            except (PeerUnavailableError, OverloadedError) as error:
                sentence, asked = error.detail, error.retry_after
            else:
                self._tally.held_up(None)
                return result
            self._tally.held_up(sentence)
            seconds = max(float(asked), wait * (1 + random.random()) / 2)  # noqa: S311 - jitter is no secret
            if await sleep_unless(self._stop, seconds, self._tools.clock):
                raise StopAskedError
            wait = min(LONGEST_WAIT, 2 * wait)
