"""Replies on Bluesky: each is a record at a place of its own, where it is found again whatever became of the answer."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from typing_extensions import override

from services.ingest.sources.bluesky.event import POSTS
from services.ingest.sources.bluesky.session import NAME, BlueskySession
from services.ingest.sources.fields import inside, list_of
from services.ingest.sources.network.idle_timeout import IdleTimeout
from services.ingest.sources.network.json_api import ApiError, RefusedError
from services.ingest.sources.reply_writer import NotSent, OutgoingReply, ReplyWriter, SendOutcome, Sent, Unknown
from services.ingest.sources.settings import BlueskyAccount
from shared.clock import Clock

READ_SECONDS: Final = 8.0
WRITE_SECONDS: Final = 7.0
LOOK_SECONDS: Final = 3.0
"""Together less than the time that the sender gives a call."""
_POST_ID: Final = re.compile(rf"at://did:[a-z]+:[A-Za-z0-9._:%-]{{1,256}}/{re.escape(POSTS)}/[A-Za-z0-9._:~-]{{1,128}}")
_LINK: Final = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_AFTER_LINK: Final = ".,;:!?'\u2019\u201d\u00bb\u3002\u3001\uff0c)]}"
_SORTED_BASE32: Final = "234567abcdefghijklmnopqrstuvwxyz"
_TID_LENGTH: Final = 13
_CLOCK_BITS: Final = 10
_EXISTS: Final = (400, 409)
_GONE: Final = NotSent("the post is not there any more, or not for this account", is_gone=True)
_SHOWN_AFTER: Final = timedelta(minutes=10)
"""Bluesky's index may lag behind the stream that posts are read from."""
_NOT_SHOWN: Final = NotSent("Bluesky does not show the post (yet)", retry=True)
_LOOK: Final = "look at the account before sending again"


@dataclass(frozen=True, repr=False)
class _Place:
    """Where a reply's record is, and what it answers."""

    did: str
    rkey: str
    parent: str

    def named(self) -> dict[str, str]:
        return {"repo": self.did, "collection": POSTS, "rkey": self.rkey}


class BlueskyWriter(ReplyWriter):
    """A `ReplyWriter`: the account whose app password is set. Close it with `aclose`.

    The place of a record is made of the reply's key. It is looked at before the record is created, and once more where
    no answer came: what is there was published.
    """

    def __init__(self, account: BlueskyAccount, clock: Clock) -> None:
        """Ask nothing yet."""
        self._session = BlueskySession(account, clock)
        self._clock = clock

    async def aclose(self) -> None:
        """Close its connections."""
        await self._session.api.aclose()

    @override
    async def reply(self, reply: OutgoingReply) -> SendOutcome:
        if not _POST_ID.fullmatch(reply.post_id):
            return NotSent("this post has no id of Bluesky's (one from a file may lack it), so it cannot be answered")
        try:
            async with IdleTimeout(self._clock, READ_SECONDS):
                did = await self._session.did()
                place = _Place(did, record_key(reply.key, reply.drafted_at), reply.post_id)
                if (known := await self._published(place)) is not None:
                    return known
                thread = await self._thread(reply, did)
        except RefusedError as refused:
            return refused.outcome
        except ApiError as error:
            return NotSent(error.sentence, retry=True)
        except TimeoutError:
            return NotSent(f"{NAME} did not answer in time, before anything was sent", retry=True)
        return await self._publish(place, record(reply.text, thread, self._clock.now()))

    async def _thread(self, reply: OutgoingReply, own: str) -> dict[str, Any]:
        """Return the strong references to a post and to the root of its thread; raises RefusedError, ApiError."""
        post_id = reply.post_id
        answer = await self._session.read("app.bsky.feed.getPosts", {"uris": post_id})
        told = self._session.well(answer).told
        post = next((one for one in list_of(told.get("posts")) if inside(one, "uri") == post_id), None)
        if post is None:
            raise RefusedError(_GONE if self._clock.now() - reply.drafted_at > _SHOWN_AFTER else _NOT_SHOWN)
        if inside(post, "author", "did") == own:
            raise RefusedError(NotSent("the post is the replying account's own"))
        if inside(post, "viewer", "blockedBy") is True:
            raise RefusedError(NotSent("the author has blocked the replying account"))
        if inside(post, "viewer", "replyDisabled") is True:
            raise RefusedError(NotSent("the author lets this account not reply to the post"))
        parent = _reference(post)
        if parent is None:
            raise RefusedError(NotSent(f"the answer of {NAME} for the post cannot be read", retry=True))
        return {"root": _reference(inside(post, "record", "reply", "root")) or parent, "parent": parent}

    async def _published(self, place: _Place) -> SendOutcome | None:
        """Return what is known of the reply from its place, None where nothing is there; raises as reading does."""
        answer = await self._session.read("com.atproto.repo.getRecord", place.named())
        if answer.told.get("error") == "RecordNotFound" or (answer.status == 404 and answer.told):  # noqa: PLR2004
            return None
        told = self._session.well(answer).told
        if inside(told, "value", "reply", "parent", "uri") != place.parent:
            return NotSent("another post of the account has the place of this reply")
        return Sent(f"at://{place.did}/{POSTS}/{place.rkey}")

    async def _publish(self, place: _Place, value: Mapping[str, Any]) -> SendOutcome:
        try:
            body = {**place.named(), "record": value}
            answer = await self._session.write("com.atproto.repo.createRecord", body, WRITE_SECONDS)
        except RefusedError as error:
            return error.outcome
        except ApiError as error:
            if not error.was_sent:
                return NotSent(error.sentence, retry=True)
            return await self._looked_for(place, Unknown(f"{error.sentence}; {_LOOK}"))
        uri = answer.told.get("uri")
        if answer.is_well and isinstance(uri, str) and uri.startswith("at://"):
            return Sent(uri)
        refused = self._session.refusal(answer)
        if refused is None:
            return await self._looked_for(place, Unknown(f"{NAME} answered {answer.status}; {_LOOK}"))
        # An earlier request may have come through only now: then the place is taken.
        return await self._looked_for(place, refused) if answer.status in _EXISTS else refused

    async def _looked_for(self, place: _Place, otherwise: SendOutcome) -> SendOutcome:
        """Return that the reply was published where its place says so, else `otherwise`."""
        try:
            async with IdleTimeout(self._clock, LOOK_SECONDS):
                found = await self._published(place)
        except (RefusedError, ApiError, TimeoutError):
            return otherwise
        return found if isinstance(found, Sent) else otherwise


def record_key(key: str, drafted_at: datetime) -> str:
    """Return the key of a reply's record, the same at every attempt.

    It is a TID (atproto.com/specs/tid): microseconds since 1970 and ten bits more, here the draft's millisecond and
    bits of a digest of the reply's key.
    """
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
    microseconds = int(drafted_at.timestamp() * 1000) * 1000 + digest % 1000
    number = microseconds << _CLOCK_BITS | digest // 1000 % (1 << _CLOCK_BITS)
    return "".join(_SORTED_BASE32[number >> 5 * place & 31] for place in reversed(range(_TID_LENGTH)))


def record(text: str, thread: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the record of a reply (the lexicon app.bsky.feed.post), its links marked so that they can be followed."""
    created_at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    whole: dict[str, Any] = {"$type": POSTS, "text": text, "createdAt": created_at, "reply": thread}
    if facets := [_facet(text, *link) for link in _links(text)]:
        whole["facets"] = facets
    return whole


def _links(text: str) -> list[tuple[int, int]]:
    """Return where links begin and end; a sentence's marks after one are not of it, nor a bracket it does not open."""
    found = []
    for match in _LINK.finditer(text):
        link = match[0]
        while link[-1] in _AFTER_LINK and not (link[-1] == ")" and link.count("(") >= link.count(")")):
            link = link[:-1]
        found.append((match.start(), match.start() + len(link)))
    return [(start, end) for start, end in found if not text[start:end].endswith("//")]


def _facet(text: str, start: int, end: int) -> dict[str, Any]:
    """Return the mark of a link; its place is counted in bytes of UTF-8."""
    first = len(text[:start].encode())
    link = text[start:end]
    return {
        "index": {"byteStart": first, "byteEnd": first + len(link.encode())},
        "features": [{"$type": "app.bsky.richtext.facet#link", "uri": link}],
    }


def _reference(value: Any) -> dict[str, str] | None:
    uri, cid = inside(value, "uri"), inside(value, "cid")
    return {"uri": uri, "cid": cid} if isinstance(uri, str) and isinstance(cid, str) and uri and cid else None
