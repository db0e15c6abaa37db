"""The entries of an RSS or Atom feed, read as posts."""

import hashlib
import io
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import feedparser

from services.ingest.post import EARLIEST, MAX_ID
from services.ingest.sources.dates import parse_date
from services.ingest.sources.fields import language_of, sendable
from services.ingest.sources.markup import plain_text

_HARMLESS = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)


class NoFeedError(ValueError):
    """What came is no feed at all."""


@dataclass
class FeedEntries:
    """What was read of one version of a feed, newest first as feeds are; `is_whole` where it was well-formed."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    is_whole: bool = True


def read_entries(body: bytes, content_type: str, url: str, now: datetime, *, about_brand: bool) -> FeedEntries:
    """Read a feed's bytes; raises NoFeedError. It may take hours of CPU: `FeedParser` calls it where it can be ended.

    An entry is known by its `guid` or `id`, else by its link, else by a digest of title and time; an id that is no
    address of its own is made one by the feed's. Its author is the named one, as known at this feed alone, else the
    feed itself. Without a plausible time, or with one
    that means two moments, it is as old as our first sight of it.
    """
    # Without the feed's address: relative ids must stay as they are, or two feeds of one host would share them.
    headers = {"content-type": content_type}
    try:
        parsed = feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, RecursionError, AssertionError):
        raise NoFeedError("what came is no feed") from None
    if not parsed.get("version") and not parsed.entries:
        raise NoFeedError("what came is no feed")
    read = FeedEntries()
    if parsed.get("bozo") and not isinstance(parsed.get("bozo_exception"), _HARMLESS):
        read.is_whole = False
        read.dropped["feed is not well-formed"] += 1
    language = parsed.feed.get("language")
    for entry in parsed.entries:
        post = _post(entry, url, now, language)
        if isinstance(post, str):
            read.dropped[post] += 1
        else:
            read.posts.append(post | {"about_brand": True} if about_brand else post)
    return read


def _post(entry: Any, url: str, now: datetime, language: Any) -> dict[str, Any] | str:
    title, written = plain_text(_words(entry.get("title"))), _written(entry)
    text = sendable("\n\n".join(piece for piece in (title, written if written != title else "") if piece))
    if not text.strip():
        return "entry without a text"
    moment = _moment(entry, now)
    told = _words(entry.get("id")) or _words(entry.get("link"))
    if told:
        post_id = told if ":" in told else f"{url}#{told}"
    else:
        digest = hashlib.sha256(f"{title}\n{_words(entry.get('published'))}\n{written}".encode("utf-8", "replace"))
        post_id = f"{url}#{digest.hexdigest()}"
    author = _words(entry.get("author")).strip()
    post: dict[str, Any] = {
        "platform": "web",
        "post_id": _bounded(post_id),
        "author": {"id": _bounded(f"{url}#{author}" if author else url)},
        "text": text,
        "created_at": moment.isoformat(),
        "hashtags": [_words(tag.get("term")) for tag in entry.get("tags", ()) if tag.get("term")],
    }
    if language := language_of(language):
        post["language"] = language
    return post


def _written(entry: Any) -> str:
    """Return the longest of what the entry holds: some feeds cut the summary, some have nothing else."""
    contents = [content.get("value") for content in entry.get("content", ())]
    return max((plain_text(_words(piece)) for piece in [*contents, entry.get("summary")]), key=len, default="")


def _moment(entry: Any, now: datetime) -> datetime:
    """Return the time that the entry's own words tell: the library reads `IST` and `CST` as one zone each."""
    for name in ("published", "updated", "created"):
        # The library's own `get` would answer `published` for `updated`, with a warning.
        moment = parse_date(_words(dict.get(entry, name)))
        if moment is not None and EARLIEST <= moment <= now:
            return moment
    return now


def _words(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _bounded(identifier: str) -> str:
    """Return an id that a post may have: a longer one, or one with odd characters, by its digest."""
    plain = sendable(identifier)
    if plain == identifier and len(identifier) <= MAX_ID and identifier.isprintable():
        return identifier
    return "sha256:" + hashlib.sha256(identifier.encode("utf-8", "replace")).hexdigest()
