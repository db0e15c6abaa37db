"""Records of CSV, read strictly: a quote that is not closed costs its own line and takes in no other row."""

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TextIO

MOST_CHARACTERS: Final = 4 * 2**20
"""Of a record: a text of a post has 10,000, and what is longer is no text but a quote that is not closed."""
_OPEN: Final = "opens a quote that is not closed: double the quotes that stand in a text"
_MISPLACED: Final = "has a quote inside a quoted text: double the quotes that stand in a text"
_DOUBTFUL: Final = (
    "is in quotes that open in line {first} and close in line {last}, but lines between them look like rows: double "
    "the quotes that stand in a text, or write texts without line ends"
)


@dataclass(frozen=True)
class CsvForm:
    """How records are written.

    Attributes:
        separator: what parts the cells of a record.
        escapes: a backslash before a quote makes it a part of the text.
        blanks: blanks between a separator and a quote are no part of the text.
    """

    separator: str = ","
    escapes: bool = False
    blanks: bool = False


@dataclass(frozen=True)
class CsvRecord:
    """A record that begins with the physical line `line` (from 1): its cells, or the fault why it is none.

    `is_cut` says that the file ends in it, without a line end.
    """

    line: int
    cells: Sequence[str]
    fault: str = ""
    is_cut: bool = False


class CsvRecords:
    """Iterates over the records of a text, blank lines left out.

    `is_row` tells whether cells look like a whole row of this file. Where every line of a quoted text does, the
    quote was left open, and the lines are read anew, each by itself; where only some do, each is refused: a post may
    quote rows of a file, and none may make another's. Memory is bounded by MOST_CHARACTERS, time by three readings
    of each line.
    """

    def __init__(
        self,
        text: TextIO,
        form: CsvForm,
        is_row: Callable[[Sequence[str]], bool] = lambda _: False,
        first_line: int = 1,
    ) -> None:
        """Read `text`, opened with `newline=""`, from where it stands: the beginning of line `first_line`."""
        csv.field_size_limit(max(csv.field_size_limit(), MOST_CHARACTERS + 1))
        self._text = text
        self._form = form
        self._is_row = is_row
        self._waiting: deque[str] = deque()
        self._doubtful: deque[CsvRecord] = deque()
        self._taken: list[str] = []
        self._size = 0
        self._line = first_line
        self._reader = self._new_reader()

    def __iter__(self) -> Iterator[CsvRecord]:
        """Yield each record once, in order."""
        while (record := self._next()) is not None:
            if record.cells or record.fault:
                yield record

    def _next(self) -> CsvRecord | None:
        if self._doubtful:
            return self._doubtful.popleft()
        self._taken, self._size = [], 0
        try:
            cells = next(self._reader)
        except StopIteration:
            return None
        except csv.Error as error:
            is_open = len(self._taken) > 1 or "end of data" in str(error)
            return self._refused(_OPEN if is_open else _MISPLACED)
        except _TooLongError:
            is_one_line = len(self._taken) == 1
            if is_one_line:
                self._skip_line()
            return self._refused(f"has more than {MOST_CHARACTERS} characters" if is_one_line else _OPEN)
        if len(self._taken) > 1 and any(self._looks_whole(line) for line in self._taken[1:]):
            return self._refused(_OPEN) if all(map(self._looks_whole, self._taken)) else self._all_refused()
        record = CsvRecord(self._line, cells, is_cut=not _is_ended(self._taken[-1]))
        self._line += len(self._taken)
        return record

    def _refused(self, fault: str) -> CsvRecord:
        """Refuse the first line that was taken, and read those after it anew."""
        record = CsvRecord(self._line, (), f"line {self._line} {fault}", is_cut=not _is_ended(self._taken[0]))
        self._line += 1
        self._waiting.extendleft(reversed(self._taken[1:]))
        self._reader = self._new_reader()
        return record

    def _all_refused(self) -> CsvRecord:
        """Refuse each line that was taken: a text of several lines may hold what looks like another person's row."""
        first, last = self._line, self._line + len(self._taken) - 1
        for line, words in enumerate(self._taken, first):
            if words.strip("\r\n"):
                fault = f"line {line} {_DOUBTFUL.format(first=first, last=last)}"
                self._doubtful.append(CsvRecord(line, (), fault, is_cut=not _is_ended(words)))
        self._line = last + 1
        return self._doubtful.popleft()

    def _looks_whole(self, line: str) -> bool:
        separator = self._form.separator
        return separator in line and self._is_row(line.rstrip("\r\n").split(separator))

    def _new_reader(self) -> Any:
        form = self._form
        return csv.reader(
            self._lines(),
            delimiter=form.separator,
            strict=True,
            escapechar="\\" if form.escapes else None,
            doublequote=True,
            skipinitialspace=form.blanks,
        )

    def _lines(self) -> Iterator[str]:
        while line := (self._waiting.popleft() if self._waiting else self._text.readline(MOST_CHARACTERS)):
            self._taken.append(line)
            self._size += len(line)
            if self._size >= MOST_CHARACTERS:
                raise _TooLongError
            yield line

    def _skip_line(self) -> None:
        while not _is_ended(line := self._text.readline(MOST_CHARACTERS)) and line:
            pass


class _TooLongError(Exception):
    """A record goes on for too long."""


def _is_ended(line: str) -> bool:
    return line.endswith(("\r", "\n"))
