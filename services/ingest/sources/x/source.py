"""X's sources: the filtered stream, with search beside it for whatever the stream did not bring, and search alone."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Final

from services.ingest.brands.query import BrandQuery
from services.ingest.sources.base import PostBudget, Report, SourceBatch, SourceError, SourceRefusedError
from services.ingest.sources.network.idle_timeout import IdleTimeout
from services.ingest.sources.x.catch_up import SEARCHABLE, CatchUp
from services.ingest.sources.x.client import XClient
from services.ingest.sources.x.cursor import XCursor, first_id
from services.ingest.sources.x.errors import XError
from services.ingest.sources.x.filtered_stream import FilteredStream, withdraw
from services.ingest.sources.x.gap import Gap
from services.ingest.sources.x.intake import Intake
from services.ingest.sources.x.session import read_x
from services.ingest.sources.x.settings import XSettings
from services.ingest.sources.x.transport import XTransport
from shared.analyzed_post import Platform
from shared.clock import Clock

POLL_SECONDS: Final = 60.0
LEAD: Final = timedelta(seconds=60)
"""How far before its start a stream looks, since our clock and X's differ."""


class XSearch:
    """A `Source`: what recent search shows of a brand's rules."""

    platform: Platform = "x"

    def __init__(
        self,
        settings: XSettings,
        query: BrandQuery,
        report: Report,
        budget: PostBudget,
        clock: Clock,
        *,
        follow: bool = False,
        start: datetime | None = None,
        end: datetime | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        """With `follow`, poll every `poll_seconds` from now on; else read from `start` to `end`, once.

        They have zones; None is seven days ago (further back X does not search) and now. Raises RefusedError
        where nothing can lie between them.
        """
        oldest = clock.now() - SEARCHABLE
        self._start = max(start or oldest, oldest)
        self._end = end
        if end is not None and end <= self._start:
            raise SourceRefusedError(
                "X searches the last seven days alone, and nothing lies between start and end there"
            )
        self._query = query
        self._settings = settings
        self._report = report
        self._budget = budget
        self._clock = clock
        self._follow = follow
        self._poll_seconds = poll_seconds

    def deliveries(self, cursor: str | None) -> AsyncGenerator[SourceBatch, None]:
        """See `Source.deliveries`."""

        async def work(_: XClient, intake: Intake, sweep: CatchUp) -> None:
            if cursor is not None:
                sweep.cursor = XCursor.read(cursor)
            else:
                # A post of the very first moment counts, and `since` is exclusive.
                sweep.cursor = XCursor(first_id(self._clock.now() - LEAD if self._follow else self._start) - 1)
            if not self._follow:
                self._report.listening("recent search")
                await sweep.run(first_id(self._end) if self._end else None)
                return
            # A crash before the first sweep is through must not lose what came between.
            intake.reached(sweep.cursor, at_once=True)
            while True:
                await sweep.run()
                self._report.listening(f"polling search every {self._poll_seconds:.0f} s")
                await self._clock.sleep(self._poll_seconds)

        return read_x(self._settings, self._query, self._report, self._budget, self._clock, work)


WITHDRAW_SECONDS: Final = 10.0
"""How long a stream that is paused waits for X to delete its rules."""


class XStream:
    """A `Source`: one connection of the app's filtered stream, for the posts that match the brand's rules.

    At least once: `Gap` says how far everything was delivered, and search fills what a connection missed. Where
    there is no connection for long (the plan has none, or another stream holds the app's only one), search is
    polled instead, and the report says so.
    """

    platform: Platform = "x"

    def __init__(
        self,
        settings: XSettings,
        query: BrandQuery,
        report: Report,
        budget: PostBudget,
        clock: Clock,
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        """Connect to nothing yet; `poll_seconds` is how often search stands in for the stream."""
        self._query = query
        self._settings = settings
        self._report = report
        self._budget = budget
        self._clock = clock
        self._poll_seconds = poll_seconds

    def deliveries(self, cursor: str | None) -> AsyncGenerator[SourceBatch, None]:
        """See `Source.deliveries`."""

        async def work(client: XClient, intake: Intake, sweep: CatchUp) -> None:
            sweep.cursor = (
                XCursor(first_id(self._clock.now() - LEAD), rules=sweep.fingerprint)
                if cursor is None
                else XCursor.read(cursor)
            )
            # A crash before the first delivery must not lose what came between.
            intake.reached(sweep.cursor, at_once=True)
            gap = Gap(sweep, intake, self._report, self._clock, self._poll_seconds, is_open=cursor is not None)
            listening = FilteredStream(self._query, client, intake, gap, self._report, self._clock, self._poll_seconds)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(listening.run())
                    tasks.create_task(gap.run())
            except BaseExceptionGroup as group:
                raise group.exceptions[0] from None

        return read_x(self._settings, self._query, self._report, self._budget, self._clock, work)

    async def withdraw(self) -> None:
        """Delete the brand's rules at X: where others listen on the same app, they pay for what the rules match.

        Reads no post. What X does not do within 10 s is left undone, and the report says so.
        """
        try:
            way = await XTransport.to(self._settings.x_sandbox, self._settings.x_sandbox_ca)
            client = XClient(way, self._clock, self._settings.require_x_bearer())
            try:
                async with IdleTimeout(self._clock, WITHDRAW_SECONDS):
                    await withdraw(client, self._query.brand)
            finally:
                await client.aclose()
        except (XError, TimeoutError, SourceError):
            self._report.degraded(
                "the rules of this stream are still at X: another stream on the same app pays for what they match"
            )
