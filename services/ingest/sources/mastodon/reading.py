"""Statuses into a backlog: filtered by the query, with the place in each timeline as the cursor."""

import json
from typing import Any

from services.ingest.brands.query import Query
from services.ingest.sources.base import Removal, Report
from services.ingest.sources.mastodon.status import UnreadableError, identifier, post_id_of, to_post
from services.ingest.sources.mastodon.timeline import Timelines, later, with_overlap
from services.ingest.sources.network.backlog import Backlog
from shared.clock import Clock

_MAX_ID = 256


class Reading:
    """Where a source is in each of its timelines; its cursor is a JSON object, timeline to the newest id read."""

    def __init__(
        self, query: Query, server: str, report: Report, clock: Clock, backlog: Backlog, cursor: str | None
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
        """Find out where now is in a timeline that was not read before; raises NetworkFault."""
        if timeline not in self._places:
            self._places[timeline] = await timelines.newest(timeline)
            self.told(at_once=True)

    async def catch_up(self, timelines: Timelines, timeline: str) -> None:
        """Read whatever came since, from older to newer; raises NetworkFault, and keeps what it had read."""
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
        if post is not None and self._query.judge(post).outcome != "drop":
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
