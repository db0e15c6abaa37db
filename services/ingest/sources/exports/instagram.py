"""Instagram's export of an account: its posts, reels, stories and comments.

The forms are those of exports in JSON since 2020. The account's language is in them: names of fields such as
"Comment" and "Username" are translated, so where the English name is missing the fields' order tells.
"""

import re
from typing import Any, Final

from services.ingest.sources.exports.entry import Entry, UnknownFormError
from services.ingest.sources.exports.mojibake import mend

OWNER: Final = re.compile(r"(^|/)(personal_information|account_information)/personal_information\.json$")
ENTRIES: Final = re.compile(
    r"(^|/)((content|media)/(posts_\d+|reels(_\d+)?|igtv_videos|stories)"
    r"|comments/(post_comments|reels_comments)(_\d+)?)\.json$"
)
"""What the account put in public or before its followers; what it archived or deleted is left alone."""


def owner_of(item: Any) -> str | None:
    """Return the account's name in an item of its personal information, None where it has none."""
    return _labelled(item, "Username", 0) if isinstance(item, dict) and "string_map_data" in item else None


def entry_of(item: Any) -> Entry | None:
    """Return what an item says; None where it has no text (a picture without a caption).

    Raises UnknownFormError where it is no post and no comment of a form that is known.
    """
    if not isinstance(item, dict):
        raise UnknownFormError
    if isinstance(item.get("string_map_data"), dict):
        return _comment(item)
    if isinstance(item.get("media"), list) or "uri" in item:
        return _post(item)
    raise UnknownFormError


def _post(item: dict[str, Any]) -> Entry | None:
    media = [medium for medium in item.get("media", [item]) if isinstance(medium, dict)]
    titles = [part["title"] for part in (item, *media) if isinstance(part.get("title"), str)]
    text = next((mend(title) for title in titles if title.strip()), None)
    if text is None:
        return None
    first = media[0] if media else {}
    place = first.get("uri")
    return Entry("post", text, item.get("creation_timestamp", first.get("creation_timestamp")), place)


def _comment(item: dict[str, Any]) -> Entry | None:
    text = _labelled(item, "Comment", 0)
    if text is None:
        return None
    times = [part["timestamp"] for part in _parts(item) if "timestamp" in part]
    return Entry("comment", text, times[0] if times else None, _labelled(item, "Media Owner", 1))


def _labelled(item: dict[str, Any], label: str, place: int) -> str | None:
    """Return the text under `label`, where fields are translated the one that is at `place` among the texts."""
    named = item["string_map_data"].get(label) if isinstance(item["string_map_data"], dict) else None
    texts = [part["value"] for part in _parts(item) if isinstance(part.get("value"), str) and "timestamp" not in part]
    text = named.get("value") if isinstance(named, dict) else texts[place] if len(texts) > place else None
    return mend(text) if isinstance(text, str) and text.strip() else None


def _parts(item: dict[str, Any]) -> list[dict[str, Any]]:
    parts = item["string_map_data"]
    return [part for part in parts.values() if isinstance(part, dict)] if isinstance(parts, dict) else []
