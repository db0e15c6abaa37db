"""Paths into nested JSON: `user.id_str`, `entities.urls.0.url`."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from services.ingest.sources.rows import MOST_LISTED
from shared.printable import printable

MISSING: Final = object()
"""What stands at the end of a path that leads nowhere: null is a value."""
MAX_PARTS: Final = 20
_DEEPEST: Final = 6


def at(value: Any, path: str) -> Any:
    """Return what stands at the end of `path`, MISSING where it leads nowhere.

    A dot goes into an object, a number into a list; a key that itself holds dots goes before the way through it.
    """
    return _at(value, path.split(".")[: MAX_PARTS + 1])


def _at(value: Any, parts: list[str]) -> Any:
    if not parts:
        return value
    if len(parts) > MAX_PARTS:
        return MISSING
    if isinstance(value, list):
        index = int(parts[0]) if parts[0].isascii() and parts[0].isdecimal() and len(parts[0]) < 10 else len(value)  # noqa: PLR2004 - digits
        return _at(value[index], parts[1:]) if index < len(value) else MISSING
    if not isinstance(value, dict):
        return MISSING
    for length in range(len(parts), 0, -1):
        key = ".".join(parts[:length])
        if key in value and (found := _at(value[key], parts[length:])) is not MISSING:
            return found
    return MISSING


def paths(value: Any, depth: int = _DEEPEST) -> Iterator[str]:
    """Yield the paths to the values inside objects, of lists the first element's."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if depth > 1:
                yield from (f"{key}.{path}" for path in paths(inner, depth - 1))
    elif isinstance(value, list) and value:
        yield "0"
        if depth > 1:
            yield from (f"0.{path}" for path in paths(value[0], depth - 1))


def nearest(path: str, known: Iterable[str]) -> str | None:
    """Return which known path was probably meant, None where none is like it."""
    candidates = list(known)
    lower = {candidate.lower(): candidate for candidate in reversed(candidates)}
    if found := difflib.get_close_matches(path.lower(), lower, 1, 0.6):
        return lower[found[0]]
    name = path.rpartition(".")[2].lower()
    return next((candidate for candidate in candidates if candidate.rpartition(".")[2].lower() == name), None)


def listed(names: Iterable[str]) -> str:
    """Return names for a sentence: printable, cut where they are long or many."""
    shown = [printable(name) for name in names]
    more = f" and {len(shown) - MOST_LISTED} more" if len(shown) > MOST_LISTED else ""
    return (", ".join(shown[:MOST_LISTED]) or "none") + more
