"""Lists in pages: an opaque cursor that names the last row seen."""

import base64
import binascii
import json
import math
from typing import Generic, TypeVar

from pydantic import BaseModel

from shared.errors import InputError

Item = TypeVar("Item")
Position = list[str | int | float | None]

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000


class Page(BaseModel, Generic[Item]):
    """One page; `next_cursor` is None on the last."""

    items: list[Item]
    next_cursor: str | None = None


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
