"""Columns of ids that were rounded: by a spreadsheet to 15 digits, by JavaScript to 17, the rest being zeros."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from services.ingest.sources.rows import FileError, Row

LOOKED_AT: Final = 200
MOST_CHARACTERS: Final = 4 * 2**20
"""Rows, and characters of their texts, that are read ahead."""
ENOUGH_ZEROS: Final = 8
"""Over all ids that differ. The true ids of a column end so once in 5**8: some networks' ids are even, so that a zero
is likelier than a tenth."""
_PLACES: Final = {"post_id": ("post_id",), "author_id": ("author", "id"), "in_reply_to": ("in_reply_to",)}
_REASON: Final = (
    "ends in zeros from its {place}th digit on, as all of the file do that are so long: export the column as text"
)


@dataclass
class _Column:
    """How many digits of a field's long ids are left, None where not all of them end in zeros."""

    name: str
    ids: set[str] = field(default_factory=set)

    def digits_left(self) -> int | None:
        for digits in (15, 17):
            long = [len(one) - digits for one in self.ids if len(one) > digits]
            longest = all(one.endswith("0" * (len(one) - digits)) for one in self.ids if len(one) > digits)
            if longest and sum(long) >= ENOUGH_ZEROS:
                return digits
        return None


def without_rounded(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows in order; where the first of them show that ids were rounded, those rows are refused.

    What the rows raise is raised after those that came before it.
    """
    ahead: list[Row] = []
    size = 0
    failure: FileError | None = None
    try:
        for row in rows:
            ahead.append(row)
            size += _length(row)
            if len(ahead) >= LOOKED_AT or size >= MOST_CHARACTERS:
                break
    except FileError as error:
        failure = error
    left = {name: digits for name in _PLACES if (digits := _column(name, ahead).digits_left()) is not None}
    for row in chain(ahead, () if failure else rows):
        yield _refused(row, left) if left else row
    if failure:
        raise failure


def _column(name: str, rows: list[Row]) -> _Column:
    column = _Column(name)
    column.ids.update(words for row in rows if (words := _id_at(row, name)))
    return column


def _id_at(row: Row, name: str) -> str | None:
    found: Any = row.post
    for key in _PLACES[name]:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) and found.isascii() and found.isdigit() else None


def _length(row: Row) -> int:
    text = row.post.get("text") if row.post else None
    return len(text) if isinstance(text, str) else 0


def _refused(row: Row, left: dict[str, int]) -> Row:
    for name, digits in left.items():
        words = _id_at(row, name) or ""
        if len(words) > digits and words.endswith("0" * (len(words) - digits)):
            return Row(row.number, None, f"{name}: {_REASON.format(place=digits + 1)}")
    return row
