"""The stream's rules: those of the brand are made to be what its query says; all others are left alone."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, NoReturn

from services.ingest.brands.brand_query import BrandQuery, XRule
from services.ingest.sources.base import Report, SourceRefusedError
from services.ingest.sources.network.reconnection import Reconnection
from services.ingest.sources.x.client import QUIET_SECONDS, XClient
from services.ingest.sources.x.errors import XError, raise_for_good
from services.ingest.sources.x.gap import Gap
from services.ingest.sources.x.intake import Intake
from services.ingest.sources.x.posts import Disconnecting, Unreadable, read_line
from shared.clock import Clock


async def reconcile(client: XClient, brand: str, wanted: Sequence[XRule]) -> frozenset[str]:
    """Add the rules that are missing, delete the brand's that are no longer wanted; returns the wanted ones' ids.

    A brand's rules are known by their tags, `voxpop:BRAND:...`. A value that another app user has as a rule already
    (X keeps each once) is used with its id. New ones are added before old ones go, so that nothing is missed
    between. Raises XError, and SourceRefusedError where X does not take a rule.
    """
    there = await client.rules()
    values = {rule.value for rule in wanted}
    ids = {str(rule.get("value")): str(rule.get("id")) for rule in there if rule.get("value") in values}
    if missing := [rule for rule in wanted if rule.value not in ids]:
        try:
            ids |= _added(await client.add_rules(missing))
        except XError as error:
            if error.kind != "refused":
                raise
            raise SourceRefusedError(_sentence(brand, missing[0].tag)) from None
    if refused := [rule for rule in wanted if rule.value not in ids]:
        raise SourceRefusedError(_sentence(brand, refused[0].tag))
    if stale := [str(rule.get("id")) for rule in _of(brand, there) if rule.get("value") not in values]:
        await client.delete_rules(stale)
    return frozenset(ids[rule.value] for rule in wanted)


async def withdraw(client: XClient, brand: str) -> None:
    """Delete the brand's rules, since the owner of the app's one connection pays for what they match.

    Raises XError.
    """
    if ids := [str(rule.get("id")) for rule in _of(brand, await client.rules())]:
        await client.delete_rules(ids)


def _of(brand: str, rules: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [rule for rule in rules if str(rule.get("tag", "")).startswith(f"voxpop:{brand}:")]


def _added(answer: dict[str, Any]) -> dict[str, str]:
    """Return the ids by value of the rules that an answer says were added, or were there."""
    listed = [answer.get(name) for name in ("data", "errors")]
    rules = [rule for part in listed if isinstance(part, list) for rule in part if isinstance(rule, dict)]
    return {str(rule["value"]): str(rule["id"]) for rule in rules if rule.get("value") and rule.get("id")}


def _sentence(brand: str, tag: str) -> str:
    return f"X does not take the rule tagged {tag}: see what is asked at GET /v1/brands/{brand}/queries"


MODE: Final = "filtered stream"
PLAN_SECONDS: Final = 3600.0
"""How often a plan without streaming is asked again."""
RULES_SECONDS: Final = 900.0
"""How often the rules are looked at: others on the same app, with a rule of the same value, may delete it."""
AGAIN_SECONDS: Final = 60.0
"""After how long an X that was away is asked for the rules again, beside a connection that works."""


class FilteredStream:
    """Connections to the stream, one after the other."""

    def __init__(
        self,
        query: BrandQuery,
        client: XClient,
        intake: Intake,
        gap: Gap,
        report: Report,
        clock: Clock,
        poll_seconds: float,
    ) -> None:
        """Connect to nothing yet; `poll_seconds` is how often search stands in, for what people are told."""
        self._query = query
        self._client = client
        self._intake = intake
        self._gap = gap
        self._report = report
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._ids: frozenset[str] = frozenset()
        self._reconciled_at: float | None = None
        """When all rules were last known to be there; None where we took them away ourselves."""
        self._opened = 0

    async def run(self) -> NoReturn:
        """Connect again and again, until cancelled.

        Raises CredentialError, SourceRefusedError and BudgetSpentError.
        """
        pace = Reconnection(self._clock)
        wait = 0.0
        while True:
            await pace.wait(wait)
            await self._intake.left()
            try:
                if self._rules_due() <= 0:
                    await self._reconcile()
                await self._connect()
            except TimeoutError:
                wait = self._wait_out(XError("away", f"X was silent for {QUIET_SECONDS:.0f} s"))
            except XError as error:
                wait = self._wait_out(error)
                if error.kind == "connections":
                    with suppress(XError):
                        await withdraw(self._client, self._query.brand)
            finally:
                self._gap.disconnected()

    async def _connect(self) -> None:
        """Hold one connection, with an eye on the rules; raises what ends it."""
        listening = asyncio.ensure_future(self._client.listen(self._on_open, self._on_line))
        keeping = asyncio.ensure_future(self._keep_rules())
        try:
            await asyncio.wait({listening, keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (listening, keeping):
                task.cancel()
            ended = await asyncio.gather(listening, keeping, return_exceptions=True)
        for error in ended:
            if error is not None and not isinstance(error, asyncio.CancelledError):
                raise error

    async def _keep_rules(self) -> NoReturn:
        """Look at the rules whenever it is time; an X that is away meanwhile is asked again."""
        while True:
            await self._clock.sleep(self._rules_due())
            try:
                await self._reconcile()
                self._report.listening(MODE)
            except XError as error:
                if error.kind in {"credentials", "cap"}:
                    raise
                await self._clock.sleep(max(error.wait, AGAIN_SECONDS))

    def _rules_due(self) -> float:
        """Return in how many seconds the rules are to be looked at."""
        if self._reconciled_at is None:
            return 0.0
        return max(0.0, self._reconciled_at + RULES_SECONDS - self._clock.monotonic())

    async def _reconcile(self) -> None:
        """Put the rules right; where one of ours had gone, what was published since it was seen last was missed."""
        asked_at, known_at = self._clock.monotonic(), self._reconciled_at
        before = self._ids
        self._ids = await reconcile(self._client, self._query.brand, self._query.rules)
        self._reconciled_at = asked_at
        if known_at is not None and not self._ids <= before:
            self._report.degraded("rules of this stream were deleted at X by another client; they are put back")
            self._gap.missed(self._clock.monotonic() - known_at)

    async def _on_open(self) -> None:
        self._opened += 1
        if self._opened > 1:
            self._report.reconnected()
        self._report.listening(MODE)
        self._gap.connected()

    async def _on_line(self, raw: bytes) -> None:
        read = read_line(raw, self._clock.now())
        if isinstance(read, Disconnecting):
            raise XError("away", "X ended the connection for reasons of its own")
        if isinstance(read, Unreadable):
            self._intake.sent(read.was_post)
            self._report.dropped(read.reason)
            return
        self._intake.sent(1)
        if not read.rules or read.rules & self._ids:
            await self._intake.line(read, self._gap.after(read.number))

    def _wait_out(self, error: XError) -> float:
        """Say what happened and return the least seconds until the next connection; raise what no waiting changes."""
        instead = f"polling search every {self._poll_seconds:.0f} s instead"
        raise_for_good(error)
        match error.kind:
            case "plan":
                self._stand_in(f"your X plan has no streaming; {instead}")
                return PLAN_SECONDS
            case "refused":
                self._stand_in(f"X refuses the stream ({error.sentence}); {instead}")
                return PLAN_SECONDS
            case "connections":
                self._stand_in(f"another stream is open on the same X app; {instead}")
                return error.wait
            case _:
                asked = f"; it asked for {error.wait:.0f} s of rest" if error.wait else ""
                self._report.degraded(f"X stream: {error.sentence}{asked}; trying again")
                return error.wait

    def _stand_in(self, sentence: str) -> None:
        self._reconciled_at = None
        self._report.degraded(sentence)
        self._gap.poll()
