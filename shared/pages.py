"""Lists in pages: an opaque cursor that names the last row seen."""

import base64
import binascii
import json
import math
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel

from shared.errors import InputError

Item = TypeVar("Item")
Shown = TypeVar("Shown")
Position = list[str | int | float | None]

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000


class Page(BaseModel, Generic[Item]):
    """One page; `next_cursor` is None on the last."""

    items: list[Item]
    next_cursor: str | None = None

    @classmethod
    def of(cls, rows: Sequence[Item], limit: int, position_of: Callable[[Item], Position]) -> "Page[Item]":
        """Return the first `limit` of `rows`, of which `limit + 1` were read: one more tells that a page follows.

        `position_of` gives what the cursor of the next page holds, from the last row of this one.
        """
        more = encode_cursor(position_of(rows[limit - 1])) if len(rows) > limit else None
        return Page(items=list(rows[:limit]), next_cursor=more)

    def showing(self, items: list[Shown]) -> "Page[Shown]":
        """Return the page with each of its rows as it is shown."""
        return Page(items=items, next_cursor=self.next_cursor)


def encode_cursor(position: Position) -> str:
    """Return `position` (the sort values of the last row) as an opaque, URL-safe string."""
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type | tuple[type, ...]) -> Position:
    """Return the position in `cursor`, its values of the given types in order.

    Raises InputError where the cursor was not made by `encode_cursor` for this list.
    """
    try:
        position = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        position = None
    fits = (
        isinstance(position, list)
        and len(position) == len(types)
        and all(isinstance(value, kind) and _storable(value) for value, kind in zip(position, types, strict=True))
    )
    if not fits:
        raise InputError("cursor is not one that this list gave; leave it out to start over", ("query", "cursor"))
    return list(position)


def text_after(cursor: str | None) -> str:
    """Return the text after which a page begins, "" without a cursor; raises InputError."""
    return "" if cursor is None else str(decode_cursor(cursor, str)[0])


def moment_after(cursor: str | None) -> tuple[int, str] | None:
    """Return milliseconds and id of the row after which a page in order of time begins; raises InputError."""
    if cursor is None:
        return None
    moment, row = decode_cursor(cursor, int, str)
    return int(str(moment)), str(row)


def _storable(value: object) -> bool:
    """Tell whether a store can compare with `value`: 64-bit integers, finite numbers, encodable text."""
    match value:
        case bool():
            return False
        case int():
            return -(2**63) <= value < 2**63
        case float():
            return math.isfinite(value)
        case str():
            return not any("\ud800" <= character <= "\udfff" for character in value)
    return value is None
