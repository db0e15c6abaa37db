"""One layout of posts in JSON: how it is told, and what its fields mean."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.analyzed_post import Platform

Record = dict[str, Any]
"""What a file says of a post, by the names of `rows.FIELDS`, each value as it stands there."""


@dataclass(frozen=True)
class JsonLayout:
    """`fits` tells whether an object is of this layout.

    `record_of` returns what it says, None for what is no post and need not be told (a like, a picture without words);
    it raises UnreadableError with a reason for what should be one.
    """

    name: str
    platform: Platform
    fits: Callable[[dict[str, Any]], bool]
    record_of: Callable[[dict[str, Any]], Record | None]


def present(**values: Any) -> Record:
    """Return what of the values is there."""
    return {name: value for name, value in values.items() if value is not None}


def first_of(item: Any, *names: str) -> Any:
    """Return the first of an object's values that is there, None where none is."""
    if not isinstance(item, dict):
        return None
    return next((item[name] for name in names if item.get(name) not in (None, "")), None)


def words_of(item: Any, *names: str) -> str | None:
    """Return the first of an object's texts that is more than blanks."""
    if not isinstance(item, dict):
        return None
    return next((item[name] for name in names if isinstance(item.get(name), str) and item[name].strip()), None)
