"""Instagram's official hashtag search through the Graph API.

It gives public posts of the last 24 hours, without their authors (see `UNKNOWN_AUTHOR`), for at most 30 different
hashtags in 7 days per business account, all brands together. Deleted posts are not told.
"""

import functools
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from typing_extensions import override

from services.ingest.sources.base import Report, Source, SourceBatch, SourceRefusedError
from services.ingest.sources.fields import UNKNOWN_AUTHOR, count_of, id_of, text_of, time_of
from services.ingest.sources.meta.client import GraphClient, node, open_client
from services.ingest.sources.meta.errors import GraphError, GraphErrorKind, GraphRefusedError
from services.ingest.sources.meta.lookback import LookbackCursor, repeat, wanted_from
from services.ingest.sources.meta.settings import GraphAccess
from services.ingest.sources.network.backlog import Backlog, SeenIds, batches_of
from shared.analyzed_post import Platform
from shared.clock import Clock, is_due

MAX_HASHTAGS: Final = 30
"""Different ones in 7 days, of one business account."""
PAGE_ITEMS: Final = 50
PAGES_WITHOUT_NEWS: Final = 2
"""After so many in a row a look ends: the list is not in strict order."""
_PAST_HASHTAGS: Final = 18
_FIELDS: Final = "id,caption,timestamp,like_count,comments_count"
_AGAIN_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True, repr=False)
class _Post:
    """What a look found."""

    created_at: datetime
    value: dict[str, Any]


@dataclass
class InstagramHashtag(Source):
    """A `Source` of the posts with any of `hashtags` (without `#`), looked at every `poll_seconds`.

    `order` is `recent` (the last 24 hours) or `top` (what Instagram finds most popular, of any age after `since`).
    A backfill gives `since` and ends after one look.
    """

    access: GraphAccess = field(repr=False)
    user_id: str = field(repr=False)
    hashtags: tuple[str, ...]
    report: Report = field(repr=False)
    clock: Clock = field(repr=False)
    poll_seconds: float = 300.0
    order: Literal["recent", "top"] = "recent"
    since: datetime | None = None
    ends: bool = False
    platform: Platform = field(default="instagram", init=False)

    @override
    def batches(self, cursor: str | None) -> AsyncGenerator[SourceBatch, None]:
        return batches_of(functools.partial(self._read, cursor), self.clock)

    async def _read(self, cursor: str | None, backlog: Backlog) -> None:
        tags = tuple(dict.fromkeys(tag.lstrip("#") for tag in self.hashtags))
        if not tags or len(tags) > MAX_HASHTAGS:
            raise SourceRefusedError(
                f"the brand gives {len(tags)} hashtags; Instagram's search takes 1 to {MAX_HASHTAGS} of one account "
                "in 7 days"
            )
        reached = LookbackCursor.read(cursor, self.since or self.clock.now())
        mode = f"hashtag search every {self.poll_seconds:.0f} s"
        async with open_client(self.access, self.clock, self.report, mode) as graph:
            look = _Look(self, graph, reached, tags, backlog)
            await repeat(look.all, self.clock, self.poll_seconds, ends=self.ends)


class _Look:
    """Looks at one hashtag after another, and remembers which could not be looked at."""

    def __init__(
        self,
        source: InstagramHashtag,
        graph: GraphClient,
        reached: LookbackCursor,
        tags: tuple[str, ...],
        backlog: Backlog,
    ) -> None:
        self._source = source
        self._graph = graph
        self._reached = reached
        self._tags = tags
        self._backlog = backlog
        self._seen = SeenIds()
        self._not_before: dict[str, datetime] = {}

    async def all(self) -> None:
        """Look at every hashtag once."""
        for tag in self._tags:
            await self._at(tag)

    async def _at(self, tag: str) -> None:
        """Put what is new under a hashtag, and then say how far that goes."""
        now = self._source.clock.now()
        if not is_due(self._not_before.get(tag, now), now, _AGAIN_AFTER):
            return
        before = self._reached.write(self._tags)
        try:
            newest = await self._put_new(node(await self._id_of(tag), f"{self._source.order}_media"), tag)
        except GraphRefusedError as error:
            self._put_off(tag, error, now)
        else:
            self._admit(tag)
            self._reached.reach(tag, newest, now)
        after = self._reached.write(self._tags)
        if after != before:
            self._backlog.reached(after, at_once=True)

    async def _id_of(self, tag: str) -> str:
        if tag not in self._reached.ids:
            value = await self._graph.get("/ig_hashtag_search", {"user_id": self._source.user_id, "q": tag})
            listed = value.get("data")
            found = id_of(listed[0]) if isinstance(listed, list) and listed and isinstance(listed[0], dict) else None
            if found is None:
                raise GraphRefusedError("the Graph API knows no such hashtag", GraphError(GraphErrorKind.MISSING))
            self._reached.ids[tag] = found
        return self._reached.ids[tag]

    async def _put_new(self, path: str, tag: str) -> datetime:
        """Put what is new in a list, and return the time of the newest."""
        newest = self._reached.start
        oldest = wanted_from(newest, self._reached.newest.get(tag), self._source.clock.now())
        if self._source.order == "top":
            oldest = self._reached.start
        without_news = 0
        params = {"user_id": self._source.user_id, "fields": _FIELDS}
        async with aclosing(self._graph.pages(path, params, PAGE_ITEMS)) as pages:
            async for page in pages:
                posts = [post for item in page.items if (post := self._post(item, tag, oldest))]
                for post in posts:
                    await self._backlog.put(post.value)
                    newest = max(newest, post.created_at)
                without_news = 0 if posts else without_news + 1
                if without_news == PAGES_WITHOUT_NEWS:
                    break
        return newest

    def _post(self, item: dict[str, Any], tag: str, oldest: datetime) -> _Post | None:
        post_id, created_at = id_of(item), time_of(item, "timestamp")
        if post_id is None or created_at is None:
            self._source.report.dropped("a post without an id or a time")
            return None
        text = text_of(item, "caption")
        if text is None or created_at < oldest or not self._seen.is_new(post_id):
            return None
        value = {
            "platform": "instagram",
            "post_id": post_id,
            "author": {"id": UNKNOWN_AUTHOR},
            "text": text,
            "created_at": created_at.isoformat(),
            "likes": count_of(item, "like_count"),
            "replies": count_of(item, "comments_count"),
            "hashtags": [tag],  # it may stand in the author's first comment instead of the caption
        }
        return _Post(created_at, value)

    def _put_off(self, tag: str, error: GraphRefusedError, now: datetime) -> None:
        """Leave one hashtag for an hour where it alone is refused; raise what concerns them all."""
        if error.fault.code == _PAST_HASHTAGS:
            why = f"this account has searched {MAX_HASHTAGS} different hashtags in 7 days, which is Instagram's limit"
        elif error.fault.kind in {GraphErrorKind.MISSING, GraphErrorKind.OTHER}:
            why = f"Instagram finds nothing under it, or does not let it be searched ({error.fault.numbers})"
        else:
            raise error
        self._not_before[tag] = now + _AGAIN_AFTER
        self._graph.remark = f"{len(self._not_before)} of {len(self._tags)} hashtags wait, #{tag} among them: {why}"
        self._source.report.degraded(self._graph.remark)

    def _admit(self, tag: str) -> None:
        if self._not_before.pop(tag, None) is None:
            return
        if not self._not_before:
            self._graph.remark = None
            self._graph.say_well()
