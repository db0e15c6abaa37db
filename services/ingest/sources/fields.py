"""Fields of decoded JSON as networks send it, whatever they hold."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeGuard

from services.ingest.post import MAX_TEXT
from services.ingest.sources.dates import parse_date

MAX_COUNT: Final = 10**12
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")


class UnreadableError(ValueError):
    """What came cannot be read; the text is a short reason without any of its content."""


def sendable(text: str) -> str:
    """Return a text as a post may hold it: no NUL, no half of a surrogate pair, 10,000 characters at the most."""
    text = text[:MAX_TEXT].replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def inside(value: Any, *path: str) -> Any:
    """Return what stands at the end of `path` through objects, None where it leads nowhere."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def list_of(value: Any) -> list[Any]:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def language_of(value: Any) -> str | None:
    """Return a language as a post may name it (`pt`, `pt-BR`), None for anything else."""
    return value if isinstance(value, str) and _LANGUAGE.fullmatch(value) else None


def id_of(item: dict[str, Any]) -> str | None:
    """Return the id as text (some answers give it as a number), None where there is none."""
    value = item.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def text_of(item: dict[str, Any], name: str) -> str | None:
    """Return a text that is more than blanks, None where there is none."""
    value = item.get(name)
    return value if isinstance(value, str) and value.strip() else None


def time_of(item: dict[str, Any], name: str) -> datetime | None:
    """Return a time with a zone (UTC where none is said), None where there is none."""
    value = item.get(name)
    return parse_date(value) if isinstance(value, str) else None


def count_of(item: dict[str, Any], *path: str) -> int:
    """Return the count at the end of `path`, 0 where it is left out (a hidden count is)."""
    value = inside(item, *path)
    return value if _is_count(value) else 0


def counts_of(holder: Any, names: Mapping[str, str]) -> dict[str, int]:
    """Return the counts of an object by our names; `names` gives theirs. Those hidden or made up are left out."""
    told = {ours: inside(holder, theirs) for ours, theirs in names.items()}
    return {ours: value for ours, value in told.items() if _is_count(value)}


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT


UNKNOWN_AUTHOR: Final = "unknown"
"""The one id of every author that is not told, per platform.

Instagram's hashtag search names no authors, and Facebook names those of comments only to a page's token with the
right permission; an X archive without its account file tells no owner. Such posts count for the brand (volume,
sentiment), but they say nothing of any person. An author made up for each post would turn ten thousand posts into ten
thousand people, would swamp every cluster, and would pass the rule of five people with one person's posts. So they all
fold into one profile per platform, which is no person's: at most one row among many, and known by its key, which ingest
can compute, so that it can be left out.
"""


def author_of(value: Any) -> dict[str, Any]:
    """Return the author of a Graph API object's `from`: its id alone, `UNKNOWN_AUTHOR` where there is none.

    Facebook's ids of people differ from page to page: one person at two pages is two authors.
    """
    found = value.get("id") if isinstance(value, dict) else None
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    return {"id": found if isinstance(found, str) and found.strip() else UNKNOWN_AUTHOR}
