"""Captions of hashtags and profiles through instaloader: off by default, slow, and never certain.

It gives the captions (no comments) of the latest posts. Instagram ends it whenever it likes; for more there is
the Graph API. Deleted posts are not told.
"""

import asyncio
import functools
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from typing_extensions import override

from services.ingest.sources.base import Report, Source, SourceBatch, SourceRefusedError
from services.ingest.sources.dates import parse_date
from services.ingest.sources.meta.lookback import LookbackCursor, repeat, wanted_from
from services.ingest.sources.meta.settings import InstaloaderSession
from services.ingest.sources.network.backlog import Backlog, SeenIds, batches_of
from services.ingest.sources.network.idle_timeout import IdleTimeout
from services.ingest.sources.network.reconnection import NetworkError, Reconnection
from shared.analyzed_post import Platform
from shared.clock import Clock

BATCH: Final = 12
"""What a page of Instagram's holds."""
PAUSE_SECONDS: Final = (6.0, 12.0)
"""Between pages, at random: instaloader's own pauses are off, since they would block."""
STEP_SECONDS: Final = 300.0
"""For a page with all its requests: to a visitor each post is one."""
OLD_IN_A_ROW: Final = 8
"""After so many older posts a look ends; a profile's pinned posts, three at the most, come first whatever their age."""
MOST_POSTS: Final = 2000
"""Of one look: an account that reads more is locked sooner."""
MOST_SECONDS: Final = 4 * 3600.0
_PASSING_SECONDS: Final = 30.0
T = TypeVar("T")


@dataclass
class InstagramCaptions(Source):
    """A `Source` of captions; `queries` are `#hashtag` or a profile's name, looked at every `poll_seconds`.

    A stop is at once; a request that is under way in its thread ends by itself within `request_seconds` of silence,
    unheard, and none follows it.
    """

    session: InstaloaderSession | None = field(repr=False)
    queries: tuple[str, ...]
    report: Report = field(repr=False)
    clock: Clock = field(repr=False)
    poll_seconds: float = 1800.0
    since: datetime | None = None
    ends: bool = False
    request_seconds: float = 20.0
    platform: Platform = field(default="instagram", init=False)

    @override
    def batches(self, cursor: str | None) -> AsyncGenerator[SourceBatch, None]:
        return batches_of(functools.partial(self._read, cursor), self.clock)

    async def _read(self, cursor: str | None, backlog: Backlog) -> None:
        if not self.queries:
            raise SourceRefusedError("the brand gives no hashtag and no Instagram profile to read")
        look = _Look(self, LookbackCursor.read(cursor, self.since or self.clock.now()), backlog)
        await repeat(look.all, self.clock, self.poll_seconds, ends=self.ends)


class _Look:
    """Looks at one query after another, with a thread for what blocks."""

    def __init__(self, source: InstagramCaptions, reached: LookbackCursor, backlog: Backlog) -> None:
        self._source = source
        self._reached = reached
        self._backlog = backlog
        self._seen = SeenIds()
        self._reconnection = Reconnection(source.clock)
        self._failures = 0
        self._at_least = 0.0
        self._is_well = False
        self._loader = _loader_class()

    async def all(self) -> None:
        """Look at every query until it was read through once; what is handed over already is not again."""
        for query in self._source.queries:
            while not await self._is_read(query):
                pass

    async def _is_read(self, query: str) -> bool:
        loader: Any = None
        await self._reconnection.wait(self._at_least)
        try:
            loader = await self._in_thread(lambda: self._loader(self._source.session, self._source.request_seconds))
            await self._put_new(query, loader)
        except NetworkError as error:
            self._fail(error)
            return False
        except TimeoutError:
            self._fail(NetworkError("Instagram did not answer in time; trying later"))
            return False
        finally:
            if loader is not None:
                loader.stop()
        self._failures, self._at_least = 0, 0.0
        return True

    async def _put_new(self, query: str, loader: Any) -> None:
        now = self._source.clock.now()
        oldest = wanted_from(self._reached.start, self._reached.newest.get(query), now)
        newest, old, read, more = self._reached.start, 0, 0, True
        await self._in_thread(lambda: loader.open(query))
        while more and old < OLD_IN_A_ROW and read < MOST_POSTS:
            if read:
                await self._source.clock.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311 - a pause, no secret
            taken, more = await self._in_thread(lambda: loader.take(BATCH))
            self._well()
            read += len(taken)
            for caption in taken:
                created_at = parse_date(caption["created_at"]) if caption is not None else None
                if caption is None or created_at is None:
                    self._source.report.dropped("a post that instaloader could not read")
                    continue
                old = old + 1 if created_at < oldest else 0
                if created_at >= oldest and self._seen.is_new(caption["post_id"]):
                    newest = max(newest, created_at)
                    if caption["text"].strip():
                        await self._backlog.put(caption)
        before = self._reached.write(self._source.queries)
        self._reached.reach(query, newest, now)
        after = self._reached.write(self._source.queries)
        if after != before:
            self._backlog.reached(after, at_once=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        async with IdleTimeout(self._source.clock, STEP_SECONDS):
            return await asyncio.to_thread(work)

    def _fail(self, error: NetworkError) -> None:
        self._is_well = False
        self._failures += 1
        base = error.wait or _PASSING_SECONDS
        self._at_least = min(base * 2 ** min(self._failures - 1, 10), MOST_SECONDS)
        if error.is_unread:
            self._source.report.dropped("an answer that instaloader could not read")
        self._source.report.degraded(f"{error.sentence} (again in {self._at_least:.0f} s)")
        self._source.report.reconnected()

    def _well(self) -> None:
        if not self._is_well:
            self._is_well = True
            self._source.report.listening(f"instaloader every {self._source.poll_seconds:.0f} s")


def _loader_class() -> type[Any]:
    try:
        from services.ingest.sources.meta.loader import Loader  # noqa: PLC0415 - the extra may not be installed
    except ImportError:
        raise SourceRefusedError("instaloader is not installed; install voxpop with the extra `instagram`") from None
    return Loader
