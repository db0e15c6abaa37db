"""Whole numbers beyond 64 bits in MongoDB, which are decimals there: sums of millions of posts, or out of a backup.

SQLite keeps sums as text of JSON, of any size. A decimal of MongoDB has 34 digits, and the server adds to it exactly.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bson import Decimal128

_MOST: Final = 2**63 - 1
_MOST_ADDED: Final = 2**40
"""Of what is added as a 64-bit number: no store sees enough additions to such a number for it to overflow."""


def added(number: int) -> int | Decimal128:
    """Return what the server is to add to a number; a large one makes a decimal of it."""
    return number if abs(number) <= _MOST_ADDED else Decimal128(str(number))


def whole(number: Any) -> int:
    """Return the number that the server has."""
    return int(number.to_decimal()) if isinstance(number, Decimal128) else int(number)


def widened(document: dict[str, Any], sums: Iterable[str]) -> dict[str, Any]:
    """Return a document as the server takes it; what is nested in it is larger than 64 bits only where a sum is."""
    return _each(document, _wide) if any(document[name] > _MOST for name in sums) else document


def narrowed(document: Mapping[str, Any], sums: Iterable[str]) -> Mapping[str, Any]:
    """Return a document of the server as it was before `widened`."""
    return _each(document, _narrow) if any(isinstance(document[name], Decimal128) for name in sums) else document


def _wide(value: Any) -> Any:
    return Decimal128(str(value)) if isinstance(value, int) and value > _MOST else value


def _narrow(value: Any) -> Any:
    return whole(value) if isinstance(value, Decimal128) else value


def _each(value: Any, change: Any) -> Any:
    """Return a document with each of its values changed, however deep it stands."""
    if isinstance(value, Mapping):
        return {name: _each(one, change) for name, one in value.items()}
    return [_each(one, change) for one in value] if isinstance(value, list) else change(value)
