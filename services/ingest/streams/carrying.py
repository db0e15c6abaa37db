"""Carrying what a stream brought to peers that are away, that are slow, or that do not take it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from services.ingest.pipeline import DELIVERY_SECONDS, DeadlinePassedError
from services.ingest.sources.base import MAX_POSTS
from services.ingest.streams.tally import Tally
from services.ingest.streams.waiting import sleep_unless
from shared.clock import Clock
from shared.errors import OverloadedError, PeerRefusedError, PeerUnavailableError

FIRST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 30.0
TRIES_EACH: Final = 10
"""How often what a peer takes nothing of is tried, for each piece of it: a lone one about three minutes."""
MOST_IN_A_ROW: Final = 8
"""Pieces refused one after the other from which it is rather the peer than the pieces."""
_NOT_TAKEN: Final = frozenset({400, 413, 422})
Item = TypeVar("Item")
Work = Callable[[Sequence[Item]], Awaitable[None]]


class StopAskedError(Exception):
    """The stream was asked to stop while a delivery waited for a peer; it was not acknowledged and comes again."""


@dataclass
class _Try(Generic[Item]):
    """What one try came to: what was not taken, why (None where all was taken), and whether that tells anything."""

    left: list[Item]
    error: PeerRefusedError | None
    is_clear: bool


class Carrying:
    """Carries posts and removals of one stream, in as large batches as the peers manage.

    A peer that is away or full is waited for, with growing waits. A batch that outlasts the pipeline's deadline is
    halved, down to a single post; batches grow again once they take less than half of it.

    Where a peer does not take a batch (400, 413, 422), halves of it are tried, down to what it does not take. That
    may be the post's fault, or the peer's: one that does not know the schema's version during an upgrade, or a
    limit to bodies on the way, refuses whatever it is given. The two are told apart by what else of the same
    delivery is taken at the same time: where some is, what is refused is refused alone, and counted. Where nothing
    is, or much is refused in a row, the whole is held up and tried again with growing waits, in another order.
    What was taken minutes ago proves nothing of a peer that was replaced since, and a post that is folded already
    is no probe, since the pipeline does not send it again; so a lone post that is refused is held up too.
    That ends after ten tries for each post: so one that nobody ever takes holds a stream up for about three minutes
    (and what came meanwhile is company for the next), while several that are all refused, which is hardly their
    own fault, wait for as much longer.
    """

    def __init__(self, clock: Clock, tally: Tally, stop: asyncio.Event) -> None:
        """Tell `tally` what holds a delivery up; waiting ends once `stop` is set."""
        self._clock = clock
        self._tally = tally
        self._stop = stop
        self._most = MAX_POSTS

    async def carry(self, items: Sequence[Item], work: Work[Item]) -> None:
        """Return once `work` has taken each item, or it was counted as refused; raises StopAskedError."""
        left, tries, wait = list(items), 0, FIRST_WAIT
        while left:
            outcome = await self._try(left, work)
            if outcome.error is None:
                return
            left, tries = outcome.left, tries + 1
            told = f"{outcome.error.peer} does not take it ({outcome.error.status})"
            if outcome.is_clear or tries >= TRIES_EACH * len(left):
                self._tally.held_up(None)
                for _ in left:
                    self._tally.refused(told)
                return
            await self._hold_up(f"{told}, nor anything else just now; trying again", wait)
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
                    raise StopAskedError from None
                self._tally.held_up(slow.detail)
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
                self._tally.held_up(None)
                if len(batch) >= self._most and self._clock.monotonic() - began < DELIVERY_SECONDS / 2:
                    self._most = min(MAX_POSTS, 2 * self._most)
                return
            await self._hold_up(sentence, wait, asked)
            wait = min(LONGEST_WAIT, 2 * wait)

    async def _hold_up(self, sentence: str, wait: float, asked: int = 0) -> None:
        """Wait `wait` seconds, or half as long, or as long as was asked for; raises StopAskedError."""
        self._tally.held_up(sentence)
        seconds = max(float(asked), wait * (1 + random.random()) / 2)  # noqa: S311 - jitter is no secret
        if await sleep_unless(self._stop, seconds, self._clock):
            raise StopAskedError
