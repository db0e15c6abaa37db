"""A CSV file as a source: commas, semicolons, tabs or bars, with names of columns in its first row or without."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Final, cast

from services.ingest.sources.dates import DateReader
from services.ingest.sources.rows import FIELDS, REQUIRED, ColumnError, FileError, FileSource, Row, read_row, resolve
from services.ingest.sources.tables.csv_form import SEPARATORS, csv_form, said_separator
from services.ingest.sources.tables.csv_records import CsvForm, CsvRecord, CsvRecords
from services.ingest.sources.tables.text_encoding import UNDECODED
from shared.formula import unguarded
from shared.printable import printable

SAMPLE_CHARACTERS: Final = 65536
NO_HEADER: Final = (
    "its first row looks like a post, not like names of columns: where it has no such names, give --no-header and the "
    "columns by number, for example --map post_id=1 --map text=3"
)
_BLANK: Final = "\x00 \t\r\n\ufeff"
_NUMBERS: Final = re.compile("[0-9]+")
_LONGEST_DATE: Final = 60
_EPOCH_DIGITS: Final = 9
_OF_ONE_SHAPE: Final = ("created_at", "post_id", "author_id")
_LEAST_SHAPE: Final = 8
"""Characters: of ids that are shorter one may well have fewer digits than all before it."""
_DIGIT: Final = re.compile("[0-9]")
_LETTER: Final = re.compile("[A-Za-z]")
_DATA: Final = re.compile(
    r"[-+]?[0-9]+(?:[.,][0-9]+)?(?:[eE][-+]?[0-9]+)?|https?://.*|.*[0-9][-/.:][0-9]+[-/.:][0-9].*"
)


@dataclass
class _Ending:
    """What the last column looks like, where it holds dates or ids: a file may be cut off in the last of its cells."""

    is_watched: bool = False
    shape: str = ""

    def is_short(self, cell: str) -> bool:
        """Tell whether a cell is the beginning of what all before it were like; keep in mind what it is like."""
        if not self.is_watched:
            return False
        shape = _LETTER.sub("a", _DIGIT.sub("0", cell.strip()[: _LONGEST_DATE + 1]))
        if self.shape and shape != self.shape:
            self.is_watched = False
            return len(self.shape) >= _LEAST_SHAPE and self.shape.startswith(shape)
        self.shape = shape
        return False


class CsvFile:
    """The posts of a CSV file, as rows."""

    def __init__(
        self,
        text: io.TextIOWrapper,
        note: str,
        mapping: Mapping[str, str],
        platform: str | None,
        dates: DateReader,
        *,
        has_header: bool = True,
    ) -> None:
        """Read `text`, opened with `newline=""` and `errors="surrogateescape"`; `note` tells how it was decoded.

        Without a header the columns in `mapping` are numbers from 1.
        """
        self._text = text
        self._note = note
        self._mapping = mapping
        self._platform = platform
        self._dates = dates
        self._has_header = has_header
        self._form = CsvForm()
        self._width = 0
        self._places: dict[str, int] = {}
        self._ending = _Ending()

    def source(self) -> FileSource:
        """Return the file's rows.

        Raises ColumnError where a column is missing, FileError where the first row is none or cannot be read.
        """
        content = cast("BinaryIO", self._text.buffer)
        total = content.seek(0, io.SEEK_END)
        content.seek(0)
        first_line = self._begin(self._text)
        records = CsvRecords(self._text, self._form, self._is_row, first_line)
        first = next(iter(records), None)
        if first is None or first.fault:
            raise FileError(f"this is no CSV: {first.fault if first else 'it has no row'}")
        self._settle(first.cells)
        notes = [self._note] if self._note else []
        return FileSource(self._rows(records, first), total, content.tell, lambda: notes)

    def _begin(self, text: io.TextIOWrapper) -> int:
        """Tell the form, and leave `text` at the beginning of the line whose number is returned."""
        sample = text.read(SAMPLE_CHARACTERS)
        if not sample.strip(_BLANK):
            raise FileError("the file is empty")
        text.seek(0)
        separator = said_separator(text.readline(SAMPLE_CHARACTERS))
        if separator is None:
            text.seek(0)
        else:
            sample = sample.partition("\n")[2]
        self._form = csv_form(sample, {*FIELDS, *self._mapping.values()} if self._has_header else ())
        if separator is not None:
            self._form = replace(self._form, separator=separator)
        return 1 if separator is None else 2

    def _settle(self, cells: Sequence[str]) -> None:
        """Find each field's place in a row."""
        self._width = len(cells)
        if not self._has_header:
            names = [str(number) for number in range(1, self._width + 1)]
            columns = resolve(self._mapping, names, self._platform)
        else:
            names = [cell.strip() for cell in cells]
            try:
                columns = resolve(self._mapping, names, self._platform)
            except ColumnError:
                if any(_DATA.fullmatch(name) for name in names):
                    raise FileError(NO_HEADER) from None
                raise
        for field, column in columns.items():
            if names.count(column) > 1:
                raise ColumnError(f"two columns are named '{printable(column)}', so that {field} is either: rename one")
        self._places = {field: names.index(column) for field, column in columns.items()}
        self._ending.is_watched = any(self._places.get(field) == self._width - 1 for field in _OF_ONE_SHAPE)

    def _rows(self, records: CsvRecords, first: CsvRecord) -> Iterator[Row]:
        number = 0
        if not self._has_header:
            number = 1
            yield self._row(number, first)
        for record in records:
            number += 1
            yield self._row(number, record)

    def _row(self, number: int, record: CsvRecord) -> Row:
        fault = record.fault or self._misfit(record)
        if fault:
            return Row(number, None, fault)
        cells = record.cells
        found = {field: cells[place] for field, place in self._places.items() if place < len(cells)}
        for field, cell in found.items():
            if not cell.isascii() and UNDECODED.search(cell):
                return Row(number, None, f"{field}: holds bytes that are not in the file's encoding; see --encoding")
        if "text" in found:
            found["text"] = unguarded(found["text"])
        return read_row(number, found, {field: field for field in found}, self._platform, self._dates)

    def _misfit(self, record: CsvRecord) -> str:
        """Say why a record is no row of this file: it has other cells than the first, or the file ends in it."""
        count, width = len(record.cells), self._width
        told = f"line {record.line} has {count} cells, the first row {width}"
        if any(cell.strip() for cell in record.cells[width:]):
            return f"{told}: quote texts that hold {SEPARATORS.get(self._form.separator, 'the separator')}"
        if count >= width:
            is_short = self._ending.is_short(record.cells[width - 1])
            return (
                f"line {record.line} ends the file inside its last cell: fetch it again"
                if is_short and record.is_cut
                else ""
            )
        if record.is_cut:
            return f"{told}: the file is cut off in it"
        if any(place >= count for field, place in self._places.items() if field in REQUIRED):
            return f"{told}: quote texts that hold line ends"
        return ""

    def _is_row(self, cells: Sequence[str]) -> bool:
        """Tell whether cells that stand inside a quoted text are a row by themselves: as many, and with its date."""
        if len(cells) != self._width or not self._places:
            return False
        date = cells[self._places["created_at"]]
        numbers = _NUMBERS.findall(date[: _LONGEST_DATE + 1])
        return len(date) <= _LONGEST_DATE and (len(numbers) > 1 or len("".join(numbers)) >= _EPOCH_DIGITS)
