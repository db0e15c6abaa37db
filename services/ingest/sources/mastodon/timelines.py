"""A server's timelines, page by page from older to newer, and how far a source has read each."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote

from services.ingest.brands.brand_query import BrandQuery
from services.ingest.sources.base import CredentialError, Removal, Report, SourceError, SourceRefusedError
from services.ingest.sources.fields import UnreadableError
from services.ingest.sources.mastodon.status import identifier, post_id_of, to_post
from services.ingest.sources.network.backlog import Backlog
from services.ingest.sources.network.fetcher import Fetcher, FetchResponse
from services.ingest.sources.network.reconnection import NetworkError, seconds_until
from shared.clock import Clock

PUBLIC: Final = "public"
PAGE: Final = 40
"""Statuses of a page: the most that a server gives."""
OVERLAP_MS: Final = 300_000
"""Milliseconds that are read again after a pause: statuses of other servers arrive late, with ids of their time."""
_MILLISECOND_BITS: Final = 16
_NO_TOKEN: Final = (401, 403, 422)
_ABSENT: Final = (404, 410)


def refusal(status: int) -> SourceError | None:
    """Return what to raise for a status that no waiting changes, None for others."""
    if status in _NO_TOKEN:
        return CredentialError(
            f"the Mastodon server answered {status}: it wants a token, or another one; set MASTODON_ACCESS_TOKEN to "
            "one with the scope read:statuses"
        )
    if status in _ABSENT:
        return SourceRefusedError(
            f"the Mastodon server answered {status}: what is asked for is not there; check MASTODON_URL"
        )
    return None


def with_overlap(status_id: str) -> str:
    """Return an id some minutes earlier where ids are Mastodon's (milliseconds and 16 bits), else the same."""
    if not status_id.isdecimal():
        return status_id
    return str(max(0, int(status_id) - (OVERLAP_MS << _MILLISECOND_BITS)))


def later(one: str, other: str) -> str:
    """Return the later of two ids: by number, and where they are none (Pleroma's) as text of the same length."""
    return max(one, other, key=lambda words: (len(words), words))


def streaming_address_in(instance: bytes, url: str) -> str:
    """Return the stream's address out of what the server at `url` says of itself; raises NetworkError.

    A server that is asked over TLS must not have its token sent without.
    """
    try:
        address = json.loads(instance)["configuration"]["urls"]["streaming"]
    except (ValueError, KeyError, TypeError, RecursionError):
        address = None
    kinds = ("wss://",) if url.startswith("https:") else ("ws://", "wss://")
    if not isinstance(address, str) or not address.startswith(kinds):
        raise NetworkError("it does not say where its stream is")
    return address.rstrip("/")


class Timelines:
    """Reads timelines through one pool of connections, at the pace that the server sets.

    A timeline is called `public`, or by its hashtag with `#` before it.
    """

    def __init__(self, fetcher: Fetcher, url: str, token: str | None, clock: Clock) -> None:
        """Ask the server at `url`."""
        self._fetcher = fetcher
        self._url = url.rstrip("/")
        self.headers = {"authorization": f"Bearer {token}"} if token else {}
        self._clock = clock
        self._rest_until = 0.0

    async def newest(self, timeline: str) -> str:
        """Return the id of the newest status, "0" where there is none; raises NetworkError."""
        page = await self._page(timeline, {"limit": "1"})
        return _id_of(page[0]) or "0" if page else "0"

    async def since(self, timeline: str, status_id: str) -> AsyncIterator[list[Any]]:
        """Yield pages of decoded statuses after `status_id`, in each from older to newer; raises NetworkError."""
        while page := await self._page(timeline, {"limit": str(PAGE), "min_id": status_id}):
            yield page[::-1]
            newest = status_id
            for item in page:
                newest = later(newest, _id_of(item) or newest)
            if newest == status_id:
                return
            status_id = newest

    async def streaming_address(self) -> str:
        """Return where the server says that its stream is; raises NetworkError."""
        answer = await self._get("/api/v2/instance", {})
        return streaming_address_in(answer.body, self._url)

    async def _page(self, timeline: str, parameters: dict[str, str]) -> list[Any]:
        where = "public" if timeline == PUBLIC else "tag/" + quote(timeline.removeprefix("#"), safe="")
        answer = await self._get(f"/api/v1/timelines/{where}", parameters)
        try:
            page = await asyncio.to_thread(json.loads, answer.body)
        except (ValueError, RecursionError):
            raise NetworkError("its answer is not JSON") from None
        if not isinstance(page, list):
            raise NetworkError("its answer is no list of statuses")
        return page

    async def _get(self, path: str, parameters: dict[str, str]) -> FetchResponse:
        now = self._clock.monotonic()
        if now < self._rest_until:
            raise NetworkError("its limit of requests is reached", wait=self._rest_until - now)
        answer = await self._fetcher.get(self._url + path, parameters, self.headers)
        if answer.headers.get("x-ratelimit-remaining") == "0":
            reset = seconds_until(answer.headers.get("x-ratelimit-reset", ""), self._clock.now())
            self._rest_until = self._clock.monotonic() + reset
        return answer


def _id_of(item: Any) -> str | None:
    try:
        return identifier(item.get("id")) if isinstance(item, dict) else None
    except UnreadableError:
        return None


_MAX_ID = 256


class TimelineReader:
    """Where a source is in each of its timelines; its cursor is a JSON object, timeline to the newest id read."""

    def __init__(
        self, query: BrandQuery, server: str, report: Report, clock: Clock, backlog: Backlog, cursor: str | None
    ) -> None:
        """Go on after `cursor`."""
        self._query = query
        self._server = server
        self._report = report
        self._clock = clock
        self._backlog = backlog
        self._places = _places(cursor)
        self._is_resumed = set(self._places)

    async def begin(self, timelines: Timelines, timeline: str) -> None:
        """Find out where now is in a timeline that was not read before; raises NetworkError."""
        if timeline not in self._places:
            self._places[timeline] = await timelines.newest(timeline)
            self.told(at_once=True)

    async def catch_up(self, timelines: Timelines, timeline: str) -> None:
        """Read whatever came since, from older to newer; raises NetworkError, and keeps what it had read."""
        place = self._places[timeline]
        start = with_overlap(place) if timeline in self._is_resumed else place
        async for page in timelines.since(timeline, start):
            for status in page:
                await self.status(timeline, status)
        self._is_resumed.discard(timeline)

    def lost(self, timeline: str) -> None:
        """Say that statuses may have been missed: the next `catch_up` looks back a little further."""
        self._is_resumed.add(timeline)

    async def status(self, timeline: str, status: Any) -> None:
        """Take a decoded status."""
        try:
            if isinstance(status, dict):
                self._places[timeline] = later(self._places[timeline], identifier(status.get("id")))
            post = to_post(status, self._server, self._clock.now())
        except UnreadableError as error:
            self._report.dropped(str(error))
            return
        if post is not None and self._query.match(post).outcome != "drop":
            await self._backlog.put(post, self._cursor())
        else:
            self.told()

    async def removal(self, status_id: str, *, edited: bool) -> None:
        """Take the word that a status is gone, or is another now."""
        post_id = post_id_of(status_id, self._server)
        await self._backlog.put(Removal("mastodon", "edited" if edited else "deleted", post_id=post_id))

    def told(self, *, at_once: bool = False) -> None:
        """Hand the cursor over."""
        self._backlog.reached(self._cursor(), at_once=at_once)

    def _cursor(self) -> str:
        return json.dumps(self._places, separators=(",", ":"))


def _places(cursor: str | None) -> dict[str, str]:
    """Return what the cursor holds; one that is none of ours counts as no cursor."""
    try:
        value = json.loads(cursor or "{}")
    except (ValueError, RecursionError):
        return {}
    pairs = value.items() if isinstance(value, dict) else ()
    return {timeline: place for timeline, place in pairs if isinstance(place, str) and 0 < len(place) <= _MAX_ID}
