"""Deliveries of one stream on their way to the profiles: in batches, with retries; the brand's rules come first."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from services.ingest.brands.brand_query import BrandQuery
from services.ingest.pipeline import DELIVERY_SECONDS, DeadlinePassedError
from services.ingest.sources.base import MAX_POSTS, Removal, SourceBatch
from services.ingest.streams.progress import ProgressRecorder
from services.ingest.streams.runtime import StreamRuntime
from shared.clock import Clock, sleep_unless
from shared.errors import OverloadedError, PeerRefusedError, PeerUnavailableError

IN_A_THREAD: Final = 20
"""Posts from which the brand's rules are applied in a thread."""
FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 30.0
TRIES_EACH: Final = 10
"""Tries for each item of a batch of which a peer takes nothing: about three minutes for a lone item."""
MOST_IN_A_ROW: Final = 8
"""Items refused in a row from which the fault is rather the peer's than theirs."""
_NOT_TAKEN: Final = frozenset({400, 413, 422})
Item = TypeVar("Item")
Work = Callable[[Sequence[Item]], Awaitable[None]]


class StopRequestedError(Exception):
    """The stream was asked to stop while a delivery waited for a peer; it was not acknowledged and comes again."""


@dataclass
class _Try(Generic[Item]):
    """The result of one try: what was not taken, why (None where all was taken), and whether that is conclusive."""

    left: list[Item]
    error: PeerRefusedError | None
    is_conclusive: bool


class BatchSender:
    """Sends posts and removals of one stream, in batches as large as the peers can take.

    A peer that is away or full is waited for, with growing waits. A batch that outlasts the pipeline's deadline is
    halved, down to a single post; batches grow again once they take less than half of it.

    Where a peer does not take a batch (400, 413, 422), halves of it are tried, down to what it does not take. That
    may be the post's fault, or the peer's: one that does not know the schema's version during an upgrade, or a
    limit to bodies on the way, refuses every batch. The two are told apart by what else of the same delivery is
    taken at the same time: where some is, what is refused is refused alone, and counted. Where nothing is, or many
    are refused in a row, the whole waits and is tried again with growing waits, in another order. What was taken
    minutes ago proves nothing of a peer that was replaced since, and a post that is folded already is no probe,
    since the pipeline does not send it again; so a lone post that is refused waits too. That ends after ten tries
    for each post: a post that is never taken delays a stream for about three minutes (and later posts are company
    for the next try), while several that are all refused, which is hardly their own fault, wait longer in
    proportion.
    """

    def __init__(self, clock: Clock, recorder: ProgressRecorder, stop: asyncio.Event) -> None:
        """Tell `recorder` why a delivery waits; waiting ends once `stop` is set."""
        self._clock = clock
        self._recorder = recorder
        self._stop = stop
        self._most = MAX_POSTS

    async def send(self, items: Sequence[Item], work: Work[Item]) -> None:
        """Return once `work` has taken each item, or it was counted as refused; raises StopRequestedError."""
        left, tries, wait = list(items), 0, FIRST_WAIT
        while left:
            outcome = await self._try(left, work)
            if outcome.error is None:
                return
            left, tries = outcome.left, tries + 1
            told = f"{outcome.error.peer} does not take it ({outcome.error.status})"
            if outcome.is_conclusive or tries >= TRIES_EACH * len(left):
                self._recorder.blocked(None)
                for _ in left:
                    self._recorder.refused(told)
                return
            await self._wait_blocked(f"{told}, nor anything else just now; trying again", wait)
            wait = min(LONGEST_WAIT, 2 * wait)
            random.shuffle(left)

    async def _try(self, items: Sequence[Item], work: Work[Item]) -> _Try[Item]:
        parts = [list(items)]
        refused: list[Item] = []
        error: PeerRefusedError | None = None
        is_any_taken, in_a_row = False, 0
        while parts and in_a_row < MOST_IN_A_ROW:
            batch = parts.pop()
            if len(batch) > self._most:
                parts.append(batch[self._most :])
                batch = batch[: self._most]
            middle = len(batch) // 2
            try:
                await self._patiently(batch, work)
            except OverloadedError as slow:
                if self._stop.is_set():
                    raise StopRequestedError from None
                self._recorder.blocked(slow.detail)
                self._most = middle
                parts += [batch[middle:], batch[:middle]]
            except PeerRefusedError as refusal:
                error = refusal
                if middle:
                    parts += [batch[middle:], batch[:middle]]
                else:
                    refused += batch
                    in_a_row += 1
            else:
                is_any_taken, in_a_row = True, 0
        untried = [item for part in reversed(parts) for item in part]
        return _Try(refused + untried, error if refused else None, is_any_taken and in_a_row < MOST_IN_A_ROW)

    async def _patiently(self, batch: Sequence[Item], work: Work[Item]) -> None:
        """Do `work` until it succeeds.

        Raises PeerRefusedError where the same again would not be taken, OverloadedError where it was too slow for
        so many.
        """
        wait = FIRST_WAIT
        while True:
            began = self._clock.monotonic()
            try:
                await work(batch)
            except PeerRefusedError as error:
                if error.status in _NOT_TAKEN:
                    raise
                sentence, asked = error.detail, 0
            except (PeerUnavailableError, OverloadedError) as error:
                if isinstance(error.__cause__, DeadlinePassedError) and len(batch) > 1:
                    raise
                sentence, asked = error.detail, error.retry_after
            else:
                self._recorder.blocked(None)
                if len(batch) >= self._most and self._clock.monotonic() - began < DELIVERY_SECONDS / 2:
                    self._most = min(MAX_POSTS, 2 * self._most)
                return
            await self._wait_blocked(sentence, wait, asked)
            wait = min(LONGEST_WAIT, 2 * wait)

    async def _wait_blocked(self, sentence: str, wait: float, asked: int = 0) -> None:
        """Wait `wait` seconds, or half as long, or as long as was asked for; raises StopRequestedError."""
        self._recorder.blocked(sentence)
        seconds = max(float(asked), wait * (1 + random.random()) / 2)  # noqa: S311 - jitter is no secret
        if await sleep_unless(self._stop, seconds, self._clock):
            raise StopRequestedError


class StreamDelivery:
    """Takes deliveries of one stream, one after the other.

    A delivery is taken whole: while sentiment or profiles is away or full it is tried again, and the source is not
    asked for another. So a slow peer slows the network down, and nothing is dropped.
    """

    def __init__(
        self, runtime: StreamRuntime, query: BrandQuery, recorder: ProgressRecorder, stop: asyncio.Event
    ) -> None:
        """Deliver for the brand of `query`; waiting ends once `stop` is set."""
        self._runtime = runtime
        self._query = query
        self._recorder = recorder
        self._sender = BatchSender(runtime.clock, recorder, stop)

    async def take(self, delivery: SourceBatch) -> None:
        """Return once the posts are folded and the removals done; raises StopRequestedError."""
        posts = list(delivery.posts)
        if len(posts) < IN_A_THREAD:
            selection = self._query.select(posts)
        else:
            selection = await asyncio.to_thread(self._query.select, posts)
        self._recorder.selected(selection)
        await self._sender.send(selection.posts, self._fold)
        await self._sender.send(delivery.removals, self._remove)

    async def _fold(self, posts: Sequence[dict[str, Any]]) -> None:
        receipt = await self._runtime.deliver(self._query.brand, posts)
        self._recorder.delivered(posts, receipt)

    async def _remove(self, removals: Sequence[Removal]) -> None:
        self._recorder.removed(await self._runtime.remove(self._query.brand, removals))
