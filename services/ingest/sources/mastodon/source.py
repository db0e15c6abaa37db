"""Mastodon's sources: a server's public stream over a websocket, and hashtag timelines."""

import functools
import json
from typing import Any, Final
from urllib.parse import urlencode

from services.ingest.sources.base import Report, SourceRefusedError
from services.ingest.sources.fields import UnreadableError
from services.ingest.sources.mastodon.status import identifier, server_of
from services.ingest.sources.mastodon.timelines import PUBLIC, TimelineReader, Timelines, refusal
from services.ingest.sources.network.backlog import Backlog, BacklogSource
from services.ingest.sources.network.fetcher import Fetcher
from services.ingest.sources.network.idle_timeout import IdleTimeout
from services.ingest.sources.network.reconnection import keep_connected
from services.ingest.sources.network.websocket import heartbeat, open_channel
from services.ingest.sources.settings import MastodonSettings
from shared.analyzed_post import Platform
from shared.clock import Clock

IDLE_SECONDS: Final = 60.0
MAX_EVENT: Final = 512 * 1024
"""Bytes; a status with everything that hangs on it is some kilobytes."""


class MastodonStream(BacklogSource[MastodonSettings]):
    """One brand's posts out of all that a server knows; the query decides here.

    Deletions and edits come for the whole stream, as the server tells them.
    """

    platform: Platform = "mastodon"

    async def _read(self, cursor: str | None, backlog: Backlog) -> None:
        url, token = self._settings.mastodon_url, self._settings.mastodon_token()
        reading = TimelineReader(self._query, server_of(url), self._report, self._clock, backlog, cursor)
        async with Fetcher(self._clock) as fetcher:
            listening = _Listening(Timelines(fetcher, url, token, self._clock), reading, self._report, self._clock)
            await keep_connected(
                functools.partial(listening.session, backlog),
                name="Mastodon's stream",
                report=self._report,
                clock=self._clock,
                refusal=refusal,
                jitter=self._jitter,
            )


class _Listening:
    def __init__(self, timelines: Timelines, reading: TimelineReader, report: Report, clock: Clock) -> None:
        self._timelines = timelines
        self._reading = reading
        self._report = report
        self._clock = clock
        self._address: str | None = None
        self._connections = 0

    async def session(self, backlog: Backlog) -> None:
        await self._reading.begin(self._timelines, PUBLIC)
        if self._address is None:
            self._address = await self._timelines.streaming_address()
        address = f"{self._address}/api/v1/streaming?{urlencode({'stream': PUBLIC})}"
        async with (
            IdleTimeout(self._clock, IDLE_SECONDS) as idle,
            open_channel(address, self._clock, self._timelines.headers) as channel,
            heartbeat(channel, idle, self._clock),
        ):
            if self._connections:
                self._report.reconnected()
            self._connections += 1
            # Connected first, so that nothing falls between the timeline's end and the stream's beginning.
            with idle.paused():
                await self._reading.catch_up(self._timelines, PUBLIC)
            self._reading.lost(PUBLIC)
            self._report.listening("public stream")
            while True:
                message = await channel.receive()
                idle.reset()
                if backlog.is_full:
                    with idle.paused():
                        await self._take(message)
                else:
                    await self._take(message)

    async def _take(self, message: bytes) -> None:
        try:
            kind, payload = _event(message)
            if kind == "update":
                await self._reading.status(PUBLIC, _status(payload))
            elif kind == "delete":
                await self._reading.removal(identifier(payload), edited=False)
            elif kind == "status.update":
                await self._reading.removal(identifier(_status(payload).get("id")), edited=True)
        except UnreadableError as error:
            self._report.dropped(str(error))


def _event(message: bytes) -> tuple[str, Any]:
    if len(message) > MAX_EVENT:
        raise UnreadableError("too long")
    try:
        event = json.loads(message)
    except (ValueError, RecursionError):
        raise UnreadableError("not JSON") from None
    kind = event.get("event") if isinstance(event, dict) else None
    if not isinstance(kind, str):
        raise UnreadableError("not an event")
    return kind, event.get("payload")


def _status(payload: Any) -> dict[str, Any]:
    """Return the status in a payload, which is JSON within JSON."""
    try:
        status = json.loads(payload)
    except (ValueError, TypeError, RecursionError):
        raise UnreadableError("not JSON") from None
    if not isinstance(status, dict):
        raise UnreadableError("not a status")
    return status


ROUND_SECONDS: Final = 60.0
SECONDS_A_TAG: Final = 2.0
"""A server allows 300 requests in 5 minutes: of many hashtags each is asked more rarely."""


class MastodonHashtags(BacklogSource[MastodonSettings]):
    """The posts under the query's hashtags, as far as the server knows them. It does not tell of deletions."""

    platform: Platform = "mastodon"

    async def _read(self, cursor: str | None, backlog: Backlog) -> None:
        names = [f"#{tag}" for tag in self._query.hashtags]
        if not names:
            raise SourceRefusedError("this brand has no hashtag to ask Mastodon for; add one to its hashtags")
        url, token = self._settings.mastodon_url, self._settings.mastodon_token()
        reading = TimelineReader(self._query, server_of(url), self._report, self._clock, backlog, cursor)
        async with Fetcher(self._clock) as fetcher:
            timelines = Timelines(fetcher, url, token, self._clock)
            await keep_connected(
                functools.partial(self._rounds, timelines, reading, names),
                name="Mastodon's hashtag timelines",
                report=self._report,
                clock=self._clock,
                refusal=refusal,
                jitter=self._jitter,
            )

    async def _rounds(self, timelines: Timelines, reading: TimelineReader, names: list[str]) -> None:
        seconds = max(ROUND_SECONDS, SECONDS_A_TAG * len(names))
        for name in names:
            await reading.begin(timelines, name)
        while True:
            for name in names:
                await reading.catch_up(timelines, name)
            reading.told()
            self._report.listening(f"{len(names)} hashtag timelines, every {seconds:g} s")
            await self._clock.sleep(seconds)
