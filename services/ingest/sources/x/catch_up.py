"""Reading recent search from now back to what was delivered: fills gaps, backfills, and stands in for the stream."""

import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from services.ingest.brands.brand_query import XRule
from services.ingest.sources.base import BudgetSpentError, Report, SourceRefusedError
from services.ingest.sources.network.reconnection import Reconnection
from services.ingest.sources.x.client import XClient
from services.ingest.sources.x.cursor import XCursor, earlier, first_id, is_plausible
from services.ingest.sources.x.errors import XError, raise_for_good
from services.ingest.sources.x.intake import Intake
from services.ingest.sources.x.posts import SearchPage, read_page
from shared.clock import Clock

SEARCHABLE: Final = timedelta(days=7) - timedelta(minutes=5)
"""How far back X takes a `since_id`, with room for clocks that differ."""
OVERLAP_SECONDS: Final = 10.0
"""Ids order posts to about a second, and search shows some late: the next catch-up looks at these seconds again."""
LEAST_PAGE: Final = 10
MOST_PAGE: Final = 100
MOST_EMPTY_PAGES: Final = 20


class CatchUp:
    """Catch-ups of one brand's rules; one at a time."""

    def __init__(self, client: XClient, rules: Sequence[XRule], intake: Intake, report: Report, clock: Clock) -> None:
        """Read nothing yet."""
        self._client = client
        self._rules = rules
        self._intake = intake
        self._report = report
        self._clock = clock
        self._pace = Reconnection(clock)
        self.cursor = XCursor(0)
        """What was delivered; a catch-up that is cancelled leaves it where the next goes on."""
        self.fingerprint = f"{zlib.crc32(' '.join(rule.value for rule in rules).encode()):08x}"
        """Tells the rules, in the cursor, from others."""

    async def run(self, below: int | None = None) -> None:
        """Read every post that search shows above the cursor's `since` (and with an id less than `below`).

        Waits as X asks, through outages too. Raises CredentialError, SourceRefusedError and BudgetSpentError.
        """
        self.cursor = self.cursor.resumed(self.fingerprint)
        is_whole = self.cursor.query == 0 and self.cursor.until is None
        began = self._clock.monotonic()
        for number in range(self.cursor.query, len(self._rules)):
            is_first = True
            async for page in self._pages(self._rules[number].value, self.cursor.until or below):
                if is_first and is_whole and is_plausible(page.newest, self._clock.now()):
                    self._rise(page.newest or 0, self._clock.monotonic() - began)
                is_first = False
                reached = replace(self.cursor, query=number, until=page.oldest or self.cursor.until)
                await self._intake.page(page, reached)
                self.cursor = reached
            self.cursor = replace(self.cursor, query=number + 1, until=None)
        self.cursor = self.cursor.finished()
        self._intake.reached(self.cursor)

    def _rise(self, newest: int, elapsed: float) -> None:
        """Raise the catch-up's top: `newest` was searchable `elapsed` seconds after the first query was asked.

        So a post `elapsed` seconds older was searchable for that first query, and for all after it.
        """
        horizon = earlier(newest, OVERLAP_SECONDS + elapsed)
        self.cursor = replace(self.cursor, top=max(self.cursor.top or 0, horizon))

    async def _pages(self, query: str, below: int | None) -> AsyncIterator[SearchPage]:
        token: str | None = None
        empty = 0
        while empty < MOST_EMPTY_PAGES:
            left = await self._intake.left()
            if left < LEAST_PAGE:
                raise BudgetSpentError(f"X_MONTHLY_POSTS leaves {left} posts, fewer than X's smallest page of search")
            since = max(self.cursor.since, first_id(self._clock.now() - SEARCHABLE))
            if below is not None and below <= since + 1:
                return
            asked: dict[str, Any] = {"since_id": since, "max_results": min(left, MOST_PAGE)}
            if below is not None:
                asked["until_id"] = below
            if token is not None:
                asked["next_token"] = token
            page = await self._page(query, asked)
            if page is None:
                # The token is refused (they lapse): ids do not.
                below, token = self.cursor.until or below, None
                continue
            yield page
            empty = 0 if page.sent else empty + 1
            if page.next_token is None or page.next_token == token:
                return
            token = page.next_token

    async def _page(self, query: str, asked: dict[str, Any]) -> SearchPage | None:
        """Return a page, however long X makes us wait for it; None where it refuses the page's token."""
        while True:
            await self._pace.wait()
            try:
                page = read_page(await self._client.search(query, **asked), self._clock.now())
            except XError as error:
                if error.kind == "refused" and "next_token" in asked:
                    self._pace = Reconnection(self._clock)
                    return None
                await self._wait_out(error)
            else:
                self._pace = Reconnection(self._clock)
                return page

    async def _wait_out(self, error: XError) -> None:
        raise_for_good(error)
        if error.kind == "plan":
            raise SourceRefusedError("your X plan does not include recent search, and without it nothing can be read")
        if error.kind == "refused":
            raise SourceRefusedError(f"{error.sentence}: see what is asked at GET /v1/brands/{{brand}}/queries")
        wait = f"; going on in {error.wait:.0f} s" if error.wait else ""
        self._report.degraded(f"X search: {error.sentence}{wait}")
        await self._clock.sleep(error.wait)
