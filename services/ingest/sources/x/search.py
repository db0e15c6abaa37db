"""X's recent search as a source of its own: a backfill that ends, or polling that does not."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Final

from services.ingest.brands.query import Query
from services.ingest.sources.base import Budget, Delivery, RefusedError, Report
from services.ingest.sources.x.client import XClient
from services.ingest.sources.x.cursor import Cursor
from services.ingest.sources.x.intake import Intake
from services.ingest.sources.x.session import read_x
from services.ingest.sources.x.settings import XSettings
from services.ingest.sources.x.snowflake import first_id
from services.ingest.sources.x.sweep import SEARCHABLE, Sweep
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
        query: Query,
        report: Report,
        budget: Budget,
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
            raise RefusedError("X searches the last seven days alone, and nothing lies between start and end there")
        self._query = query
        self._settings = settings
        self._report = report
        self._budget = budget
        self._clock = clock
        self._follow = follow
        self._poll_seconds = poll_seconds

    def deliveries(self, cursor: str | None) -> AsyncGenerator[Delivery, None]:
        """See `Source.deliveries`."""

        async def work(_: XClient, intake: Intake, sweep: Sweep) -> None:
            if cursor is not None:
                sweep.cursor = Cursor.read(cursor)
            else:
                # A post of the very first moment counts, and `since` is exclusive.
                sweep.cursor = Cursor(first_id(self._clock.now() - LEAD if self._follow else self._start) - 1)
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
