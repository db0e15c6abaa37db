"""Cursors of the service's lists: what they hold, checked, since a caller may have changed it."""

import math
import re
from dataclasses import dataclass
from types import NoneType
from typing import Any

from services.profiles.feature_page import Beginning, ChangedSpan
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


@dataclass(frozen=True, slots=True)
class FeaturePlace:
    """Where a page of features begins, up to which change its pages go, and of which version embeddings are."""

    place: Beginning
    through: int
    version: str | None

    def after(self, changed: int, author_key: str) -> "FeaturePlace":
        """Return where the page after a row begins."""
        by_author = isinstance(self.place, str)
        place = author_key if by_author else ChangedSpan(changed, author_key, self.through)
        return FeaturePlace(place, self.through, self.version)

    def cursor(self) -> str:
        """Return the cursor of the page that begins here."""
        place = self.place
        number, author_key = (None, place) if isinstance(place, str) else (place.after, place.author_key)
        return encode_cursor([number, author_key, self.through, self.version])


def decode_feature_place(cursor: str, *, by_change: bool) -> FeaturePlace:
    """Return where the page begins; raises InputError where the cursor is not of pages in this order."""
    held: list[Any] = decode_cursor(cursor, (int, NoneType), str, int, (str, NoneType))
    number, author_key, through, version = held
    numbers = [through, *([] if number is None else [number])]
    if (number is not None) != by_change or not _is_author_key(author_key) or not all(map(_is_sequence, numbers)):
        raise _refused()
    place = author_key if number is None else ChangedSpan(number, author_key, through)
    return FeaturePlace(place, through, version)


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


def decode_author(cursor: str | None) -> str | None:
    """Return the last author of the page before; raises InputError."""
    if cursor is None:
        return None
    [author_key] = decode_cursor(cursor, str)
    if not _is_author_key(author_key):
        raise _refused()
    return str(author_key)


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


def _is_sequence(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _refused() -> InputError:
    return InputError("cursor is not one that this list gave; leave it out to start over", ("query", "cursor"))
