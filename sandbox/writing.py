"""`POST /2/tweets`: a post or a reply by the sandbox's own account."""

from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from sandbox.post import Account
from sandbox.problems import forbidden, invalid
from sandbox.timeline import Timeline

OWN_NAME: Final = "sandbox_brand"
"""The handle of the sandbox's own account."""
MOST_CHARACTERS: Final = 280
_DUPLICATE: Final = "You are not allowed to create a Tweet with duplicate content."
_GONE: Final = "You attempted to reply to a Tweet that is deleted or not visible to you."


@dataclass(frozen=True)
class Written:
    """A post that a client created."""

    id: str
    text: str
    in_reply_to: str | None


class Writing:
    """Creates posts, as X does or does not."""

    def __init__(self, timeline: Timeline, account: Account) -> None:
        """Write as `account`."""
        self._timeline = timeline
        self._account = account
        self.written: list[Written] = []

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
        self.written.append(Written(str(post.id), text, target))
        answer = {"data": {"id": str(post.id), "text": text, "edit_history_tweet_ids": [str(post.id)]}}
        return web.json_response(answer, status=201)
