"""Cursors of the service's lists: what they hold, checked, since a caller may have changed it."""

import math
import re

from services.profiles.listing import Order, Position, Sort
from services.profiles.texts import TextPage
from shared.brand import BRAND_PATTERN
from shared.errors import InputError
from shared.pages import decode_cursor, encode_cursor

_AUTHOR_KEY = re.compile(r"[0-9a-f]{32}")
_LARGEST = 2**53


def cursor_of(position: Position, sort: Sort, order: Order) -> list[str | int | float | None]:
    """Return what the cursor of the page after `position` holds."""
    return [sort, order, position.value, position.author_key]


def decode_position(cursor: str | None, sort: Sort, order: Order) -> Position | None:
    """Return where the page begins; raises InputError where the cursor is not of a list in this order."""
    if cursor is None:
        return None
    of_sort, of_order, value, author_key = decode_cursor(cursor, str, str, (str, int, float), str)
    if (of_sort, of_order) != (sort, order) or not _is_author_key(author_key) or not _fits(sort, value):
        raise _refused()
    return Position(value, str(author_key))  # type: ignore[arg-type] # None does not fit


def decode_author(cursor: str | None) -> str | None:
    """Return the last author of the page before; raises InputError."""
    if cursor is None:
        return None
    [author_key] = decode_cursor(cursor, str)
    if not _is_author_key(author_key):
        raise _refused()
    return str(author_key)


def text_cursor(page: TextPage, version: str) -> str | None:
    """Return the cursor of the page after one of posts, with the version of embeddings; None where none follows."""
    return encode_cursor([page.posts[-1].post_key, version]) if page.more else None


def decode_text_place(cursor: str | None) -> tuple[str, str] | None:
    """Return the last post of the page before and the version of its embeddings; raises InputError."""
    if cursor is None:
        return None
    post_key, version = decode_cursor(cursor, str, str)
    if not _is_author_key(post_key):
        raise _refused()
    return str(post_key), str(version)


def decode_brand(cursor: str | None) -> str | None:
    """Return the last brand of the page before; raises InputError."""
    if cursor is None:
        return None
    [brand] = decode_cursor(cursor, str)
    if not re.fullmatch(BRAND_PATTERN, str(brand)):
        raise _refused()
    return str(brand)


def _fits(sort: Sort, value: object) -> bool:
    if sort is Sort.AUTHOR_KEY:
        return _is_author_key(value)
    if sort is Sort.MEAN_SCORE:
        return isinstance(value, float) and math.isfinite(value)
    return isinstance(value, int) and abs(value) <= _LARGEST


def _is_author_key(value: object) -> bool:
    return isinstance(value, str) and _AUTHOR_KEY.fullmatch(value) is not None


def _refused() -> InputError:
    return InputError("cursor is not one that this list gave; leave it out to start over", ("query", "cursor"))
