"""Items of Instagram's export, whose labels are translated too: told by their shape and by lists of labels."""

import re
from collections.abc import Iterator
from typing import Any, Final

from services.ingest.sources.exports.export_entry import (
    ExportEntry,
    ExportOwner,
    UnknownFormError,
    folded,
    is_said,
    mend,
    named,
)
from services.ingest.sources.fields import list_of

OWNERS: Final = re.compile(r"(^|/)(personal_information|account_information)/personal_information\.json$")
# What the account put in public or before its followers, not what it archived or deleted.
ENTRIES: Final = re.compile(
    r"(^|/)((content|media)/(posts_\d+|reels(_\d+)?|igtv_videos|stories)"
    r"|comments/(post_comments|reels_comments)(_\d+)?)\.json$"
)
MEDIA: Final = re.compile(r"(?!)")
"""Captions of pictures stand with the posts alone."""
_USER_NAMES: Final = (
    "username",
    "user name",
    "benutzername",
    "nutzername",
    "nom d'utilisateur",
    "nombre de usuario",
    "nome de usuario",
    "nome de utilizador",
    "nome utente",
    "gebruikersnaam",
    "nazwa uzytkownika",
    "kullanici adi",
    "anvandarnamn",
    "brugernavn",
    "brukernavn",
    "kayttajanimi",
    "uzivatelske jmeno",
    "felhasznalonev",
    "nume de utilizator",
    "имя пользователя",
    "ユーザーネーム",
    "用户名",
    "帳號",
    "사용자 이름",
)
_COMMENTS: Final = (
    "comment",
    "komment",
    "coment",
    "opmerking",
    "reactie",
    "yorum",
    "комм",
    "コメント",
    "评论",
    "留言",
    "댓글",
)
"""How the word begins in the languages of the largest exports."""
_FOLDED_USER_NAMES: Final = frozenset(map(folded, _USER_NAMES))
_FOLDED_COMMENTS: Final = tuple(map(folded, _COMMENTS))
_AUTHORS: Final = ("author", "autor", "auteur", "autore", "yazar", "forfatter")


def owner_of(item: Any) -> ExportOwner | None:
    """Return whose export it is by an item of the personal information, None where the item does not tell."""
    if not isinstance(item, dict) or not isinstance(item.get("string_map_data"), dict):
        return None
    told = _texts(item)
    name = next((value for label, value in told if label in _FOLDED_USER_NAMES), None)
    return ExportOwner(name, name, frozenset({named(name)})) if name else None


def is_profile(item: Any) -> bool:
    """Tell the personal information by its shape."""
    return owner_of(item) is not None and not _is_comment(item)


def is_entry(_: str, item: Any) -> bool:
    """Tell a post or comment by its shape."""
    if not isinstance(item, dict):
        return False
    if any(isinstance(medium, dict) and "uri" in medium for medium in list_of(item.get("media"))):
        return True
    return _is_comment(item)


def is_medium(item: Any) -> bool:
    """Tell a story or a video that stands by itself: it has a caption."""
    return isinstance(item, dict) and {"uri", "creation_timestamp", "title"}.issubset(item)


def _is_comment(item: dict[str, Any]) -> bool:
    labels = item.get("string_map_data")
    if not isinstance(labels, dict):
        return False
    return "media_list_data" in item or any(is_word_of_comment(label) for label in labels)


def is_word_of_comment(label: str) -> bool:
    """Tell a label or a part of a path that says comment."""
    plain = folded(label)
    return any(word in plain for word in _FOLDED_COMMENTS)


def entries_of(name: str, item: Any, owner: ExportOwner) -> Iterator[ExportEntry]:
    """Yield what an item says; nothing for one without a text.

    Raises UnknownFormError for what is no post and no comment, and for another account's.
    """
    if isinstance(item, dict) and isinstance(item.get("string_map_data"), dict):
        yield from _comment(item, owner)
    elif isinstance(item, dict) and is_word_of_comment(name) and isinstance(item.get("string_list_data"), list):
        yield from _listed(item)
    elif isinstance(item, dict) and (isinstance(item.get("media"), list) or "uri" in item):
        yield from _post(item)
    elif isinstance(item, dict) or not name:
        raise UnknownFormError("holds an item of a form that is not known")


def _post(item: dict[str, Any]) -> Iterator[ExportEntry]:
    media = [medium for medium in item.get("media", [item]) if isinstance(medium, dict)]
    text = next((mend(part["title"]) for part in (item, *media) if is_said(part.get("title"))), None)
    if text is not None:
        first = media[0] if media else {}
        told = item.get("creation_timestamp", first.get("creation_timestamp"))
        yield ExportEntry("post", text, told, first.get("uri"))


def _comment(item: dict[str, Any], owner: ExportOwner) -> Iterator[ExportEntry]:
    told = _texts(item)
    author = next((value for label, value in told if label.startswith(_AUTHORS)), None)
    if author is not None and named(author) not in owner.names:
        raise UnknownFormError("holds a comment by another author than the owner")
    said = [(label, value) for label, value in told if not label.startswith(_AUTHORS)]
    labelled = [value for label, value in said if is_word_of_comment(label)]
    if labelled or said:
        text = labelled[0] if labelled else said[0][1]
        others = [value for _, value in said if value is not text]
        yield ExportEntry("comment", text, _seconds(item), others[0] if others else None)


def _listed(item: dict[str, Any]) -> Iterator[ExportEntry]:
    """Yield comments in the form of 2021; the title names the account whose post it was."""
    for part in item["string_list_data"]:
        if isinstance(part, dict) and is_said(part.get("value")):
            yield ExportEntry("comment", mend(part["value"]), part.get("timestamp"), item.get("title"))


def _texts(item: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the texts of an item by their folded labels, in their order."""
    parts = item["string_map_data"].items()
    return [
        (folded(label), mend(part["value"]))
        for label, part in parts
        if isinstance(part, dict) and is_said(part.get("value"))
    ]


def _seconds(item: dict[str, Any]) -> Any:
    parts = [part for part in item["string_map_data"].values() if isinstance(part, dict)]
    times = [part["timestamp"] for part in parts if part.get("timestamp") not in (None, 0)]
    return times[0] if times else None
