"""Handles of Bluesky, looked up: posts name their authors by DID alone."""

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from services.ingest.brands.brand_query import BrandQuery
from services.ingest.sources.base import Removal, Report, SourceError, SourceRefusedError
from services.ingest.sources.bluesky.event import POSTS, parse_event
from services.ingest.sources.fields import UnreadableError
from services.ingest.sources.network.backlog import Backlog, BacklogSource
from services.ingest.sources.network.fetcher import Fetcher
from services.ingest.sources.network.idle_timeout import IdleTimeout
from services.ingest.sources.network.reconnection import NetworkError, keep_connected
from services.ingest.sources.network.websocket import open_channel
from services.ingest.sources.settings import BlueskySettings
from shared.analyzed_post import Platform
from shared.clock import Clock

_PATH = "/xrpc/com.atproto.identity.resolveHandle"
_UNKNOWN = (400, 404)


async def resolve(fetcher: Fetcher, appview_url: str, accounts: Iterable[str]) -> tuple[dict[str, str], int]:
    """Return handle by DID for the accounts that are handles, and how many of them have no account.

    Raises NetworkError where the server cannot say now.
    """
    found: dict[str, str] = {}
    unknown = 0
    for handle in accounts:
        if handle.startswith("did:"):
            continue
        did = await _did_of(fetcher, appview_url, handle)
        if did is None:
            unknown += 1
        else:
            found[did] = handle
    return found, unknown


async def _did_of(fetcher: Fetcher, appview_url: str, handle: str) -> str | None:
    try:
        answer = await fetcher.get(appview_url.rstrip("/") + _PATH, {"handle": handle})
    except NetworkError as fault:
        if fault.status in _UNKNOWN:
            return None
        raise
    try:
        did = json.loads(answer.body)["did"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NetworkError("it gave no DID for a handle") from None
    return did if isinstance(did, str) and did.startswith("did:") else None


OVERLAP: Final = timedelta(seconds=5)
"""Read again after each reconnection: events of one moment may have been sent in part."""
IDLE_SECONDS: Final = 60.0
"""Without any event of the whole network: it has died."""
RETENTION: Final = timedelta(hours=72)
"""How far back Jetstream replays."""
_AHEAD: Final = timedelta(hours=1)
_LONGEST_MESSAGE: Final = 1024 * 1024
_REFUSED: Final = (400, 401, 403, 404, 410)
_MICROSECOND: Final = timedelta(microseconds=1)
_CURSOR: Final = re.compile(r"[0-9]{16}")


class BlueskyStream(BacklogSource[BlueskySettings]):
    """One brand's posts out of all of Bluesky's; the network cannot be asked, so the query decides here.

    The cursor is Jetstream's: microseconds since 1970. Deletions and closed accounts come for the whole network,
    since no record is kept of which posts were read.
    """

    platform: Platform = "bluesky"

    async def _read(self, cursor: str | None, backlog: Backlog) -> None:
        listening = _Listening(self._settings, self._query, self._report, self._clock, backlog, _time_us(cursor))
        await keep_connected(
            listening.session,
            name="Bluesky's stream",
            report=self._report,
            clock=self._clock,
            refusal=_refusal,
            jitter=self._jitter,
        )


class _Listening:
    def __init__(
        self,
        settings: BlueskySettings,
        query: BrandQuery,
        report: Report,
        clock: Clock,
        backlog: Backlog,
        reached_us: int | None,
    ) -> None:
        self._settings = settings
        self._query = query
        self._report = report
        self._clock = clock
        self._backlog = backlog
        self._reached_us = reached_us
        self._own: dict[str, str] | None = None
        self._unknown_handles = 0
        self._connections = 0

    async def _look_up_own(self) -> None:
        try:
            async with Fetcher(self._clock) as fetcher:
                self._own, self._unknown_handles = await resolve(
                    fetcher, self._settings.bluesky_appview_url, sorted(self._query.matcher.own)
                )
        except NetworkError as fault:
            # Without its status, which would pass for the stream's own.
            sentence = f"the brand's handles cannot be looked up at BLUESKY_APPVIEW_URL: {fault.sentence}"
            raise NetworkError(sentence, wait=fault.wait) from None

    async def session(self) -> None:
        now_us = self._now_us()
        if self._reached_us is not None and self._reached_us > now_us + _AHEAD // _MICROSECOND:
            # A clock that ran ahead named it: events would count as read before for as long.
            self._reached_us = now_us
        asked_us = self._reached_us
        if self._reached_us is None:
            self._reached_us = now_us
        if self._own is None:
            await self._look_up_own()
        async with (
            IdleTimeout(self._clock, IDLE_SECONDS) as idle,
            open_channel(self._address(asked_us), self._clock) as channel,
        ):
            self._connected(now_us - asked_us if asked_us is not None else 0)
            while True:
                message = await channel.receive()
                idle.reset()
                item = self._read(message)
                if item is None:
                    continue
                if self._backlog.is_full:
                    with idle.paused():
                        await self._backlog.put(item, str(self._reached_us))
                else:
                    await self._backlog.put(item, str(self._reached_us))

    def _read(self, message: bytes) -> dict[str, object] | Removal | None:
        try:
            event = parse_event(message, self._now_us() + _AHEAD // _MICROSECOND)
        except UnreadableError as error:
            self._report.dropped(str(error))
            return None
        # Replayed events lie before what was reached: going back would only read them once more.
        self._reached_us = max(self._reached_us or 0, event.time_us)
        item = event.item
        if isinstance(item, dict):
            author = item["author"]
            if self._own and (handle := self._own.get(author["id"])):
                author["handle"] = handle
            item["mentions"] += [self._own[did] for did in item["mentions"] if did in self._own] if self._own else []
            if self._query.match(item).outcome == "drop":
                item = None
        if item is None:
            self._backlog.reached(str(self._reached_us))
        return item

    def _connected(self, behind_us: int) -> None:
        if self._connections:
            self._report.reconnected()
        self._connections += 1
        self._backlog.reached(str(self._reached_us), at_once=True)
        self._report.listening("Jetstream")
        if behind_us > RETENTION // _MICROSECOND:
            self._report.degraded(
                f"this stream stood still for longer than the {RETENTION // timedelta(hours=1)} hours that Jetstream "
                "keeps; what was posted before them is lost"
            )
        elif self._unknown_handles:
            self._report.degraded(
                f"{self._unknown_handles} of the brand's own Bluesky handles have no account; correct own_accounts, "
                "or their posts count as other people's"
            )

    def _address(self, from_us: int | None) -> str:
        parameters = {"wantedCollections": POSTS, "maxMessageSizeBytes": str(_LONGEST_MESSAGE)}
        if from_us is not None:
            parameters["cursor"] = str(max(0, from_us - OVERLAP // _MICROSECOND))
        return f"{self._settings.bluesky_jetstream_url}?{urlencode(parameters)}"

    def _now_us(self) -> int:
        return int(self._clock.now().timestamp() * 1_000_000)


def _time_us(cursor: str | None) -> int | None:
    """Return the cursor's time; one that is none of ours counts as no cursor."""
    return int(cursor) if cursor is not None and _CURSOR.fullmatch(cursor) else None


def _refusal(status: int) -> SourceError | None:
    if status not in _REFUSED:
        return None
    return SourceRefusedError(f"Jetstream answered {status}: check the address in BLUESKY_JETSTREAM_URL")
