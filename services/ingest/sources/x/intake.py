"""Where posts of X come in, by whichever way: counted, each delivered once, in a bounded backlog."""

import asyncio
from typing import Final

from services.ingest.sources.base import BudgetSpentError, PostBudget, Report
from services.ingest.sources.network.backlog import Backlog, SeenIds
from services.ingest.sources.x.cursor import XCursor
from services.ingest.sources.x.posts import ReceivedPost, SearchPage

REMEMBERED: Final = 50_000
"""Ids that are remembered: gaps are filled with an overlap of seconds, and X sends some posts twice."""


class Intake:
    """Puts what is new into the backlog and counts what was sent, since each post that X sends is paid for."""

    def __init__(self, backlog: Backlog, report: Report, budget: PostBudget) -> None:
        """Remember nothing yet."""
        self._backlog = backlog
        self._report = report
        self._budget = budget
        self._seen = SeenIds(REMEMBERED)
        self._unspent = 0
        self._was_interrupted = False
        # What is being written to the budget is in neither count: what is left must not be asked meanwhile.
        self._spending = asyncio.Lock()
        # A post that the stream put in, but that still waits for room, must not make a page that holds it too
        # look delivered.
        self._turn = asyncio.Lock()

    async def line(self, received: ReceivedPost, cursor: XCursor | None) -> None:
        """Take one post of the stream in; waits while the backlog is full."""
        async with self._turn:
            await self._put(received, cursor.written() if cursor is not None else None)

    async def page(self, page: SearchPage, cursor: XCursor) -> None:
        """Take a page of search in, and say that everything was delivered as far as `cursor`."""
        self.sent(page.sent)
        for reason, count in page.unreadable.items():
            self._report.dropped(reason, count)
        async with self._turn:
            for received in page.received:
                await self._put(received, None)
            self.reached(cursor)

    def reached(self, cursor: XCursor, *, at_once: bool = False) -> None:
        """Say how far everything was delivered, without a post; handed over with the next posts or within seconds."""
        self._backlog.reached(cursor.written(), at_once=at_once)

    def sent(self, posts: int) -> None:
        """Count posts that X has sent, whatever becomes of them."""
        self._unspent += posts

    async def spend(self) -> None:
        """Spend what was counted; raises BudgetSpentError once the month is spent."""
        async with self._spending:
            counted, self._unspent = self._unspent, 0
            if not counted and not self._was_interrupted:
                return
            try:
                await self._budget.spend(counted)
            except asyncio.CancelledError:
                # The budget has the posts, but may not have written them down: it does so when it is asked again.
                self._was_interrupted = True
                raise
            self._was_interrupted = False

    async def left(self) -> int:
        """Return how many posts may still be read, at least one; raises BudgetSpentError where there is none."""
        async with self._spending:
            left = await self._budget.left() - self._unspent
        if left <= 0:
            raise BudgetSpentError("the posts that X_MONTHLY_POSTS allows this month are read")
        return left

    async def _put(self, received: ReceivedPost, cursor: str | None) -> None:
        if str(received.number) in self._seen:
            return
        await self._backlog.put(received.post, cursor)
        # Only now: what a cancelled wait kept out of the backlog must not pass for seen when search brings it.
        self._seen.add(str(received.number))
