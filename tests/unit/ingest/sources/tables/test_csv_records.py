"""Records of CSV: what is read, and what a fault costs."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from services.ingest.sources.tables.csv_records import MOST_CHARACTERS, CsvForm, CsvRecord, CsvRecords

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='\x00",\r\n'), min_size=1, max_size=8)


def records(text: str, form: CsvForm = CsvForm(), width: int = 0) -> list[CsvRecord]:  # noqa: B008 - frozen
    """Return the records of a text; lines of `width` cells count as rows."""
    return list(CsvRecords(io.StringIO(text, newline=""), form, lambda cells: len(cells) == width))


@settings(max_examples=80)
@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=6),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_what_was_written_as_csv_is_read_as_it_was(rows: list[list[str]], separator: str, end: str) -> None:
    """Quotes, separators and line ends in a text stay in it, whatever parts cells and lines."""
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    found = records(written.getvalue(), CsvForm(separator))
    assert [(list(record.cells), record.fault) for record in found] == [(row, "") for row in rows]


@settings(max_examples=80)
@given(st.lists(st.tuples(PLAIN, PLAIN, PLAIN), min_size=2, max_size=8), st.data())
def test_a_quote_that_is_not_closed_costs_its_own_row_alone(
    rows: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    """Whichever cell it stands before, each of the other rows is read."""
    place = data.draw(st.integers(0, len(rows) - 1))
    cell = data.draw(st.integers(0, 2))
    lines = [
        ",".join('"' + one if (row, at) == (place, cell) else one for at, one in enumerate(cells))
        for row, cells in enumerate(rows)
    ]
    found = records("\n".join(lines) + "\n")
    assert [list(record.cells) for record in found] == [
        [] if row == place else list(cells) for row, cells in enumerate(rows)
    ]
    assert found[place].fault.startswith(f"line {place + 1} opens a quote")


@settings(max_examples=60)
@given(st.text(st.sampled_from('a1,"\n\r\\;'), max_size=80))
def test_no_line_is_counted_twice_or_left_out(text: str) -> None:
    """Whatever quotes a text has, each record begins at a line of its own, in order."""
    found = records(text, width=2)
    lines = [record.line for record in found]
    assert lines == sorted(set(lines))
    blank = sum(not line.strip("\r\n") for line in io.StringIO(text, newline=""))
    assert len(found) + blank <= sum(1 for _ in io.StringIO(text, newline="")) or not found


def test_rows_between_two_stray_quotes_are_no_text() -> None:
    """The second closes the first, which is good CSV; that whole rows stand between them tells that it is none."""
    found = records('1,a,"stray,4\n2,b,inside,4\n3,c,closing",4\n4,d,fine,4\n', width=4)
    assert [list(record.cells) for record in found] == [
        [],
        ["2", "b", "inside", "4"],
        ["3", "c", 'closing"', "4"],
        ["4", "d", "fine", "4"],
    ]


def test_a_text_makes_no_row_of_another_author() -> None:
    """A line of a quoted text that looks like a row is none: all lines of the record are refused by their numbers."""
    found = records('1,a,"look:\n7,victim,I hate it,4\n\nend",4\n2,b,fine,4\n', width=4)
    assert [(record.line, list(record.cells)) for record in found] == [
        (1, []),
        (2, []),
        (4, []),
        (5, ["2", "b", "fine", "4"]),
    ]
    assert found[1].fault.startswith("line 2 is in quotes that open in line 1 and close in line 4")


def test_lines_of_a_quoted_text_stay_in_it() -> None:
    """A text of several lines, with commas too, is one cell."""
    found = records('1,a,"one, two\nthree\r\n\nfour, five",4\n2,b,c,4\n', width=4)
    assert [record.cells[2] for record in found] == ["one, two\nthree\r\n\nfour, five", "c"]
    assert [record.line for record in found] == [1, 5]


def test_a_quote_inside_a_quoted_text_costs_its_row() -> None:
    """It is told by its line and with the remedy."""
    found = records('1,"he said "hi" to me"\n2,fine\n')
    assert found[0].fault == "line 1 has a quote inside a quoted text: double the quotes that stand in a text"
    assert list(found[1].cells) == ["2", "fine"]


def test_a_file_that_ends_in_a_record_is_told() -> None:
    """With or without a quote."""
    assert [record.is_cut for record in records("1,a\n2,b")] == [False, True]
    assert records('1,a\n2,"b').pop().fault.startswith("line 2 opens a quote")


def test_backslashes_stand_before_quotes_where_the_file_does_so() -> None:
    """As MySQL and Spark write them."""
    found = records('1,"he said \\"hi\\", twice"\n', CsvForm(escapes=True))
    assert list(found[0].cells) == ["1", 'he said "hi", twice']


def test_a_line_without_end_is_passed_over_in_bounded_memory() -> None:
    """It is refused by its length, and the next line is read."""
    endless = io.StringIO("a" * (MOST_CHARACTERS * 2 + 10) + "\n1,b\n", newline="")
    first, second = islice(CsvRecords(endless, CsvForm()), 2)
    assert first.fault == f"line 1 has more than {MOST_CHARACTERS} characters"
    assert list(second.cells) == ["1", "b"]


def test_a_quote_that_is_never_closed_reads_no_further_than_a_record_may_go() -> None:
    """The rows after it are all read."""
    rows = '0,"open\n' + "1,two\n" * (MOST_CHARACTERS // 5)
    found = records(rows)
    assert len(found) == MOST_CHARACTERS // 5 + 1
    assert sum(bool(record.fault) for record in found) == 1


@pytest.mark.parametrize("line", ['"a,b\n', 'a,"\n', '"""\n', 'x",y\n', '"a"b\n', '""\n', 'a,"b""\n'])
def test_no_quotes_make_a_file_slow(line: str) -> None:
    """Each line is given to the library three times at the most, however many there are."""
    lines = 30_000
    counted = _CountedRecords(io.StringIO(line * lines, newline=""), CsvForm(), lambda cells: len(cells) == 2)
    assert sum(1 for _ in counted)
    assert counted.readings <= 3 * lines


class _CountedRecords(CsvRecords):
    """Counts the lines that the library takes, those that it takes again too."""

    readings = 0

    @override
    def _lines(self) -> Iterator[str]:
        for line in super()._lines():
            self.readings += 1
            yield line
