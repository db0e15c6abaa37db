"""The forms of Meta's exports: which files hold posts and comments, and what an item of them says."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeGuard

from shared.analyzed_post import Platform

UNKNOWN_POST: Final = "unknown"
"""What a comment of an export replies to: exports do not tell the ids of posts."""


class UnknownFormError(ValueError):
    """An item is of a form that is not known."""


@dataclass(frozen=True, repr=False)
class ExportEntry:
    """What an item of an export says; `seconds` since 1970 as the export has it, `place` what else tells it apart."""

    kind: Literal["post", "comment"]
    text: str
    seconds: Any
    place: Any = None

    def as_post(self, platform: Platform, owner: str) -> dict[str, Any]:
        """Return the post in the form that `POST /v1/posts` takes.

        Exports tell no ids of posts. The id made here is the same each time the same export, or a later one of
        the same account, is read. It is not the platform's own: a post that a live source gave too counts twice.
        """
        told = "\0".join((platform, owner, self.kind, repr(self.seconds), repr(self.place), self.text))
        post: dict[str, Any] = {
            "platform": platform,
            "post_id": f"export:{hashlib.sha256(told.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}",
            "author": {"id": owner},
            "text": self.text,
            "created_at": _time(self.seconds),
        }
        if self.kind == "comment":
            post["in_reply_to"] = UNKNOWN_POST
        return post


@dataclass(frozen=True)
class ExportForm:
    """One platform's export: names of the members that tell its owner and that hold entries, and how each is read.

    `owner_of` returns whose export it is by an item, None where the item does not tell. `entry_of` returns None for an
    item without a text (a photo, a check-in) and raises UnknownFormError for what is no post and no comment.
    """

    platform: Platform
    owners: re.Pattern[str]
    entries: re.Pattern[str]
    owner_of: Callable[[Any], str | None]
    entry_of: Callable[[Any], ExportEntry | None]


def mend(text: str) -> str:
    """Return `text` as it was meant: "CafÃ©" becomes "Café", since exports write each byte of UTF-8 as a character.

    What cannot have come about that way (a character past U+00FF, bytes that are no UTF-8) is returned as it
    is, so texts of an export that was written rightly pass. An author who truly wrote "Ã©" is read as "é".
    """
    try:
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def _time(seconds: Any) -> Any:
    """Return RFC 3339; what is no moment is passed on for the service to reject by name."""
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return seconds
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return seconds


def _is_said(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value.strip())


def _facebook_owner(item: Any) -> str | None:
    """Return the most lasting of what the profile tells."""
    if not isinstance(item, dict):
        return None
    name = item.get("name")
    full_name = name.get("full_name") if isinstance(name, dict) else name
    values = (item.get("profile_uri"), item.get("username"), full_name)
    return next((mend(value) for value in values if _is_said(value)), None)


def _facebook_entry(item: Any) -> ExportEntry | None:
    if not isinstance(item, dict) or "timestamp" not in item:
        raise UnknownFormError
    parts = item.get("data", [])
    if not isinstance(parts, list):
        raise UnknownFormError
    for part in parts:
        if not isinstance(part, dict):
            continue
        comment = part.get("comment")
        if isinstance(comment, dict) and _is_said(comment.get("comment")):
            return ExportEntry("comment", mend(comment["comment"]), comment.get("timestamp", item["timestamp"]))
        if _is_said(part.get("post")):
            return ExportEntry("post", mend(part["post"]), item["timestamp"])
    return None


def _instagram_owner(item: Any) -> str | None:
    return _labelled(item, "Username", 0) if isinstance(item, dict) and "string_map_data" in item else None


def _instagram_entry(item: Any) -> ExportEntry | None:
    if not isinstance(item, dict):
        raise UnknownFormError
    if isinstance(item.get("string_map_data"), dict):
        return _instagram_comment(item)
    if isinstance(item.get("media"), list) or "uri" in item:
        return _instagram_post(item)
    raise UnknownFormError


def _instagram_post(item: dict[str, Any]) -> ExportEntry | None:
    media = [medium for medium in item.get("media", [item]) if isinstance(medium, dict)]
    text = next((mend(part["title"]) for part in (item, *media) if _is_said(part.get("title"))), None)
    if text is None:
        return None
    first = media[0] if media else {}
    return ExportEntry("post", text, item.get("creation_timestamp", first.get("creation_timestamp")), first.get("uri"))


def _instagram_comment(item: dict[str, Any]) -> ExportEntry | None:
    text = _labelled(item, "Comment", 0)
    if text is None:
        return None
    times = [part["timestamp"] for part in _parts(item) if "timestamp" in part]
    return ExportEntry("comment", text, times[0] if times else None, _labelled(item, "Media Owner", 1))


def _labelled(item: dict[str, Any], label: str, place: int) -> str | None:
    """Return the text under `label`, where labels are translated the one that is at `place` among the texts."""
    named = item["string_map_data"].get(label) if isinstance(item["string_map_data"], dict) else None
    texts = [part["value"] for part in _parts(item) if isinstance(part.get("value"), str) and "timestamp" not in part]
    text = named.get("value") if isinstance(named, dict) else texts[place] if len(texts) > place else None
    return mend(text) if isinstance(text, str) and text.strip() else None


def _parts(item: dict[str, Any]) -> list[dict[str, Any]]:
    parts = item["string_map_data"]
    return [part for part in parts.values() if isinstance(part, dict)] if isinstance(parts, dict) else []


FORMS: Final = (
    # Instagram's since 2020: what the account put in public or before its followers, not what it archived or deleted.
    ExportForm(
        "instagram",
        re.compile(r"(^|/)(personal_information|account_information)/personal_information\.json$"),
        re.compile(
            r"(^|/)((content|media)/(posts_\d+|reels(_\d+)?|igtv_videos|stories)"
            r"|comments/(post_comments|reels_comments)(_\d+)?)\.json$"
        ),
        _instagram_owner,
        _instagram_entry,
    ),
    # Facebook's, of a profile or a page. Groups are left out: most are closed, and an export does not tell which.
    ExportForm(
        "facebook",
        re.compile(r"(^|/)(profile|page)_information/(profile|page)_information\.json$"),
        re.compile(
            r"(^|/)(posts/(your_posts[a-z_]*|profile_posts|page_posts)(_\d+)?"
            r"|comments(_and_reactions)?/comments(_\d+)?)\.json$"
        ),
        _facebook_owner,
        _facebook_entry,
    ),
)
