"""Facebook's export of a profile or a page: its posts and comments.

Posts in groups are left out: most groups are closed, and an export does not tell which.
"""

import re
from typing import Any, Final

from services.ingest.sources.exports.entry import Entry, UnknownFormError
from services.ingest.sources.exports.mojibake import mend

OWNER: Final = re.compile(r"(^|/)(profile|page)_information/(profile|page)_information\.json$")
ENTRIES: Final = re.compile(
    r"(^|/)(posts/(your_posts[a-z_]*|profile_posts|page_posts)(_\d+)?|comments(_and_reactions)?/comments(_\d+)?)\.json$"
)


def owner_of(item: Any) -> str | None:
    """Return whose export it is, by the most lasting of what its profile tells; None where it tells nothing."""
    if not isinstance(item, dict):
        return None
    name = item.get("name")
    full_name = name.get("full_name") if isinstance(name, dict) else name
    for value in (item.get("profile_uri"), item.get("username"), full_name):
        if isinstance(value, str) and value.strip():
            return mend(value)
    return None


def entry_of(item: Any) -> Entry | None:
    """Return what an item says; None where it has no text (a photo, a check-in).

    Raises UnknownFormError where it is no post and no comment of a form that is known.
    """
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
            return Entry("comment", mend(comment["comment"]), comment.get("timestamp", item["timestamp"]))
        if _is_said(part.get("post")):
            return Entry("post", mend(part["post"]), item["timestamp"])
    return None


def _is_said(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
