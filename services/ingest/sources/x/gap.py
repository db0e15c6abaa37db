"""What the stream may have missed, and when search is asked for it."""

import asyncio
from dataclasses import replace
from typing import Final

from services.ingest.sources.base import Report, SourceRefusedError
from services.ingest.sources.x.catch_up import CatchUp
from services.ingest.sources.x.cursor import XCursor, earlier, first_id, is_plausible
from services.ingest.sources.x.intake import Intake
from shared.clock import Clock, sleep_unless

SETTLED_SECONDS: Final = 35.0
"""Search shows a post 30 s after it was made: only a catch-up that begins this long after a connection was opened
sees everything that was published before it."""
LATE_SECONDS: Final = 20.0
"""How late, or out of order, a post may come on a connection."""


class Gap:
    """Open from the moment a connection is lost until a catch-up has read what was published until the next one.

    While it is open the cursor's `since` stays: a post that came by the stream says nothing of those before it.
    While it is closed, `since` follows the newest post of the stream, some seconds behind it.
    """

    def __init__(
        self, catch_up: CatchUp, intake: Intake, report: Report, clock: Clock, poll_seconds: float, *, is_open: bool
    ) -> None:
        """Begin without a connection; not open for a stream that begins with now."""
        self._catch_up = catch_up
        self._intake = intake
        self._report = report
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._is_open = is_open
        self._polls = False
        self._connected_at: float | None = None
        self._due = clock.monotonic() + poll_seconds
        self._changed = asyncio.Event()
        self._newest = 0
        self._back_to: int | None = None

    def connected(self) -> None:
        """Say that a connection was opened: what was missed is searched for now, and once more when it settled."""
        self._polls = False
        self._connected_at = self._clock.monotonic()
        self._ask(0.0)

    def disconnected(self) -> None:
        """Say that there is no connection; search stands in for one after a while."""
        if self._connected_at is not None or not self._is_open:
            self._connected_at = None
            self._ask(self._poll_seconds)
        self._is_open = True

    def missed(self, seconds: float) -> None:
        """Say that connections of the last `seconds` may not have brought everything: it is searched for again."""
        back_to = earlier(first_id(self._clock.now()), seconds + LATE_SECONDS)
        self._back_to = back_to if self._back_to is None else min(back_to, self._back_to)
        self._is_open = True
        if self._connected_at is not None:
            self.connected()

    def poll(self) -> None:
        """Say that there will be no connection for long: search stands in for it from now on."""
        if not self._polls:
            self._polls = self._is_open = True
            self._ask(0.0)

    def after(self, number: int) -> XCursor | None:
        """Return the cursor after a post of the stream; None where it stays."""
        if self._is_open:
            return None
        if is_plausible(number, self._clock.now()):
            self._newest = max(self._newest, number)
            since = max(self._catch_up.cursor.since, earlier(self._newest, LATE_SECONDS))
            self._catch_up.cursor = replace(self._catch_up.cursor, since=since)
        return self._catch_up.cursor

    async def run(self) -> None:
        """Search when it is due, until cancelled; raises what a catch-up raises."""
        while True:
            await self._until_due()
            began, connection = self._clock.monotonic(), self._connected_at
            self._due = began + self._poll_seconds
            self._go_back()
            try:
                await self._catch_up.run()
            except SourceRefusedError as error:
                if connection is None:
                    raise
                self._report.degraded(f"what a lost connection missed cannot be searched for: {error.detail}")
                self._catch_up.cursor = XCursor(self._catch_up.cursor.since, rules=self._catch_up.fingerprint)
                self._is_open = connection != self._connected_at
                continue
            if connection is not None and connection == self._connected_at:
                self._is_open = self._is_open and began < connection + SETTLED_SECONDS
                self._due = connection + SETTLED_SECONDS

    def _go_back(self) -> None:
        """Begin the next catch-up earlier where something was missed; a catch-up that was under way has not seen it."""
        if self._back_to is None:
            return
        since = min(self._catch_up.cursor.since, self._back_to)
        self._catch_up.cursor = XCursor(since, rules=self._catch_up.fingerprint)
        self._back_to = None
        self._intake.reached(self._catch_up.cursor)

    async def _until_due(self) -> None:
        while not self._is_open or self._due > self._clock.monotonic():
            self._changed.clear()
            if self._is_open:
                await sleep_unless(self._changed, self._due - self._clock.monotonic(), self._clock)
            else:
                await self._changed.wait()

    def _ask(self, seconds: float) -> None:
        self._due = self._clock.monotonic() + seconds
        self._changed.set()
