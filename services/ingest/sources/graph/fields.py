"""Fields of Graph API objects, whatever they hold."""

from datetime import datetime
from typing import Any

from services.ingest.sources.dates import parse_date


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
    value: Any = item
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**12 else 0
