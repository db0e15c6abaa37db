"""The parts of a JSON file of any size, one at a time in bounded memory: exports hold years in a single array."""

import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

MAX_ITEM: Final = 4 * 2**20
"""Characters of one part; the longest post that an export holds is a hundredth of it."""
_STEP: Final = 64 * 1024
_BLANKS: Final = " \t\r\n"
_DECODER: Final = json.JSONDecoder()


class ItemsError(ValueError):
    """The file goes on in a way that cannot be read; the sentence quotes nothing of it."""


def items(content: BinaryIO) -> Iterator[Any]:
    """Yield each element of an array; of an object each member's elements, or its value where it is no array.

    Raises ItemsError at the place where the file is cut off, no JSON, no UTF-8 or holds a part of more than
    MAX_ITEM characters; what came before has been yielded.
    """
    reader = _Reader(content)
    opening = reader.peek()
    if opening == "[":
        yield from _elements(reader)
    elif opening == "{":
        yield from _members(reader)
    else:
        raise ItemsError("is no JSON array or object")
    if reader.peek():
        raise ItemsError("goes on after its end")


def _members(reader: "_Reader") -> Iterator[Any]:
    reader.take("{")
    while reader.peek() != "}":
        if not isinstance(reader.value(), str):
            raise ItemsError("is damaged: a name is missing")
        reader.take(":")
        if reader.peek() == "[":
            yield from _elements(reader)
        else:
            yield reader.value()
        if reader.peek() != "}":
            reader.take(",")
    reader.take("}")


def _elements(reader: "_Reader") -> Iterator[Any]:
    reader.take("[")
    while reader.peek() != "]":
        yield reader.value()
        if reader.peek() != "]":
            reader.take(",")
    reader.take("]")


class _Reader:
    """A window on the text: what has been read is dropped, what is needed is fetched."""

    def __init__(self, content: BinaryIO) -> None:
        self._text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="")
        self._window = ""
        self._place = 0
        self._ended = False

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
            raise ItemsError("is damaged or cut off")
        self._place += 1

    def value(self) -> Any:
        """Return the value that is next, whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._window, self._place)
            except RecursionError:
                raise ItemsError("is nested too deeply") from None
            except ValueError:
                end = len(self._window)
            else:
                if end < len(self._window) or self._ended:
                    self._place = end
                    return value
            if self._ended:
                raise ItemsError("is damaged or cut off")
            if len(self._window) - self._place > MAX_ITEM:
                raise ItemsError(f"holds a part that is damaged or longer than {MAX_ITEM} characters")
            self._fetch()

    def _fetch(self) -> None:
        """Read as much again as is being looked at, so that a long part is tried a few times only."""
        rest = self._window[self._place :]
        try:
            more = self._text.read(max(_STEP, len(rest)))
        except UnicodeDecodeError:
            raise ItemsError("is not UTF-8") from None
        self._ended = not more
        self._window, self._place = rest + more, 0
