"""What an item of Meta's exports says, and whose export it is."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeGuard

from shared.analyzed_post import Platform

UNKNOWN_POST: Final = "unknown"
"""What a comment of an export replies to: exports do not tell the ids of posts."""
_BYTES_OF_A_CHARACTER: Final = re.compile(
    "[\u00c2-\u00df][\u0080-\u00bf]|[\u00e0-\u00ef][\u0080-\u00bf]{2}|[\u00f0-\u00f4][\u0080-\u00bf]{3}"
)
_NO_LETTER: Final = re.compile("[\u0080-\u009f]")


class UnknownFormError(ValueError):
    """An item is of a form that is not known, or may not be the owner's; the sentence says which."""


def mend(text: str) -> str:
    """Return `text` as it was meant: "CafÃ©" becomes "Café", since exports write each byte of UTF-8 as a character.

    What cannot have come about that way (a character past U+00FF, bytes that are no UTF-8) is returned as it
    is, so texts of an export that was written rightly pass; only where characters stand that no text has (U+0080 to
    U+009F) are the parts mended that can be. An author who truly wrote "Ã©" is read as "é".
    """
    try:
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return _BYTES_OF_A_CHARACTER.sub(_character, text) if _NO_LETTER.search(text) else text


def _character(found: re.Match[str]) -> str:
    return found[0].encode("latin-1").decode("utf-8", "replace")


def named(text: str) -> str:
    """Return a mended name without case and doubled blanks, as names of people are compared."""
    return " ".join(unicodedata.normalize("NFKC", mend(text)).casefold().split())


def folded(text: str) -> str:
    """Return a mended text without case, accents and doubled blanks, as labels and paths are compared."""
    plain = unicodedata.normalize("NFKD", named(text).replace("\u2019", "'").replace("\u0131", "i"))
    return "".join(mark for mark in plain if not unicodedata.combining(mark))


def is_said(value: Any) -> TypeGuard[str]:
    """Tell a text that is more than blanks."""
    return isinstance(value, str) and bool(value.strip())


@dataclass(frozen=True, repr=False)
class ExportOwner:
    """Whose export it is: `author_id` for good, `handle` as the brand may know it, `names` as titles call it."""

    author_id: str
    handle: str | None = None
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, repr=False)
class ExportEntry:
    """What an item of an export says; `seconds` since 1970 as the export has it, `place` what else tells it apart."""

    kind: Literal["post", "comment"]
    text: str
    seconds: Any
    place: Any = None

    def as_post(self, platform: Platform, owner: ExportOwner) -> dict[str, Any]:
        """Return the post in the form that `POST /v1/posts` takes.

        Exports tell no ids of posts. The id made here is the same each time the same export, or a later one of
        the same account, is read. It is not the platform's own: a post that a live source gave too counts twice.
        """
        told = "\0".join((platform, owner.author_id, self.kind, repr(self.seconds), repr(self.place), self.text))
        author = {"id": owner.author_id} | ({"handle": owner.handle} if owner.handle else {})
        post: dict[str, Any] = {
            "platform": platform,
            "post_id": f"export:{hashlib.sha256(told.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}",
            "author": author,
            "text": self.text,
            "created_at": _time(self.seconds),
        }
        if self.kind == "comment":
            post["in_reply_to"] = UNKNOWN_POST
        return post


def _time(seconds: Any) -> Any:
    """Return RFC 3339; what is no moment is passed on for the service to reject by name."""
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return seconds
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return seconds
