"""One message of Jetstream, read."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from services.ingest.post import EARLIEST, MAX_ID
from services.ingest.sources.base import Removal
from services.ingest.sources.dates import parse_date
from services.ingest.sources.fields import UnreadableError, inside, language_of, list_of, sendable

POSTS: Final = "app.bsky.feed.post"
MAX_MESSAGE: Final = 256 * 1024
"""Bytes; a post is a few hundred, and its server limits its record to 1 MB."""
_EARLIEST_US: Final = int(EARLIEST.timestamp() * 1_000_000)
_GONE = {"deleted": "account deleted", "takendown": "protected", "suspended": "protected", "deactivated": "protected"}
"""What an inactive account's status means; the others (`throttled`, `desynchronized`) tell of servers, not people."""


@dataclass(frozen=True, slots=True, repr=False)
class JetstreamEvent:
    """What happened at `time_us` (microseconds since 1970, Jetstream's cursor); `item` is None where it is not wanted.

    A post is a JSON value as `POST /v1/posts` takes it, with `hashtags` and `mentions` (DIDs) beside it.
    """

    time_us: int
    item: dict[str, Any] | Removal | None


def parse_event(message: bytes, latest_us: int) -> JetstreamEvent:
    """Read one message; raises UnreadableError. A time after `latest_us` is none: as a cursor it would skip posts."""
    if len(message) > MAX_MESSAGE:
        raise UnreadableError("too long")
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        raise UnreadableError("not JSON") from None
    if not isinstance(value, dict):
        raise UnreadableError("not an event")
    time_us, did, kind = value.get("time_us"), value.get("did"), value.get("kind")
    if type(time_us) is not int or not _EARLIEST_US <= time_us <= latest_us or not isinstance(kind, str):
        raise UnreadableError("not an event")
    if not isinstance(did, str) or not did.startswith("did:") or len(did) > MAX_ID:
        raise UnreadableError("event without an account")
    if kind == "commit":
        return JetstreamEvent(time_us, _commit(did, value.get("commit"), time_us))
    if kind == "account":
        return JetstreamEvent(time_us, _account(did, value.get("account")))
    return JetstreamEvent(time_us, None)


def _account(did: str, account: Any) -> Removal | None:
    if not isinstance(account, dict):
        raise UnreadableError("event without an account")
    status = account.get("status")
    reason = _GONE.get(status) if isinstance(status, str) and account.get("active") is False else None
    if reason is None:
        return None
    return Removal("bluesky", "account deleted" if reason == "account deleted" else "protected", author_id=did)


def _commit(did: str, commit: Any, time_us: int) -> dict[str, Any] | Removal | None:
    if not isinstance(commit, dict):
        raise UnreadableError("commit without a record")
    if commit.get("collection") != POSTS:
        return None
    operation, rkey = commit.get("operation"), commit.get("rkey")
    post_id = f"at://{did}/{POSTS}/{rkey}"
    if not isinstance(rkey, str) or not rkey or len(post_id) > MAX_ID:
        raise UnreadableError("post without an id")
    if operation == "delete":
        return Removal("bluesky", "deleted", post_id=post_id)
    if operation == "update":
        return Removal("bluesky", "edited", post_id=post_id)
    if operation != "create":
        return None
    record = commit.get("record")
    if not isinstance(record, dict):
        raise UnreadableError("commit without a record")
    return _post(did, post_id, record, time_us)


def _post(did: str, post_id: str, record: dict[str, Any], time_us: int) -> dict[str, Any] | None:
    text = record.get("text")
    if not isinstance(text, str):
        raise UnreadableError("post without a text")
    text = sendable(text)
    if not text.strip():
        return None
    hashtags, mentions = _features(record)
    post: dict[str, Any] = {
        "platform": "bluesky",
        "post_id": post_id,
        "author": {"id": did},
        "text": text,
        "created_at": _created_at(record.get("createdAt"), time_us),
        "hashtags": hashtags,
        "mentions": mentions,
    }
    if language := language_of(next(iter(list_of(record.get("langs"))), None)):
        post["language"] = language
    parent = inside(record, "reply", "parent", "uri")
    if isinstance(parent, str) and parent and len(parent) <= MAX_ID:
        post["in_reply_to"] = sendable(parent)
    return post


def _created_at(words: Any, time_us: int) -> str:
    """Return the author's own clock's time, but never later than Jetstream saw the post, nor an absurd one."""
    seen = datetime.fromtimestamp(time_us / 1_000_000, UTC)
    told = parse_date(words) if isinstance(words, str) and len(words) < MAX_ID else None
    return (told if told is not None and EARLIEST <= told <= seen else seen).isoformat()


def _features(record: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the hashtags and the mentioned DIDs that stand beside the text."""
    hashtags = [tag for tag in list_of(record.get("tags")) if isinstance(tag, str)]
    mentions: list[str] = []
    for facet in list_of(record.get("facets")):
        for feature in list_of(inside(facet, "features")):
            for found, key in ((hashtags, "tag"), (mentions, "did")):
                if isinstance(told := inside(feature, key), str):
                    found.append(told)
    return hashtags, mentions
