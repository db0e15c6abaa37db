"""How far lists that are looked at repeatedly were read, and which posts were handed over lately."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.ingest.sources.dates import parse_date
from shared.clock import SKEW, Clock

OVERLAP: Final = timedelta(hours=1)
"""How far behind the newest post a later look still takes posts: lists are not in strict order, posts appear late."""


def wanted_from(start: datetime, newest: datetime | None, now: datetime) -> datetime:
    """Return the time of the oldest post that a look takes: the start, later the newest less the overlap.

    Where a clock that ran ahead named that time, it is the present less the overlap.
    """
    wanted = start if newest is None else max(start, newest - OVERLAP)
    return wanted if wanted <= now + SKEW else now - OVERLAP


async def repeat(look: Callable[[], Awaitable[None]], clock: Clock, seconds: float, *, ends: bool) -> None:
    """Look, and again each time so many seconds after a look is through; once where it `ends`."""
    while True:
        await look()
        if ends:
            return
        await clock.sleep(seconds)


class LookbackCursor:
    """Reads and writes the cursor of the hashtag search."""

    def __init__(self, start: datetime) -> None:
        """Begin at `start`, to the second as Instagram tells times."""
        self.start = start.replace(microsecond=0)
        self.ids: dict[str, str] = {}
        self.newest: dict[str, datetime] = {}

    @classmethod
    def read(cls, words: str | None, start: datetime) -> "LookbackCursor":
        """Read a stored cursor; begin at `start` where there is none or it is none of ours."""
        cursor = cls(start)
        try:
            value: Any = json.loads(words or "null")
            begun = parse_date(value["start"])
            cursor.ids = {str(tag): str(found) for tag, found in value["ids"].items()}
            moments = {str(tag): parse_date(moment) for tag, moment in value["newest"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls(start)
        cursor.start = begun or cursor.start
        cursor.newest = {tag: moment for tag, moment in moments.items() if moment}
        return cursor

    def reach(self, tag: str, moment: datetime, now: datetime) -> None:
        """Say that `tag` was read up to `moment`; one that lies ahead of `now` (a wrong clock) counts as now."""
        known = self.newest.get(tag, datetime.min.replace(tzinfo=UTC))
        self.newest[tag] = max(known, min(moment, now + timedelta(seconds=1)))

    def write(self, tags: tuple[str, ...]) -> str:
        """Return the cursor as text, of these hashtags alone."""
        value = {
            "start": self.start.isoformat(),
            "ids": {tag: self.ids[tag] for tag in tags if tag in self.ids},
            "newest": {tag: self.newest[tag].isoformat() for tag in tags if tag in self.newest},
        }
        return json.dumps(value)
