"""Posts of Mastodon: statuses of its API, and the outbox of an account's own export."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

from services.ingest.sources.fields import UnreadableError, inside
from services.ingest.sources.layouts.layout import JsonLayout, Record, present, words_of
from services.ingest.sources.markup import plain_text
from shared.character_references import write_references

_OPEN: Final = ("public", "unlisted")
_NUMBER: Final = re.compile(r"/(?:statuses|@[^/]+)/([0-9]{1,40})(?:/activity)?$")
_PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"


def server_at(address: Any) -> str | None:
    """Return the server of an address, None where it is none."""
    try:
        return urlsplit(address).netloc.lower() or None if isinstance(address, str) else None
    except ValueError:
        return None


def _is_status(item: dict[str, Any]) -> bool:
    account = inside(item, "account", "acct")
    return isinstance(account, str) and "id" in item and ("content" in item or "reblog" in item)


def _status_record(item: dict[str, Any]) -> Record | None:
    """Return a status, with the same ids as a stream at the author's own server gives."""
    if item.get("visibility", "public") not in _OPEN:
        return None
    boosted = item.get("reblog")
    shown: dict[str, Any] = boosted if isinstance(boosted, dict) else item
    text = _text(shown)
    if text is None:
        return None
    account = item["account"]
    server = server_at(item.get("uri")) or server_at(item.get("url")) or server_at(account.get("url"))
    name = account["acct"].strip().lower()
    if server is None and "@" not in name:
        raise UnreadableError("a status that does not tell its server: neither uri nor url")
    parent = item.get("in_reply_to_id")
    return present(
        post_id=_id(item, server),
        text=text,
        created_at=item.get("created_at"),
        language=shown.get("language"),
        likes=shown.get("favourites_count"),
        reposts=shown.get("reblogs_count"),
        replies=shown.get("replies_count"),
        is_repost=shown is not item,
        in_reply_to=None if parent is None else f"{parent}@{server}",
        author_id=name if "@" in name else f"{name}@{server}",
        followers=account.get("followers_count"),
        following=account.get("following_count"),
        posts=account.get("statuses_count"),
        account_created_at=account.get("created_at"),
    )


def _text(status: dict[str, Any]) -> str | None:
    content = status.get("content")
    if not isinstance(content, str):
        raise UnreadableError("a status without content")
    pieces = (words_of(status, "spoiler_text", "summary"), plain_text(content))
    text = "\n\n".join(piece.strip() for piece in pieces if piece and piece.strip())
    return write_references(text) or None


def _id(item: dict[str, Any], server: str | None) -> str | None:
    """Return the id at the author's server, where its address tells it, else the id in the file."""
    for name in ("uri", "url"):
        address = item.get(name)
        if isinstance(address, str) and (found := _NUMBER.search(address)) is not None:
            return f"{found[1]}@{server_at(address)}"
    told = item.get("id")
    return f"{told}@{server}" if isinstance(told, (str, int)) and not isinstance(told, bool) else None


def _is_activity(item: dict[str, Any]) -> bool:
    return item.get("type") in ("Create", "Announce") and "object" in item and "actor" in item


def _activity_record(item: dict[str, Any]) -> Record | None:
    """Return a note that is public or unlisted; a boost of an outbox tells no text."""
    note = item["object"]
    if not isinstance(note, dict):
        return None
    audience = [*_addresses(note.get("to")), *_addresses(note.get("cc"))]
    if _PUBLIC not in audience and "as:Public" not in audience:
        return None
    text = _text(note)
    actor = note.get("attributedTo") or item.get("actor")
    server = server_at(actor)
    if text is None or server is None:
        return None
    name = str(actor).rstrip("/").rpartition("/")[2].lstrip("@").lower()
    parent = note.get("inReplyTo")
    return present(
        post_id=_id({"uri": note.get("id"), "url": note.get("url"), "id": note.get("id")}, server),
        text=text,
        created_at=note.get("published") or item.get("published"),
        language=next(iter(note["contentMap"]), None) if isinstance(note.get("contentMap"), dict) else None,
        in_reply_to=None if parent is None else _id({"uri": parent, "id": parent}, server_at(parent)),
        author_id=f"{name}@{server}",
    )


def _addresses(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


MASTODON_STATUS: Final = JsonLayout("a status of Mastodon", "mastodon", _is_status, _status_record)
MASTODON_ACTIVITY: Final = JsonLayout("an outbox of Mastodon", "mastodon", _is_activity, _activity_record)
