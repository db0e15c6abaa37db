"""From what X sends to posts: every field is looked at before it is believed."""

import html
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from services.ingest.sources.dates import parse_date
from services.ingest.sources.fields import counts_of, language_of, list_of
from services.ingest.sources.x.cursor import moment_of

ID_BITS: Final = 63
"""Of X's ids; a longer number is an id like any other here, but says nothing of time."""
_ID: Final = re.compile(r"[0-9]{1,40}")
_FIGURES: Final = {"likes": "like_count", "reposts": "retweet_count", "replies": "reply_count"}
_OF_AUTHOR: Final = {
    "followers": "followers_count",
    "following": "following_count",
    "posts": "tweet_count",
    "listed": "listed_count",
}
_UNKNOWN_LANGUAGES: Final = frozenset({"und", "zxx", "qam", "qct", "qht", "qme", "qst", "art"})
"""What X writes where a post has no language: only mentions, only links and so on."""


@dataclass(frozen=True, repr=False)
class ReceivedPost:
    """One post as `POST /v1/posts` takes it, with its id as a number and the ids of the rules that it matched."""

    number: int
    post: dict[str, Any]
    rules: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Unreadable:
    """Something that is no post, by a reason without any of its content; `was_post` where X will have counted it."""

    reason: str
    was_post: bool = False


@dataclass(frozen=True)
class Disconnecting:
    """X's word that it is about to end the connection."""


@dataclass(frozen=True, repr=False)
class SearchPage:
    """One page of search: `sent` posts were in it, readable or not; `oldest` and `newest` are ids, None without."""

    received: list[ReceivedPost] = field(default_factory=list)
    unreadable: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    oldest: int | None = None
    newest: int | None = None
    next_token: str | None = None


def read_line(raw: bytes, now: datetime) -> ReceivedPost | Unreadable | Disconnecting:
    """Read one line of the stream; never raises."""
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return Unreadable("not JSON")
    if not isinstance(line, dict):
        return Unreadable("not an object")
    told = line.get("data")
    if told is None:
        errors = [error for error in list_of(line.get("errors")) if isinstance(error, dict)]
        if any("disconnect_type" in error or "disconnect" in str(error.get("type")) for error in errors):
            return Disconnecting()
        return Unreadable("a message without a post")
    read = _post(told, _users(line), now)
    if isinstance(read, str):
        return Unreadable(read, was_post=True)
    rules = [rule for rule in list_of(line.get("matching_rules")) if isinstance(rule, dict)]
    return ReceivedPost(int(read["post_id"]), read, frozenset(str(rule.get("id")) for rule in rules))


def read_page(answer: Mapping[str, Any], now: datetime) -> SearchPage:
    """Read one page of recent search; what in it is no post is counted by reason."""
    users = _users(answer)
    told = list_of(answer.get("data"))
    received: list[ReceivedPost] = []
    unreadable: Counter[str] = Counter()
    numbers = []
    for item in told:
        read = _post(item, users, now)
        number = _number(item.get("id")) if isinstance(item, dict) else None
        if number is not None and int(number).bit_length() <= ID_BITS:
            numbers.append(int(number))
        if isinstance(read, str):
            unreadable[read] += 1
        else:
            received.append(ReceivedPost(int(read["post_id"]), read))
    if "data" in answer and not isinstance(answer["data"], list):
        unreadable["not a list of posts"] += 1
    meta = answer.get("meta")
    token = meta.get("next_token") if isinstance(meta, dict) else None
    return SearchPage(
        received,
        unreadable,
        len(told),
        min(numbers, default=None),
        max(numbers, default=None),
        token if isinstance(token, str) and token else None,
    )


def _post(told: Any, users: Mapping[str, dict[str, Any]], now: datetime) -> dict[str, Any] | str:
    """Return the post, or in a few words why it is none."""
    if not isinstance(told, dict):
        return "not an object"
    post_id, author_id, text = _number(told.get("id")), _number(told.get("author_id")), _text(told)
    if post_id is None:
        return "a post without an id"
    if author_id is None:
        return "a post without an author"
    if text is None:
        return "a post without text"
    created_at = _moment(told.get("created_at"), now) or _moment_of_id(int(post_id), now)
    if created_at is None:
        return "a post without a time"
    kinds = {
        item.get("type"): _number(item.get("id"))
        for item in list_of(told.get("referenced_tweets"))
        if isinstance(item, dict) and isinstance(item.get("type"), str)
    }
    post: dict[str, Any] = {
        "platform": "x",
        "post_id": post_id,
        "author": _author(author_id, users.get(author_id, {}), now),
        "text": text,
        "created_at": created_at,
        "is_repost": "retweeted" in kinds,
        **counts_of(told.get("public_metrics"), _FIGURES),
    }
    if (parent := kinds.get("replied_to")) is not None:
        post["in_reply_to"] = parent
    language = language_of(told.get("lang"))
    if language and language not in _UNKNOWN_LANGUAGES:
        post["language"] = language
    return post


def _author(author_id: str, user: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    author: dict[str, Any] = {"id": author_id, **counts_of(user.get("public_metrics"), _OF_AUTHOR)}
    for name in ("verified", "protected"):
        if isinstance(user.get(name), bool):
            author[name] = user[name]
    if (created_at := _moment(user.get("created_at"), now)) is not None:
        author["created_at"] = created_at
    if isinstance(user.get("username"), str):
        author["handle"] = user["username"]
    return author


def _users(answer: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    includes = answer.get("includes")
    users = list_of(includes.get("users")) if isinstance(includes, dict) else []
    return {number: user for user in users if isinstance(user, dict) and (number := _number(user.get("id")))}


def _number(value: Any) -> str | None:
    """Return an id as digits; X writes strings, since numbers past 2^53 lose digits in many a reader of JSON."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if 0 <= value < 10**40 else None
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _text(told: Mapping[str, Any]) -> str | None:
    """Return the whole text, whose `<`, `>` and `&` X escapes; of a long post, `text` holds the beginning alone."""
    note = told.get("note_tweet")
    for value in (note.get("text") if isinstance(note, dict) else None, told.get("text")):
        if isinstance(value, str) and value.strip():
            # Half a surrogate pair, which JSON can write, cannot be written as UTF-8 again; NUL is no text.
            whole = html.unescape(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            return whole.replace("\x00", " ").strip() or None
    return None


def _moment(value: Any, now: datetime) -> str | None:
    """Return a time in RFC 3339, taken for UTC without a zone; None for none, or one that lies ahead by a day."""
    moment = parse_date(value) if isinstance(value, str) else None
    return None if moment is None or (moment - now).days >= 1 else moment.isoformat()


def _moment_of_id(number: int, now: datetime) -> str | None:
    """Return when an id was made; None where it is too great for an id of a time that has come."""
    if number.bit_length() > ID_BITS or (moment := moment_of(number)) > now:
        return None
    return moment.astimezone(UTC).isoformat()
