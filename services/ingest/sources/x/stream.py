"""X's filtered stream, with search beside it for whatever the stream did not bring."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

from services.ingest.brands.query import Query
from services.ingest.clock import Clock
from services.ingest.sources.base import (
    Budget,
    BudgetSpentError,
    CredentialError,
    Delivery,
    Report,
)
from services.ingest.sources.reconnection import Reconnection
from services.ingest.sources.x.client import QUIET_SECONDS, XClient
from services.ingest.sources.x.cursor import Cursor
from services.ingest.sources.x.gap import Gap
from services.ingest.sources.x.intake import Intake
from services.ingest.sources.x.reading import Disconnecting, Unreadable, read_line
from services.ingest.sources.x.rules import reconcile, withdraw
from services.ingest.sources.x.search import LEAD, POLL_SECONDS
from services.ingest.sources.x.session import read_x
from services.ingest.sources.x.settings import XSettings
from services.ingest.sources.x.snowflake import first_id
from services.ingest.sources.x.sweep import Sweep
from services.ingest.sources.x.trouble import TroubleError
from shared.analyzed_post import Platform

PLAN_SECONDS: Final = 3600.0
"""How often a plan without streaming is asked again."""
RULES_SECONDS: Final = 900.0
"""After how long a new connection looks at the rules again."""


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
            gap = Gap(sweep, intake, self._report, self._clock, self._poll_seconds, is_open=cursor is not None)
            listening = _Listening(self._query, client, intake, gap, self._report, self._clock, self._poll_seconds)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(listening.run())
                    tasks.create_task(gap.run())
            except BaseExceptionGroup as group:
                raise group.exceptions[0] from None

        return read_x(self._settings, self._query, self._report, self._budget, self._clock, work)


class _Listening:
    """Connections to the stream, one after the other."""

    def __init__(
        self,
        query: Query,
        client: XClient,
        intake: Intake,
        gap: Gap,
        report: Report,
        clock: Clock,
        poll_seconds: float,
    ) -> None:
        self._query = query
        self._client = client
        self._intake = intake
        self._gap = gap
        self._report = report
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._ids: frozenset[str] = frozenset()
        self._reconciled_at: float | None = None
        self._opened = 0

    async def run(self) -> None:
        pace = Reconnection(self._clock)
        wait = 0.0
        while True:
            await pace.wait(wait)
            await self._intake.left()
            try:
                await self._reconcile()
                await self._client.listen(self._on_open, self._on_line)
            except TimeoutError:
                wait = self._bear(TroubleError("away", f"X was silent for {QUIET_SECONDS:.0f} s"))
            except TroubleError as trouble:
                wait = self._bear(trouble)
                if trouble.kind == "connections":
                    with suppress(TroubleError):
                        await withdraw(self._client, self._query.brand)
            finally:
                self._gap.disconnected()

    async def _reconcile(self) -> None:
        now = self._clock.monotonic()
        if self._reconciled_at is None or now - self._reconciled_at >= RULES_SECONDS:
            self._ids = await reconcile(self._client, self._query.brand, self._query.rules)
            self._reconciled_at = now

    async def _on_open(self) -> None:
        self._opened += 1
        if self._opened > 1:
            self._report.reconnected()
        self._report.listening("filtered stream")
        self._gap.connected()

    async def _on_line(self, raw: bytes) -> None:
        read = read_line(raw, self._clock.now())
        if isinstance(read, Disconnecting):
            raise TroubleError("away", "X ended the connection for reasons of its own")
        if isinstance(read, Unreadable):
            self._intake.sent(read.was_post)
            self._report.dropped(read.reason)
            return
        self._intake.sent(1)
        if not read.rules or read.rules & self._ids:
            await self._intake.line(read, self._gap.after(read.number))

    def _bear(self, trouble: TroubleError) -> float:
        """Say what happened and return the least seconds until the next connection; raise what no waiting changes."""
        instead = f"polling search every {self._poll_seconds:.0f} s instead"
        match trouble.kind:
            case "credentials":
                raise CredentialError(f"X refuses X_BEARER_TOKEN: {trouble.sentence}")
            case "cap":
                raise BudgetSpentError(trouble.sentence)
            case "plan":
                self._stand_in(f"your X plan has no streaming; {instead}")
                return PLAN_SECONDS
            case "refused":
                self._stand_in(f"X refuses the stream ({trouble.sentence}); {instead}")
                return PLAN_SECONDS
            case "connections":
                self._stand_in(f"another stream is open on the same X app; {instead}")
                return trouble.wait
            case _:
                asked = f"; it asked for {trouble.wait:.0f} s of rest" if trouble.wait else ""
                self._report.degraded(f"X stream: {trouble.sentence}{asked}; trying again")
                return trouble.wait

    def _stand_in(self, sentence: str) -> None:
        self._reconciled_at = None
        self._report.degraded(sentence)
        self._gap.poll()
