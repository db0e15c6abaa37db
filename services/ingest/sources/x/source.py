"""X's sources: the filtered stream, with search beside it for whatever the stream did not bring, and search alone."""

import asyncio
import functools
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn

from typing_extensions import override

from services.ingest.brands.brand_query import BrandQuery
from services.ingest.sources.base import (
    BudgetSpentError,
    LeftBehindError,
    PostBudget,
    Report,
    Source,
    SourceBatch,
    SourceRefusedError,
)
from services.ingest.sources.network.backlog import Backlog, batches_of
from services.ingest.sources.network.idle_timeout import IdleTimeout
from services.ingest.sources.x.catch_up import SEARCHABLE, CatchUp
from services.ingest.sources.x.client import XClient
from services.ingest.sources.x.cursor import AHEAD, XCursor, first_id
from services.ingest.sources.x.errors import XError, raise_for_good
from services.ingest.sources.x.filtered_stream import FilteredStream, withdraw
from services.ingest.sources.x.gap import Gap
from services.ingest.sources.x.intake import Intake
from services.ingest.sources.x.settings import XSettings
from services.ingest.sources.x.transport import XTransport
from shared.analyzed_post import Platform
from shared.clock import Clock
from shared.errors import OverloadedError, PeerUnavailableError

POLL_SECONDS: Final = 60.0
LEAD: Final = timedelta(seconds=60)
"""How far before its start a stream looks, since our clock and X's differ."""
SPEND_SECONDS: Final = 1.0
"""How often posts are spent that lead to no batch: other brands' on the same app, unreadable ones, duplicates."""
WITHDRAW_SECONDS: Final = 10.0
"""How long X is waited for when it is to delete rules."""
_LEFT: Final = "the rules of this stream are still at X: another stream on the same app pays for what they match"


class XSource(Source, ABC):
    """A `Source` of what matches a brand's rules.

    Every post that X sent is spent before its batch is handed over, and within about a second whatever becomes
    of it. Once the budget is spent reading stops, what has come by then is delivered, and BudgetSpentError raised.
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
        """Connect to nothing yet; `poll_seconds` is how often search is polled, where it is."""
        self._query = query
        self._settings = settings
        self._report = report
        self._budget = budget
        self._clock = clock
        self._poll_seconds = poll_seconds

    @abstractmethod
    async def _work(self, cursor: str | None, client: XClient, intake: Intake, catch_up: CatchUp) -> None:
        """Take posts in after `cursor` until there are no more; what it raises is raised once everything is out."""

    @override
    async def batches(self, cursor: str | None) -> AsyncGenerator[SourceBatch, None]:
        self._settings.require_x_bearer()
        if not self._query.rules:
            raise SourceRefusedError(f"the brand {self._query.brand} asks X for nothing: give it handles or keywords")
        spent = asyncio.Event()
        took: list[Intake] = []
        batches = batches_of(functools.partial(self._read, cursor, spent, took), self._clock)
        ending: BudgetSpentError | None = None
        try:
            async for batch in batches:
                try:
                    await took[0].spend()
                except BudgetSpentError as error:
                    ending = error
                    spent.set()
                yield batch
            if ending is not None:
                raise ending
        finally:
            await batches.aclose()
            if took:
                # Paid for, though it is not read any more; a store that is away must not hide why reading ended.
                with suppress(BudgetSpentError, PeerUnavailableError, OverloadedError):
                    await took[0].spend()

    async def _read(self, cursor: str | None, spent: asyncio.Event, took: list[Intake], backlog: Backlog) -> None:
        async with _opened_client(self._settings, self._clock) as client:
            intake = Intake(backlog, self._report, self._budget)
            took.append(intake)
            catch_up = CatchUp(client, self._query.rules, intake, self._report, self._clock)
            working = asyncio.ensure_future(self._work(cursor, client, intake, catch_up))
            spending = asyncio.ensure_future(self._spend_on(intake))
            stopping = asyncio.ensure_future(spent.wait())
            tasks: tuple[asyncio.Future[Any], ...] = (working, spending, stopping)
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    working.result()
                if spending.done():
                    spending.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _spend_on(self, intake: Intake) -> NoReturn:
        """Spend what X sends; raises BudgetSpentError."""
        while True:
            await self._clock.sleep(SPEND_SECONDS)
            await intake.spend()


class XSearch(XSource):
    """What recent search shows of a brand's rules."""

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

        They have zones; None is seven days ago (further back X does not search) and now. Raises SourceRefusedError
        where nothing can lie between them.
        """
        super().__init__(settings, query, report, budget, clock, poll_seconds=poll_seconds)
        oldest = clock.now() - SEARCHABLE
        self._start = max(start or oldest, oldest)
        self._end = end
        self._follow = follow
        if end is not None and end <= self._start:
            raise SourceRefusedError(
                "X searches the last seven days alone, and nothing lies between start and end there"
            )

    @override
    async def _work(self, cursor: str | None, client: XClient, intake: Intake, catch_up: CatchUp) -> None:
        if cursor is not None:
            catch_up.cursor = XCursor.read(cursor).not_ahead(first_id(self._clock.now() + AHEAD))
        else:
            # A post of the very first moment counts, and `since` is exclusive.
            catch_up.cursor = XCursor(first_id(self._clock.now() - LEAD if self._follow else self._start) - 1)
        if not self._follow:
            self._report.listening("recent search")
            await catch_up.run(first_id(self._end) if self._end else None)
            return
        # A crash before all was caught up with must not lose what came between.
        intake.reached(catch_up.cursor, at_once=True)
        while True:
            await catch_up.run()
            self._report.listening(f"polling search every {self._poll_seconds:.0f} s")
            await self._clock.sleep(self._poll_seconds)


class XStream(XSource):
    """One connection of the app's filtered stream, for the posts that match the brand's rules.

    At least once: `Gap` says how far everything was delivered, and search fills what a connection missed. Where
    there is no connection for long (the plan has none, or another stream holds the app's only one), search is
    polled instead, and the report says so.
    """

    @override
    async def _work(self, cursor: str | None, client: XClient, intake: Intake, catch_up: CatchUp) -> None:
        catch_up.cursor = (
            XCursor(first_id(self._clock.now() - LEAD), rules=catch_up.fingerprint)
            if cursor is None
            else XCursor.read(cursor).not_ahead(first_id(self._clock.now() + AHEAD))
        )
        # A crash before the first batch must not lose what came between.
        intake.reached(catch_up.cursor, at_once=True)
        gap = Gap(catch_up, intake, self._report, self._clock, self._poll_seconds, is_open=cursor is not None)
        stream = FilteredStream(self._query, client, intake, gap, self._report, self._clock, self._poll_seconds)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(stream.run())
                tasks.create_task(gap.run())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None


async def withdraw_rules(settings: XSettings, brand: str, clock: Clock) -> None:
    """Delete a brand's rules at X: where others listen on the same app, they pay for what the rules match.

    Reads no post, and ends within 10 s. Raises CredentialError, SourceRefusedError, LeftBehindError.
    """
    try:
        async with _opened_client(settings, clock) as client, IdleTimeout(clock, WITHDRAW_SECONDS):
            await withdraw(client, brand)
    except TimeoutError:
        raise LeftBehindError(f"{_LEFT} (X does not answer)") from None
    except XError as error:
        if error.kind == "credentials":
            raise_for_good(error)
        raise LeftBehindError(f"{_LEFT} ({error.sentence})", error.wait) from None


@asynccontextmanager
async def _opened_client(settings: XSettings, clock: Clock) -> AsyncIterator[XClient]:
    client = XClient(await XTransport.by(settings), clock, settings.require_x_bearer())
    try:
        yield client
    finally:
        await client.aclose()
