"""Reading the Graph API for as long as it takes: waits out what passes, raises what does not."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn

import httpx

from services.ingest.sources.base import CredentialError, Report, SourceRefusedError
from services.ingest.sources.meta.connection import (
    GraphAnswer,
    GraphConnection,
    GraphPage,
    TooLargeError,
    open_connection,
    page_of,
)
from services.ingest.sources.meta.errors import (
    MOST_SECONDS,
    GraphError,
    GraphErrorKind,
    GraphRefusedError,
    asked_pause,
    fault_of,
)
from services.ingest.sources.meta.settings import GraphAccess
from services.ingest.sources.network.reconnection import Reconnection, seconds_until
from shared.clock import Clock

LIMIT_SECONDS: Final = 60.0
"""The first wait past a limit where the API names none; it doubles up to an hour."""
MAX_PAGES: Final = 200
"""Of one list at one look: cursors of the Graph API need not change from page to page, so a list has no other end."""
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}")


class GraphClient:
    """Asks one thing after another on behalf of one source."""

    def __init__(
        self, connection: GraphConnection, access: GraphAccess, clock: Clock, report: Report, mode: str
    ) -> None:
        """Report `mode` ("hashtag search every 300 s") whenever the API answers well again."""
        self._connection = connection
        self._access = access
        self._clock = clock
        self._report = report
        self._mode = mode
        self._reconnection = Reconnection(clock)
        self._is_well = False
        self._has_asked = False
        self._limits = 0
        self._rest = 0.0
        self.remark: str | None = None
        """What stays not as wished while the API answers, e.g. a hashtag past the limit; kept by the source."""

    async def pages(self, path: str, params: Mapping[str, str], limit: int) -> AsyncGenerator[GraphPage, None]:
        """Yield a list's pages, at most MAX_PAGES, `limit` items each (fewer where the API finds that too much).

        Raises as `get` does.
        """
        after: str | None = None
        size: int | None = limit
        for _ in range(MAX_PAGES):
            asked = dict(params) | ({"after": after} if after else {})
            value, size = await self._get(path, asked, size)
            page = page_of(value)
            if page.unread:
                self._report.dropped("an item of a list that is no object", page.unread)
            yield page
            if page.after is None:
                return
            after = page.after
        self._report.degraded(f"a list at the Graph API is longer than {MAX_PAGES} pages; the rest of it is left out")

    async def get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Return what stands at `path`, waiting as long as it takes.

        Raises CredentialError for a token that is refused, GraphRefusedError for everything else that waiting
        does not change.
        """
        value, _ = await self._get(path, params, None)
        return value

    async def _get(self, path: str, params: Mapping[str, str], limit: int | None) -> tuple[dict[str, Any], int | None]:
        while True:
            await self._rested()
            asked = dict(params) | ({"limit": str(limit)} if limit else {})
            try:
                answer = await self._connection.ask("GET", path, asked)
            except TimeoutError:
                await self._again("the Graph API did not answer in time; asking again")
            except TooLargeError:
                limit = await self._less(limit)
            except (httpx.TransportError, httpx.DecodingError, httpx.StreamError) as error:
                await self._again(f"no answer from the Graph API ({type(error).__name__}); asking again")
            else:
                self._rest = asked_pause(answer.headers)
                fault = fault_of(answer.status, answer.value)
                if fault is None:
                    self._well()
                    return answer.value, limit
                limit = await self._wait_out(fault, answer, limit)

    async def _wait_out(self, fault: GraphError, answer: GraphAnswer, limit: int | None) -> int | None:
        if fault.kind is GraphErrorKind.TOO_MUCH:
            return await self._less(limit)
        if fault.kind is GraphErrorKind.LIMIT:
            told = max(seconds_until(answer.headers.get("retry-after", ""), self._clock.now()), self._rest)
            self._rest = 0.0
            seconds = told or min(LIMIT_SECONDS * 2**self._limits, MOST_SECONDS)
            self._limits = min(self._limits + 1, 16)
            await self._again(
                f"past a limit of the Graph API ({fault.numbers}); asking again in {seconds:.0f} s", seconds
            )
        elif fault.kind is GraphErrorKind.BLOCKED:
            await self._again(
                f"Meta has blocked this account for a while ({fault.numbers}); asking hourly", MOST_SECONDS
            )
        elif fault.kind is GraphErrorKind.PASSING:
            if not isinstance(answer.value, dict):
                self._report.dropped("an answer that is no JSON object")
            at_least = seconds_until(answer.headers.get("retry-after", ""), self._clock.now())
            words = f"the Graph API answered {answer.status} {'' if answer.value is None else fault.numbers}".rstrip()
            await self._again(f"{words}; asking again", at_least)
        else:
            refuse(fault, self._access.variable)
        return limit

    async def _less(self, limit: int | None) -> int | None:
        """Ask for half as many the next time; a single item that is too much is left to time."""
        await self._again("an answer of the Graph API is too large; asking for less at a time")
        return max(1, limit // 2) if limit else limit

    async def _again(self, sentence: str, at_least: float = 0.0) -> None:
        self._is_well = False
        self._report.degraded(sentence)
        await self._reconnection.wait(at_least)
        self._report.reconnected()

    async def _rested(self) -> None:
        if not self._has_asked:
            self._has_asked = True
            await self._reconnection.wait()
        if self._rest > 0:
            self._is_well = False
            self._report.degraded(f"nearly past a limit of the Graph API; resting for {self._rest:.0f} s")
            seconds, self._rest = self._rest, 0.0
            await self._clock.sleep(seconds)

    def say_well(self) -> None:
        """Report that the API answers well, and what remains to be remarked."""
        self._report.listening(self._mode)
        if self.remark:
            self._report.degraded(self.remark)

    def _well(self) -> None:
        self._limits = 0
        if not self._is_well:
            self._is_well = True
            self.say_well()


@asynccontextmanager
async def open_client(access: GraphAccess, clock: Clock, report: Report, mode: str) -> AsyncIterator[GraphClient]:
    """Open a client and close its connections at the end of the block."""
    async with open_connection(access, clock) as connection:
        yield GraphClient(connection, access, clock, report, mode)


def node(identifier: str, *edge: str) -> str:
    """Return the path of a thing at the API, and of an edge of it.

    Raises SourceRefusedError where the identifier is none: it must not lead to another path.
    """
    if not _ID.fullmatch(identifier) or not identifier.strip("."):
        raise SourceRefusedError(
            "an id or name for the Graph API has letters, digits, dots, hyphens and underscores alone"
        )
    return "/".join(("", identifier, *edge))


def refuse(fault: GraphError, variable: str) -> NoReturn:
    """Raise what a fault that no waiting changes means, in a sentence that names the setting and the remedy."""
    if fault.kind is GraphErrorKind.TOKEN:
        raise CredentialError(
            f"the Graph API refuses the token in {variable} ({fault.numbers}): it has expired, was revoked or is "
            "none; make a new one and start the stream again"
        )
    if fault.kind is GraphErrorKind.PERMISSION:
        raise GraphRefusedError(
            f"the token in {variable} lacks a permission for this ({fault.numbers}); grant it to the app and make a "
            "new token",
            fault,
        )
    if fault.kind is GraphErrorKind.MISSING:
        raise GraphRefusedError(
            f"the Graph API knows nothing of that name, or does not show it to the token in {variable} "
            f"({fault.numbers}); look at the id or name that the brand gives",
            fault,
        )
    raise GraphRefusedError(f"the Graph API refuses what is asked ({fault.numbers})", fault)
