"""Every post that was published in the sandbox, in the order of ids, and what became of each."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from sandbox.post import PublishedPost, SandboxAccount
from sandbox.problems import forbidden, invalid
from services.ingest.sources.x.cursor import first_id
from shared.clock import Clock

KEPT: Final = timedelta(days=7)
"""How far back recent search goes."""
SETTLING: Final = timedelta(seconds=30)
"""How old a post is before a search without `end_time` shows it, as at X."""


class Timeline:
    """Publishes, forgets and finds posts."""

    def __init__(self, clock: Clock) -> None:
        """Begin empty."""
        self._clock = clock
        self._ids: list[int] = []
        self._posts: dict[int, PublishedPost] = {}
        self.sent: Counter[int] = Counter()
        """How often each post was written whole into a stream."""
        self.found: Counter[int] = Counter()
        """How often each post was in a page of search."""

    def __len__(self) -> int:
        return len(self._ids)

    def publish(self, text: str, author: SandboxAccount, post_id: int | None = None, **more: Any) -> PublishedPost:
        """Add a post made now (or as `created_at` says), under the next id unless one is given; ids never repeat.

        Raises ValueError for an id that was given before.
        """
        created_at = more.pop("created_at", None) or self._clock.now()
        if post_id is None:
            post_id = max(first_id(created_at), self._ids[-1] + 1 if self._ids else 1)
        if post_id in self._posts:
            raise ValueError("there is a post of that id")
        post = PublishedPost(post_id, text, author, created_at, **more)
        self._ids.insert(bisect_left(self._ids, post_id), post_id)
        self._posts[post_id] = post
        return post

    def delete(self, post_id: int) -> None:
        """Take a post out of search; raises KeyError where there is none."""
        del self._posts[post_id]
        del self._ids[bisect_left(self._ids, post_id)]

    def get(self, post_id: int) -> PublishedPost | None:
        """Return a post by its id, None where there is none."""
        return self._posts.get(post_id)

    def newest_first(self, above: int, below: int | None, from_id: int, to_id: int) -> Iterator[PublishedPost]:
        """Yield the posts that search shows, with `above` < id < `below` and `from_id` <= id < `to_id`."""
        start = max(bisect_right(self._ids, above), bisect_left(self._ids, from_id))
        end = min(bisect_left(self._ids, to_id), len(self._ids) if below is None else bisect_left(self._ids, below))
        for place in range(end - 1, start - 1, -1):
            post = self._posts[self._ids[place]]
            if post.is_searchable:
                yield post

    def published(self) -> list[PublishedPost]:
        """Return every post that was not deleted, in the order of ids."""
        return [self._posts[number] for number in self._ids]


OWN_NAME: Final = "sandbox_brand"
"""The handle of the sandbox's own account."""
MOST_CHARACTERS: Final = 280
_DUPLICATE: Final = "You are not allowed to create a Tweet with duplicate content."
_GONE: Final = "You attempted to reply to a Tweet that is deleted or not visible to you."


@dataclass(frozen=True)
class WrittenPost:
    """A post that a client created."""

    id: str
    text: str
    in_reply_to: str | None


class PostWriter:
    """Creates posts, as X does or does not."""

    def __init__(self, timeline: Timeline, account: SandboxAccount) -> None:
        """Write as `account`."""
        self._timeline = timeline
        self._account = account
        self.written: list[WrittenPost] = []

    def create(self, body: Any) -> web.Response:
        """Create a post; the same text twice, a text too long and a reply to nothing are refused."""
        text = body.get("text") if isinstance(body, dict) else None
        if not isinstance(text, str) or not text:
            return invalid("text", str(text), "text or media is required")
        if len(text) > MOST_CHARACTERS:
            return forbidden("Your Tweet text is too long.")
        reply = body.get("reply")
        target = str(reply.get("in_reply_to_tweet_id")) if isinstance(reply, dict) else None
        if target is not None and not (target.isdecimal() and self._timeline.get(int(target))):
            return forbidden(_GONE)
        if any(one.text == text for one in self.written):
            return forbidden(_DUPLICATE)
        post = self._timeline.publish(text, self._account, in_reply_to=target, language="en")
        self.written.append(WrittenPost(str(post.id), text, target))
        answer = {"data": {"id": str(post.id), "text": text, "edit_history_tweet_ids": [str(post.id)]}}
        return web.json_response(answer, status=201)
