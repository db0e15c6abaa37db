"""X's filtered stream, with search beside it for whatever the stream did not bring."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from services.ingest.brands.query import Query
from services.ingest.sources.base import Budget, Delivery, Report, SourceError
from services.ingest.sources.network.silence import Silence
from services.ingest.sources.x.client import XClient
from services.ingest.sources.x.cursor import Cursor
from services.ingest.sources.x.gap import Gap
from services.ingest.sources.x.intake import Intake
from services.ingest.sources.x.listening import Listening
from services.ingest.sources.x.network import Network
from services.ingest.sources.x.rules import withdraw
from services.ingest.sources.x.search import LEAD, POLL_SECONDS
from services.ingest.sources.x.session import read_x
from services.ingest.sources.x.settings import XSettings
from services.ingest.sources.x.snowflake import first_id
from services.ingest.sources.x.sweep import Sweep
from services.ingest.sources.x.trouble import TroubleError
from shared.analyzed_post import Platform
from shared.clock import Clock

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
        query: Query,
        report: Report,
        budget: Budget,
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

    def deliveries(self, cursor: str | None) -> AsyncGenerator[Delivery, None]:
        """See `Source.deliveries`."""

        async def work(client: XClient, intake: Intake, sweep: Sweep) -> None:
            sweep.cursor = (
                Cursor(first_id(self._clock.now() - LEAD), rules=sweep.fingerprint)
                if cursor is None
                else Cursor.read(cursor)
            )
            # A crash before the first delivery must not lose what came between.
            intake.reached(sweep.cursor, at_once=True)
            gap = Gap(sweep, intake, self._report, self._clock, self._poll_seconds, is_open=cursor is not None)
            listening = Listening(self._query, client, intake, gap, self._report, self._clock, self._poll_seconds)
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
            way = await Network.to(self._settings.x_sandbox, self._settings.x_sandbox_ca)
            client = XClient(way, self._clock, self._settings.require_x_bearer())
            try:
                async with Silence(self._clock, WITHDRAW_SECONDS):
                    await withdraw(client, self._query.brand)
            finally:
                await client.aclose()
        except (TroubleError, TimeoutError, SourceError):
            self._report.degraded(
                "the rules of this stream are still at X: another stream on the same app pays for what they match"
            )
