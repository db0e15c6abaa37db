"""JSON of any size, a value at a time in bounded memory: lines, arrays, documents one after the other."""

import io
import json
import math
import re
from typing import Any, BinaryIO, Final

MAX_VALUE: Final = 32 * 2**20
"""Characters of one value: a page of 500 posts with their authors has two million."""
_STEP: Final = 64 * 1024
_BLANKS: Final = " \t\r\n\x1e"
"""What stands between values; the last is the mark of RFC 7464."""
_MOST_DIGITS: Final = 40
_LONGEST_MARK: Final = 16
"""Characters of an escape or a word that a window may cut in two."""
_STRUCTURE: Final = re.compile(r'["\n\[\]{}]|\\.')
_OPENING, _QUOTE, _QUOTE_OR_LINE = "{[", '"', '"\n'
NO_VALUE: Final = object()
"""What stands for two values under one name, and for a number without bounds: no field takes it."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        first: dict[str, Any] = {}
        for name, value in pairs:
            if first.setdefault(name, value) != value:
                found[name] = NO_VALUE
    return found


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def _fraction(digits: str) -> Any:
    number = float(digits)
    return number if math.isfinite(number) else NO_VALUE


def _word(word: str) -> Any:
    return None if word == "NaN" else NO_VALUE


DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_fraction, parse_constant=_word
)
"""Whole numbers past forty digits come as those digits, infinities as NO_VALUE, NaN as nothing."""


class DamagedError(ValueError):
    """The text goes on in a way that cannot be read; the sentence quotes nothing of it."""

    def __init__(self, reason: str, *, is_cut_off: bool = False) -> None:
        """Say why; `is_cut_off` where the text ends before the value does."""
        super().__init__(reason)
        self.is_cut_off = is_cut_off


class JsonText:
    """A window on the text: what has been read is dropped, what is needed is fetched."""

    def __init__(self, content: BinaryIO, longest: int = MAX_VALUE) -> None:
        """Read UTF-8, with or without its mark, values of `longest` characters at the most."""
        self._text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="")
        self._longest = longest
        self._window = ""
        self._place = 0
        self._counted = 0
        self._line = 1
        self._ended = False

    def release(self) -> None:
        """Leave the content open for others."""
        self._text.detach()

    @property
    def line(self) -> int:
        """The line, from 1, at which the text goes on."""
        self._line += self._window.count("\n", self._counted, self._place)
        self._counted = self._place
        return self._line

    def peek(self) -> str:
        """Return the next character that is no blank, "" at the end."""
        while True:
            while self._place < len(self._window):
                if self._window[self._place] not in _BLANKS:
                    return self._window[self._place]
                self._place += 1
            if self._ended:
                return ""
            self._fetch()

    def take(self, mark: str) -> None:
        """Pass `mark`, which must be next."""
        if self.peek() != mark:
            raise DamagedError("is damaged or cut off", is_cut_off=not self.peek())
        self._place += 1

    def skip(self, pattern: re.Pattern[str]) -> bool:
        """Pass what matches `pattern` next, within the first window; tell whether it was there."""
        self.peek()
        found = pattern.match(self._window, self._place)
        self._place = found.end() if found else self._place
        return found is not None

    def value(self) -> Any:
        """Return the value that is next, whole; raises DamagedError, after which `pass_value` may go on."""
        self.peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self._window, self._place)
            except RecursionError:
                raise DamagedError("is nested too deeply") from None
            except json.JSONDecodeError as error:
                if self._ended or not self._may_go_on(error):
                    raise DamagedError(
                        "is damaged or cut off", is_cut_off=self._ended and self._may_go_on(error)
                    ) from None
            else:
                if end < len(self._window) or self._ended:
                    self._place = end
                    return value
            if len(self._window) - self._place > self._longest:
                raise DamagedError(f"holds a part that is damaged or longer than {self._longest} characters")
            self._fetch()

    def pass_value(self) -> bool:
        """Pass an object or array that cannot be read, by its brackets alone; tell whether its end was found."""
        if self.peek() not in _OPENING:
            return False
        depth, in_string = 0, False
        while True:
            for found in _STRUCTURE.finditer(self._window, self._place):
                mark = found[0]
                if mark in _QUOTE_OR_LINE:
                    # A line ends a string that was left open, so that the rest of the file is not taken for its text.
                    in_string = mark == _QUOTE and not in_string
                elif not in_string and len(mark) == 1:
                    depth += 1 if mark in _OPENING else -1
                    if depth == 0:
                        self._place = found.end()
                        return True
            if self._ended:
                return False
            self._place = len(self._window) - self._window.endswith("\\")
            self._fetch()

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        """Tell whether the value may be right and only the window too short."""
        return error.pos >= len(self._window) - _LONGEST_MARK or error.msg.startswith("Unterminated string")

    def _fetch(self) -> None:
        """Read as much again as is being looked at, so that a long part is tried a few times only."""
        self._line, self._counted = self.line, 0
        rest = self._window[self._place :]
        try:
            more = self._text.read(max(_STEP, len(rest)))
        except UnicodeDecodeError:
            raise DamagedError("is not UTF-8") from None
        self._ended = not more
        self._window, self._place = rest + more, 0
