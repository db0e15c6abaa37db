"""Items of Facebook's export, of a profile or a page: told by their shape, since folders and files are translated."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final, Literal

from services.ingest.sources.exports.export_entry import (
    ExportEntry,
    ExportOwner,
    UnknownFormError,
    is_said,
    mend,
    named,
)
from services.ingest.sources.fields import inside, list_of

OWNERS: Final = re.compile(r"(^|/)(profile|page)_information/(profile|page)_information\.json$")
ENTRIES: Final = re.compile(
    r"(^|/)(posts/(your_posts[a-z_]*|profile_posts|page_posts)(_\d+)?"
    r"|(posts|notes|other_activity)/(your_)?notes"
    r"|comments(_and_reactions)?/comments(_\d+)?)\.json$"
)
MEDIA: Final = re.compile(
    r"(^|/)(posts|photos_and_videos)/(album/\d+|your_(uncategorized_)?photos|your_videos)(_\d+)?\.json$"
)
_PIECES: Final = {"note": ("title", "text"), "life_event": ("title", "description")}
"""What may hang on a post, with the texts that its author wrote there: a poll or an article may be another's."""
_USER: Final = re.compile(r"(?:u[żz]ytkowni|пользовател|utilizator|u[žz]ivatel|pou[žz][ií]vate)\w*\s+", re.IGNORECASE)
_NAME_GOES_ON: Final = re.compile(
    r"['\u2019]s\b|[A-Za-z0-9\u00c0-\u04ff-]|\s+[A-Z\u00c0-\u00d6\u00d8-\u00de\u0410-\u042f]"
)
"""What follows a name that is longer than the owner's, or the owner's in the genitive: then another speaks."""


def owner_of(item: Any) -> ExportOwner | None:
    """Return whose export it is by an item of the profile, None where the item does not tell."""
    if not isinstance(item, dict):
        return None
    name = item.get("name")
    full_name = name.get("full_name") if isinstance(name, dict) else name
    values = [mend(value) for value in (item.get("profile_uri"), item.get("username"), full_name) if is_said(value)]
    if not values:
        return None
    former = [inside(one, "name") for one in (*list_of(item.get("previous_names")), *list_of(item.get("other_names")))]
    names = frozenset(_composed(told).strip() for told in (full_name, *former) if is_said(told))
    return ExportOwner(values[0], _handle(item), names)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", mend(text))


def _handle(item: dict[str, Any]) -> str | None:
    if is_said(item.get("username")):
        return mend(item["username"])
    address = str(item.get("profile_uri") or "").rstrip("/").rpartition("/")[2]
    return address if re.fullmatch(r"[A-Za-z0-9.-]{1,100}", address) and address != "profile.php" else None


def is_profile(item: Any) -> bool:
    """Tell the profile by its shape: a participant of a chat has a name too."""
    return is_said(inside(item, "name", "full_name")) or (
        is_said(inside(item, "profile_uri")) and inside(item, "name") is not None
    )


def is_entry(name: str, item: Any) -> bool:
    """Tell a post, comment or note by its shape, and by the `name` of the list in which it stands.

    Posts are a list without a name. In the others (what was saved, shared, voted on) the pictures are other people's.
    """
    if not isinstance(item, dict) or "timestamp" not in item:
        return _is_note(item)
    parts = [part for part in list_of(item.get("data")) if isinstance(part, dict)]
    if any("post" in part or isinstance(inside(part, "comment", "comment"), str) for part in parts):
        return True
    if name:
        return False
    hung = (part for one in list_of(item.get("attachments")) for part in list_of(inside(one, "data")))
    return any(isinstance(part, dict) and not {"media", *_PIECES}.isdisjoint(part) for part in hung)


def _is_note(item: Any) -> bool:
    return (
        isinstance(item, dict) and isinstance(item.get("text"), str) and {"title", "created_timestamp"}.issubset(item)
    )


def is_medium(item: Any) -> bool:
    """Tell a photo or video of an album."""
    return isinstance(item, dict) and "uri" in item and "creation_timestamp" in item


def entries_of(name: str, item: Any, owner: ExportOwner) -> Iterator[ExportEntry]:
    """Yield what an item under `name` of its file says; nothing for one without a text (a photo, a check-in).

    Raises UnknownFormError for what is no post and no comment, and for what is or may be another person's.
    """
    if isinstance(item, dict) and "timestamp" in item:
        yield from _dated(item, owner)
    elif is_medium(item):
        yield from _described(item)
    elif _is_note(item):
        yield from _piece("note", item, item["created_timestamp"])
    elif isinstance(item, dict) and name not in ("cover_photo", "comments"):
        raise UnknownFormError("holds an item of a form that is not known")


def album_entry(values: dict[str, Any]) -> ExportEntry | None:
    """Return what an album itself says, by the values that stand in its file beside the photos."""
    if not is_said(values.get("description")):
        return None
    return ExportEntry("post", mend(values["description"]), values.get("last_modified_timestamp"), values.get("name"))


def _dated(item: dict[str, Any], owner: ExportOwner) -> Iterator[ExportEntry]:
    if isinstance(item.get("comment"), str):
        return
    if "label_values" in item and "data" not in item:
        raise UnknownFormError("holds an item of a form that is not known: a list of labels and values")
    parts = item.get("data", [])
    if not isinstance(parts, list):
        raise UnknownFormError("holds an item of a form that is not known")
    told = [part for part in parts if isinstance(part, dict)]
    for comment in (part["comment"] for part in told if isinstance(part.get("comment"), dict)):
        if is_said(comment.get("comment")) and "group" not in comment:
            _check_author(comment.get("author"), item.get("title"), owner)
            yield ExportEntry("comment", mend(comment["comment"]), comment.get("timestamp", item["timestamp"]))
        return
    found = [*_posted(told, item), *_attached(item)]
    if found and is_said(item.get("title")) and owner.names and _speaker(_composed(item["title"]), owner) != "owner":
        raise UnknownFormError("holds a post whose title does not begin with the owner's name")
    if found and is_said(item.get("author")) and named(item["author"]) not in {named(name) for name in owner.names}:
        raise UnknownFormError("holds a post by another author than the owner")
    yield from found


def _posted(parts: list[dict[str, Any]], item: dict[str, Any]) -> Iterator[ExportEntry]:
    text = next((part["post"] for part in parts if is_said(part.get("post"))), None)
    if text is not None:
        yield ExportEntry("post", mend(text), item["timestamp"])


def _attached(item: dict[str, Any]) -> Iterator[ExportEntry]:
    for attachment in list_of(item.get("attachments")):
        for part in list_of(inside(attachment, "data")):
            if not isinstance(part, dict):
                continue
            if isinstance(part.get("media"), dict):
                yield from _described(part["media"])
            for kind in _PIECES:
                if isinstance(part.get(kind), dict):
                    yield from _piece(kind, part[kind], item["timestamp"])


def _described(medium: dict[str, Any]) -> Iterator[ExportEntry]:
    """Yield a description. The same photo stands at its post and in its album: both give the same entry."""
    if is_said(medium.get("description")):
        name = str(medium.get("uri")).rpartition("/")[2]
        yield ExportEntry("post", mend(medium["description"]), medium.get("creation_timestamp"), name)


def _piece(kind: str, piece: dict[str, Any], seconds: Any) -> Iterator[ExportEntry]:
    texts = [mend(piece[name]).strip() for name in _PIECES[kind] if is_said(piece.get(name))]
    if texts:
        told = piece.get("created_timestamp", seconds)
        yield ExportEntry("post", "\n\n".join(texts), told if kind == "note" else seconds)


def _check_author(author: Any, title: Any, owner: ExportOwner) -> None:
    """Raise UnknownFormError unless a comment is the owner's by its author, or else by its title."""
    names = {named(name) for name in owner.names}
    if is_said(author) and names:
        if named(author) not in names:
            raise UnknownFormError("holds a comment by another author than the owner")
        return
    if not is_said(title) or not names or (speaker := _speaker(_composed(title), owner)) == "unclear":
        raise UnknownFormError("holds a comment that does not tell its author")
    if speaker == "other":
        raise UnknownFormError("holds a comment by another author than the owner")


def _speaker(title: str, owner: ExportOwner) -> Literal["owner", "other", "unclear"]:
    """Tell who does what a title says: most languages begin it with the name, some with a word for a user."""
    begun = _USER.match(title)
    rest = title[begun.end() :] if begun else title
    for name in owner.names:
        if rest[: len(name)].casefold() == name.casefold() and _NAME_GOES_ON.match(rest, len(name)) is None:
            return "owner"
    plain = named(title)
    return "unclear" if any(named(name) in plain for name in owner.names) else "other"
