"""Posts of X: its API's objects, first and second version, as twarc and others write them, and archives."""

import re
from datetime import UTC
from typing import Any, Final

from services.ingest.brands.brand import told_language
from services.ingest.sources.fields import inside, list_of
from services.ingest.sources.layouts.layout import JsonLayout, Record, first_of, present, words_of
from services.ingest.sources.x.cursor import moment_of

_OF_V1: Final = frozenset({"screen_name", "id_str", "followers_count", "friends_count"})
_OF_V2: Final = frozenset(
    {"public_metrics", "edit_history_tweet_ids", "conversation_id", "referenced_tweets", "in_reply_to_user_id"}
)
_ID: Final = re.compile(r"[0-9]{10,19}")
_ID_BITS: Final = range(40, 64)
"""Of ids that tell their time; those of before November 2010 are smaller and tell none."""
_REPOST_MARK: Final = "RT @"
_NOTICES: Final = frozenset(
    {"delete", "limit", "scrub_geo", "status_withheld", "user_withheld", "disconnect", "warning"}
)


def language_told(value: Any) -> str | None:
    """Return a language as X names it, None where it names none (`und`, `qme`)."""
    return told_language(value) if isinstance(value, str) else None


def _is_v1(item: dict[str, Any]) -> bool:
    user = item.get("user")
    known = isinstance(user, dict) and not _OF_V1.isdisjoint(user)
    return (
        known and not {"full_text", "text", "extended_tweet"}.isdisjoint(item) and not {"id", "id_str"}.isdisjoint(item)
    )


def _v1_text(item: dict[str, Any]) -> str | None:
    return words_of(item.get("extended_tweet"), "full_text") or words_of(item, "full_text", "text")


def v1_record(item: dict[str, Any]) -> Record:
    """Return what an object of the first version says."""
    user, reposted = item.get("user"), item.get("retweeted_status")
    text = _v1_text(item)
    return present(
        post_id=first_of(item, "id_str", "id"),
        # A repost's own text is cut off; the words are in what is reposted.
        text=(_v1_text(reposted) if isinstance(reposted, dict) else None) or text,
        created_at=item.get("created_at"),
        language=language_told(item.get("lang")),
        likes=item.get("favorite_count"),
        reposts=item.get("retweet_count"),
        replies=item.get("reply_count"),
        is_repost=bool(reposted) or (text or "").startswith(_REPOST_MARK),
        in_reply_to=first_of(item, "in_reply_to_status_id_str", "in_reply_to_status_id"),
        author_id=first_of(user, "id_str", "id"),
        handle=inside(user, "screen_name"),
        followers=inside(user, "followers_count"),
        following=inside(user, "friends_count"),
        posts=inside(user, "statuses_count"),
        listed=inside(user, "listed_count"),
        verified=inside(user, "verified"),
        protected=inside(user, "protected"),
        account_created_at=inside(user, "created_at"),
    )


def is_archived(item: dict[str, Any]) -> bool:
    """Tell a post of an X archive, which has no author: the whole archive has one."""
    return not {"full_text", "text"}.isdisjoint(item) and "id_str" in item and {"user", "author"}.isdisjoint(item)


def _is_v2(item: dict[str, Any]) -> bool:
    if not ("id" in item and isinstance(item.get("text"), str)):
        return False
    return not _OF_V2.isdisjoint(item) or isinstance(inside(item, "author", "username"), str)


def _v2_record(item: dict[str, Any]) -> Record:
    author, figures = item.get("author"), item.get("public_metrics")
    references = [one for one in list_of(item.get("referenced_tweets")) if isinstance(one, dict)]
    parents = [one.get("id") for one in references if one.get("type") == "replied_to"]
    reposted = next((one for one in references if one.get("type") == "retweeted"), None)
    of_author = inside(author, "public_metrics")
    return present(
        post_id=item.get("id"),
        text=_v2_text(reposted) or _v2_text(item),
        created_at=item.get("created_at") or _time_of_id(item.get("id")),
        language=language_told(item.get("lang")),
        likes=inside(figures, "like_count"),
        reposts=inside(figures, "retweet_count"),
        replies=inside(figures, "reply_count"),
        is_repost=reposted is not None,
        in_reply_to=next(iter(parents), None),
        author_id=item.get("author_id") or inside(author, "id"),
        handle=inside(author, "username"),
        followers=inside(of_author, "followers_count"),
        following=inside(of_author, "following_count"),
        posts=inside(of_author, "tweet_count"),
        listed=inside(of_author, "listed_count"),
        verified=inside(author, "verified"),
        protected=inside(author, "protected"),
        account_created_at=inside(author, "created_at"),
    )


def _v2_text(item: Any) -> str | None:
    return words_of(inside(item, "note_tweet"), "text") or words_of(item, "text")


def _time_of_id(value: Any) -> str | None:
    """Return when an id was made; X tells `created_at` only where it is asked for."""
    words = str(value) if isinstance(value, (str, int)) else ""
    if not _ID.fullmatch(words) or int(words).bit_length() not in _ID_BITS:
        return None
    return moment_of(int(words)).astimezone(UTC).isoformat()


def _is_notice(item: dict[str, Any]) -> bool:
    return len(item) == 1 and not _NOTICES.isdisjoint(item) and isinstance(next(iter(item.values())), dict)


def _no_post(_: dict[str, Any]) -> None:
    return None


X_V1: Final = JsonLayout("X's API v1", "x", _is_v1, v1_record)
X_V2: Final = JsonLayout("X's API v2", "x", _is_v2, _v2_record)
X_NOTICE: Final = JsonLayout("a notice of X's stream", "x", _is_notice, _no_post)
X_ARCHIVED: Final = JsonLayout("an X archive", "x", is_archived, v1_record)
