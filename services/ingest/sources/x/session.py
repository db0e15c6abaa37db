"""One reading of X, from its first connection to its end, whichever way the posts come."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, NoReturn

from services.ingest.brands.query import BrandQuery
from services.ingest.sources.base import BudgetSpentError, PostBudget, Report, SourceBatch, SourceRefusedError
from services.ingest.sources.network.backlog import Backlog, deliveries_of
from services.ingest.sources.x.catch_up import CatchUp
from services.ingest.sources.x.client import XClient
from services.ingest.sources.x.intake import Intake
from services.ingest.sources.x.settings import XSettings
from services.ingest.sources.x.transport import XTransport
from shared.clock import Clock
from shared.errors import OverloadedError, PeerUnavailableError

SPEND_SECONDS: Final = 1.0
"""How often posts are spent that lead to no delivery: other brands' on the same app, unreadable ones, duplicates."""
Work = Callable[[XClient, Intake, CatchUp], Awaitable[None]]


async def read_x(
    settings: XSettings, query: BrandQuery, report: Report, budget: PostBudget, clock: Clock, work: Work
) -> AsyncGenerator[SourceBatch, None]:
    """Yield what `work` takes in, until it returns; what it raises is raised once everything is out.

    Every post that X sent is spent before its delivery is handed over, and within about a second whatever becomes
    of it. Once the budget is spent `work` is stopped, what has come by then is delivered, and BudgetSpentError raised.
    """
    bearer = settings.require_x_bearer()
    if not query.rules:
        raise SourceRefusedError(f"the brand {query.brand} asks X for nothing: give it handles or keywords")
    spent = asyncio.Event()
    took: list[Intake] = []

    async def read(backlog: Backlog) -> None:
        client = XClient(await XTransport.to(settings.x_sandbox, settings.x_sandbox_ca), clock, bearer)
        intake = Intake(backlog, report, budget)
        took.append(intake)
        working = asyncio.ensure_future(work(client, intake, CatchUp(client, query.rules, intake, report, clock)))
        spending = asyncio.ensure_future(_spend_on(intake, clock))
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
            await client.aclose()

    row = deliveries_of(read, clock)
    ending: BudgetSpentError | None = None
    try:
        async for delivery in row:
            try:
                await took[0].spend()
            except BudgetSpentError as error:
                ending = error
                spent.set()
            yield delivery
        if ending is not None:
            raise ending
    finally:
        await row.aclose()
        if took:
            # Paid for, though it is not read any more; a store that is away must not hide why the row ended.
            with suppress(BudgetSpentError, PeerUnavailableError, OverloadedError):
                await took[0].spend()


async def _spend_on(intake: Intake, clock: Clock) -> NoReturn:
    """Spend what X sends; raises BudgetSpentError."""
    while True:
        await clock.sleep(SPEND_SECONDS)
        await intake.spend()
