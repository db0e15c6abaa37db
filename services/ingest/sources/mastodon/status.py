"""A status of Mastodon's API, read as a post."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from services.ingest.post import EARLIEST, MAX_ID
from services.ingest.sources.dates import parse_date
from services.ingest.sources.fields import UnreadableError, counts_of, language_of, list_of, sendable
from services.ingest.sources.markup import plain_text

_OPEN = ("public", "unlisted")
_FIGURES = {"followers": "followers_count", "following": "following_count", "posts": "statuses_count"}
_REACTIONS = {"likes": "favourites_count", "reposts": "reblogs_count", "replies": "replies_count"}


def server_of(url: str) -> str:
    """Return the name (and port) of the server at `url`."""
    return urlsplit(url).netloc.lower()


def identifier(value: Any) -> str:
    """Return a status' id at its server as text; raises UnreadableError where it is none. Some servers send numbers."""
    words = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not words or len(words) > MAX_ID // 2 or not words.isprintable() or not words.isascii():
        raise UnreadableError("status without an id")
    return words


def post_id_of(status_id: str, server: str) -> str:
    """Return the id of a post: ids are a server's own, and deletions name posts by them alone."""
    return f"{status_id}@{server}"


def to_post(status: Any, server: str, now: datetime) -> dict[str, Any] | None:
    """Return the post in a decoded status, None where it has no text or is not public.

    The author is `name@server` in lower case, which is the same at every server. A boost is a repost, with
    the text that was boosted, by the account that boosts. Raises UnreadableError where it is no status.
    """
    if not isinstance(status, dict):
        raise UnreadableError("not a status")
    status_id = identifier(status.get("id"))
    if status.get("visibility", "public") not in _OPEN:
        return None
    boosted = status.get("reblog")
    shown = boosted if isinstance(boosted, dict) else status
    content = shown.get("content")
    if not isinstance(content, str):
        raise UnreadableError("status without a text")
    warning = shown.get("spoiler_text")
    pieces = [warning.strip() if isinstance(warning, str) else "", plain_text(content)]
    text = sendable("\n\n".join(piece for piece in pieces if piece))
    if not text.strip():
        return None
    author = _author(status.get("account"), server)
    post: dict[str, Any] = {
        "platform": "mastodon",
        "post_id": post_id_of(status_id, server),
        "author": author,
        "text": text,
        "created_at": _moment(status.get("created_at"), now),
        "is_repost": shown is not status,
        "hashtags": _named(shown.get("tags"), "name"),
        "mentions": [_address(name, server) for name in _named(shown.get("mentions"), "acct")],
    }
    post |= counts_of(shown, _REACTIONS)
    if language := language_of(shown.get("language")):
        post["language"] = language
    if (parent := status.get("in_reply_to_id")) is not None:
        post["in_reply_to"] = post_id_of(identifier(parent), server)
    return post


def _author(account: Any, server: str) -> dict[str, Any]:
    name = account.get("acct") if isinstance(account, dict) else None
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_ID // 2:
        raise UnreadableError("status without an author")
    address = sendable(_address(name.strip(), server))
    author = {"id": address, "handle": address} | counts_of(account, _FIGURES)
    since = account.get("created_at")
    moment = parse_date(since) if isinstance(since, str) else None
    if moment is not None and moment >= EARLIEST:
        author["created_at"] = moment.isoformat()
    return author


def _address(name: str, server: str) -> str:
    return (name if "@" in name else f"{name}@{server}").lower()


def _moment(words: Any, now: datetime) -> str:
    moment = parse_date(words) if isinstance(words, str) else None
    if moment is None or moment < EARLIEST:
        raise UnreadableError("status without a time")
    # Servers' clocks differ; a post that is here has been written.
    return min(moment, now).isoformat()


def _named(items: Any, key: str) -> list[str]:
    names = [item.get(key) for item in list_of(items) if isinstance(item, dict)]
    return [name for name in names if isinstance(name, str)]
