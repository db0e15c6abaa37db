"""Deliveries of a brand that wait while another is written, written together by the next transaction.

One transaction costs much the same for one post as for a hundred. So a brand's deliveries do not queue for one each:
those that came meanwhile share one, and each is told what became of its own posts.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from services.profiles.stores.fold import fold
from services.profiles.stores.state import Arrival, Rule
from services.profiles.stores.transactions import PIECE
from shared.errors import InputError

GATHER_SECONDS: Final = 0.003
Transact = Callable[[str, Callable[[], Rule[set[str]]]], Awaitable[set[str]]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery, and where its caller waits for the keys of the posts that were counted."""

    arrivals: Sequence[Arrival]
    folded: "asyncio.Future[int]"


class GroupCommit:
    """Folds deliveries, those of a brand one group after another."""

    def __init__(self, transact: Transact) -> None:
        """Fold by `transact`, which runs a rule for a brand."""
        self._transact = transact
        self._waiting: defaultdict[str, deque[Waiting]] = defaultdict(deque)
        self._working: dict[str, asyncio.Task[None]] = {}

    async def fold(self, brand: str, arrivals: Sequence[Arrival]) -> int:
        """Count posts and return how many were new; a caller that is cancelled leaves its delivery to the others."""
        waiting = Waiting(arrivals, asyncio.get_running_loop().create_future())
        self._waiting[brand].append(waiting)
        if brand not in self._working:
            self._working[brand] = asyncio.create_task(self._work(brand))
        return await waiting.folded

    async def _work(self, brand: str) -> None:
        queue = self._waiting[brand]
        try:
            while queue:
                group = [queue.popleft()]
                posts = len(group[0].arrivals)
                while queue and posts + len(queue[0].arrivals) <= PIECE:
                    posts += len(queue[0].arrivals)
                    group.append(queue.popleft())
                await self._write(brand, group)
                if len(group) > 1:
                    # Callers who were just answered often come again at once: then they share the next one, too.
                    await asyncio.sleep(GATHER_SECONDS)
        finally:
            del self._working[brand]
            del self._waiting[brand]

    async def _write(self, brand: str, group: Sequence[Waiting]) -> None:
        first = {one.post.post_key: one for waiting in reversed(group) for one in waiting.arrivals}
        try:
            counted = await self._transact(brand, lambda: fold(list(first.values())))
        except InputError as error:
            if len(group) == 1:
                _fail(group, error)
                return
            for waiting in group:
                await self._write(brand, [waiting])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the callers' to see
            _fail(group, error)
        else:
            _tell(group, counted)


def _tell(group: Sequence[Waiting], counted: set[str]) -> None:
    for waiting in group:
        own = {one.post.post_key for one in waiting.arrivals} & counted
        counted -= own
        if not waiting.folded.done():
            waiting.folded.set_result(len(own))


def _fail(group: Sequence[Waiting], error: Exception) -> None:
    for waiting in group:
        if not waiting.folded.done():
            waiting.folded.set_exception(error)
