"""Columns of ids that lost their last digits to zeros."""

from collections.abc import Iterator

import pytest

from services.ingest.sources.rows import FileError, Row
from services.ingest.sources.tables.rounded_ids import LOOKED_AT, without_rounded

TRUE = [1764123456789012345, 1764123456789012480, 1764123456789010000, 1764123456789010304]


def rows(*post_ids: object, author: str = "42") -> list[Row]:
    """Return a row for each id."""
    return [Row(number, {"post_id": str(one), "author": {"id": author}}) for number, one in enumerate(post_ids, 1)]


def refused(*found: Row) -> list[int]:
    """Return the numbers of the rows that are refused."""
    return [row.number for row in without_rounded(iter(found)) if row.post is None]


@pytest.mark.parametrize(
    "ids",
    [
        [1764123456789010000, 1764123456789020000],
        [1764123456789012000 + 100 * n for n in (1, 3, 4, 6)],
        [12345678901234500 + 100 * n for n in range(1, 5)],
    ],
)
def test_ids_that_all_end_in_zeros_were_rounded(ids: list[int]) -> None:
    """To 15 digits by a spreadsheet, to 17 by JavaScript; each row is refused by its field's name."""
    found = rows(*ids, 42)
    assert refused(*found) == list(range(1, len(ids) + 1))
    reason = next(without_rounded(iter(found))).reason
    assert reason.startswith("post_id: ends in zeros")
    assert reason.endswith("export the column as text")


@pytest.mark.parametrize("ids", [TRUE, [1764123456789010000], [1764123456789010000] * 50, range(100, 1000, 100), []])
def test_ids_that_end_in_zeros_by_chance_stay(ids: list[int]) -> None:
    """One true id among them tells it, and so does one id alone; short ids are never rounded."""
    assert refused(*rows(*ids)) == []


def test_authors_are_looked_at_too() -> None:
    """Rounded authors would be one person of several."""
    found = [
        *rows(1, author="981234567890120000"),
        *rows(2, author="980001234567890000"),
        *rows(3, author="980001234567891000"),
    ]
    reasons = [row.reason for row in without_rounded(iter(found))]
    assert all(reason.startswith("author_id: ") for reason in reasons)


def test_what_the_first_rows_show_holds_for_all() -> None:
    """Rows past those that are read ahead are refused as well."""
    found = rows(*(1764123456789010000 + 10_000 * n for n in range(2 * LOOKED_AT)))
    assert len(refused(*found)) == 2 * LOOKED_AT


def test_rows_before_a_failure_are_yielded_before_it() -> None:
    """Reading ahead loses nothing."""

    def failing() -> Iterator[Row]:
        yield from rows(1, 2)
        raise FileError("cut off")

    ahead = without_rounded(failing())
    assert [next(ahead).number, next(ahead).number] == [1, 2]
    with pytest.raises(FileError):
        next(ahead)
