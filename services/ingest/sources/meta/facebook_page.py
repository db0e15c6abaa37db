"""How far each page and the comments under each of its posts were read."""

import functools
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from typing_extensions import override

from services.ingest.sources.base import Report, Source, SourceBatch, SourceRefusedError
from services.ingest.sources.meta.client import GraphClient, node, open_client
from services.ingest.sources.meta.errors import GraphErrorKind, GraphRefusedError
from services.ingest.sources.meta.facebook_posts import COMMENT_FIELDS, POST_FIELDS, FoundPost, comment_of, post_of
from services.ingest.sources.meta.lookback import repeat, wanted_from
from services.ingest.sources.meta.settings import GraphAccess
from services.ingest.sources.network.backlog import Backlog, SeenIds, batches_of
from shared.analyzed_post import Platform
from shared.clock import Clock

WATCHED: Final = 400
"""Posts whose comments are looked for, the latest of all pages together; with their ids a cursor has room for them."""
_MAX_ID: Final = 80


class FacebookCursor:
    """Reads and writes the cursor; `comments` knows of a post its change mark and the time of its newest comment."""

    def __init__(self, start: datetime) -> None:
        """Begin at `start`, to the second as Facebook tells times."""
        self.start = start.replace(microsecond=0)
        self.newest: dict[str, datetime] = {}
        self.comments: dict[str, tuple[str, datetime]] = {}

    @classmethod
    def read(cls, words: str | None, start: datetime) -> "FacebookCursor":
        """Read a stored cursor; begin at `start` where there is none or it is none of ours."""
        cursor = cls(start)
        try:
            value: Any = json.loads(words or "null")
            cursor.start = _moment(value["start"])
            cursor.newest = {str(page): _moment(seconds) for page, seconds in value["newest"].items()}
            cursor.comments = {
                str(post): (str(mark), _moment(seconds)) for post, (mark, seconds) in value["comments"].items()
            }
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
            return cls(start)
        return cursor

    def reach(self, page: str, moment: datetime, now: datetime) -> None:
        """Say that `page` was read up to `moment`; one that lies ahead of `now` (a wrong clock) counts as now."""
        self.newest[page] = max(self.newest.get(page, self.start), min(moment, now))

    def has_read(self, post_id: str, mark: str, newest: datetime) -> None:
        """Say that the comments under a post were read while its change mark was `mark`."""
        self.comments.pop(post_id, None)
        if len(post_id) <= _MAX_ID:
            self.comments[post_id] = (mark, newest)
        if len(self.comments) > WATCHED:
            del self.comments[next(iter(self.comments))]

    def keep(self, watched: set[str]) -> None:
        """Forget the comments under posts that are watched no more."""
        self.comments = {post: known for post, known in self.comments.items() if post in watched}

    def write(self) -> str:
        """Return the cursor as text."""
        value = {
            "start": int(self.start.timestamp()),
            "newest": {page: int(moment.timestamp()) for page, moment in self.newest.items()},
            "comments": {post: [mark, int(moment.timestamp())] for post, (mark, moment) in self.comments.items()},
        }
        return json.dumps(value, separators=(",", ":"))


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


POSTS: Final = 50
COMMENTS: Final = 100
LISTED: Final = 1000
"""Posts of one page that a look lists, unless still older ones are new."""


@dataclass
class FacebookPage(Source):
    """A `Source` of what is written on `pages` (names or ids), looked at every `poll_seconds`.

    A backfill gives `since` and ends after one look.
    """

    access: GraphAccess = field(repr=False)
    pages: tuple[str, ...]
    report: Report = field(repr=False)
    clock: Clock = field(repr=False)
    poll_seconds: float = 120.0
    comment_days: int = 14
    since: datetime | None = None
    ends: bool = False
    platform: Platform = field(default="facebook", init=False)

    @override
    def batches(self, cursor: str | None) -> AsyncGenerator[SourceBatch, None]:
        return batches_of(functools.partial(self._read, cursor), self.clock)

    async def _read(self, cursor: str | None, backlog: Backlog) -> None:
        if not self.pages:
            raise SourceRefusedError("the brand gives no Facebook page; add its name or id to the brand's accounts")
        reached = FacebookCursor.read(cursor, self.since or self.clock.now())
        mode = f"pages and comments every {self.poll_seconds:.0f} s"
        async with open_client(self.access, self.clock, self.report, mode) as graph:
            look = _Look(self, graph, reached, backlog)
            await repeat(look.all, self.clock, self.poll_seconds, ends=self.ends)


class _Look:
    """Looks at every page and the comments under its posts."""

    def __init__(self, source: FacebookPage, graph: GraphClient, reached: FacebookCursor, backlog: Backlog) -> None:
        self._source = source
        self._graph = graph
        self._reached = reached
        self._backlog = backlog
        self._seen = SeenIds()

    async def all(self) -> None:
        """Put what is new on every page and under its posts, each time with how far that goes."""
        watched: set[str] = set()
        room = max(1, WATCHED // len(self._source.pages))
        for page in self._source.pages:
            posts = await self._posts(page, room)
            watched |= {post.id for post in posts}
            for post in posts:
                known = self._reached.comments.get(post.id)
                if known is None or known[0] != post.mark:
                    await self._comments(post, page)
        self._reached.keep(watched)

    async def _posts(self, page: str, room: int) -> list[FoundPost]:
        """Put a page's new posts, and return those whose comments are to be looked for, the latest first."""
        now = self._source.clock.now()
        oldest = wanted_from(self._reached.start, self._reached.newest.get(page), now)
        window = min(oldest, now - timedelta(days=self._source.comment_days))
        params = {"fields": POST_FIELDS, "since": str(int(window.timestamp()))}
        newest = self._reached.newest.get(page, self._reached.start)
        watched: list[FoundPost] = []
        listed = 0
        async with aclosing(self._graph.pages(node(page, "feed"), params, POSTS)) as pages:
            async for page_of_posts in pages:
                found = self._readable([post_of(item, page) for item in page_of_posts.items])
                listed += len(found)
                watched += [post for post in found if post.comments][: room - len(watched)]
                newest = max([newest, *(post.created_at for post in found)])
                is_news = await self._put(found, oldest)
                if not is_news and (len(watched) >= room or listed >= LISTED):
                    break
        if self._reached.newest.get(page) != newest:
            self._reached.reach(page, newest, now)
            self._backlog.reached(self._reached.write(), at_once=True)
        return watched

    async def _comments(self, post: FoundPost, page: str) -> None:
        """Put the new comments under a post, the latest first, until they were read before."""
        known = self._reached.comments.get(post.id)
        oldest = wanted_from(self._reached.start, known[1] if known else None, self._source.clock.now())
        newest = oldest
        params = {"fields": COMMENT_FIELDS, "filter": "stream", "order": "reverse_chronological"}
        try:
            async with aclosing(self._graph.pages(node(post.id, "comments"), params, COMMENTS)) as pages:
                async for listed in pages:
                    found = self._readable([comment_of(item, post.id, page) for item in listed.items])
                    newest = max([newest, *(comment.created_at for comment in found)])
                    await self._put(found, oldest)
                    if found and all(comment.created_at < oldest for comment in found):
                        break
        except GraphRefusedError as error:
            # A post may be gone between the list and its comments; that ends nothing but this.
            if error.fault.kind is not GraphErrorKind.MISSING:
                raise
        self._reached.has_read(post.id, post.mark, min(newest, self._source.clock.now()))
        self._backlog.reached(self._reached.write(), at_once=True)

    def _readable(self, found: list[FoundPost | None]) -> list[FoundPost]:
        unread = sum(one is None for one in found)
        if unread:
            self._source.report.dropped("a post or comment without an id or a time", unread)
        return [one for one in found if one is not None]

    async def _put(self, found: list[FoundPost], oldest: datetime) -> bool:
        """Put what is new and not older than `oldest`; tell whether there was any."""
        posts = [one.post for one in found if one.post and one.created_at >= oldest and self._seen.is_new(one.id)]
        for post in posts:
            await self._backlog.put(post)
        return bool(posts)
