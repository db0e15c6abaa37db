"""The values of a JSON file, whatever way they stand in it, each with its line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from services.ingest.sources.layouts.json_text import DECODER, MAX_VALUE, DamagedError, JsonText

ASSIGNMENT: Final = re.compile(r"(?:(?:var|let|const)\s+)?[A-Za-z_$][\w$]*(?:\.[\w$]+){0,8}\s*=\s*(?=[\[{])")
"""How a file of JavaScript begins that holds nothing but data: `window.YTD.tweets.part0 = [`."""
_MARK: Final = b"\xef\xbb\xbf"
_BLANKS: Final = b" \t\r\n\x1e"


@dataclass(frozen=True, repr=False)
class JsonValue:
    """One value, or why there is none at `line` (from 1): `fault` says it without any of the content."""

    line: int
    value: Any = None
    fault: str = ""


def is_json(sample: bytes) -> bool:
    """Tell by its beginning whether a file is JSON, or JavaScript that assigns JSON."""
    beginning = sample.removeprefix(_MARK).lstrip(_BLANKS)
    return beginning[:1] in {b"{", b"["} or is_assigned(sample)


def is_assigned(sample: bytes) -> bool:
    """Tell whether a file is JavaScript that assigns JSON."""
    beginning = sample.removeprefix(_MARK).lstrip(_BLANKS)[:1000]
    return ASSIGNMENT.match(beginning.decode("utf-8", "replace")) is not None


def json_values(content: BinaryIO) -> Iterator[JsonValue]:
    """Yield each line's value where each line is one, else the elements of arrays and the documents of the file.

    `content` is at its start and stays open. A value that cannot be read is yielded as a fault, and the next one is
    looked for: after a damaged line the next line, after a damaged element of an array its closing bracket.
    """
    if _is_of_lines(content):
        yield from _lines(content)
    else:
        yield from json_documents(content)


def _is_of_lines(content: BinaryIO) -> bool:
    """Tell whether each line is a value: the first one is, or is damaged in a way that no further line mends."""
    line = content.readline(MAX_VALUE)
    while line and not line.strip(_MARK + _BLANKS):
        line = content.readline(MAX_VALUE)
    content.seek(0)
    if line.removeprefix(_MARK).lstrip(_BLANKS)[:1] != b"{":
        return not is_json(line)
    try:
        _decoded(line)
    except DamagedError:
        return _is_first_value_damaged(content)
    return True


def _is_first_value_damaged(content: BinaryIO) -> bool:
    text = JsonText(content)
    try:
        text.value()
    except DamagedError as error:
        return not error.is_cut_off
    finally:
        text.release()
        content.seek(0)
    return False


def _decoded(line: bytes) -> Any:
    """Return the value of a line; raises DamagedError."""
    try:
        words = line.removeprefix(_MARK).strip(_BLANKS).decode()
        value, end = DECODER.raw_decode(words)
    except UnicodeDecodeError:
        raise DamagedError("is not UTF-8") from None
    except RecursionError:
        raise DamagedError("is nested too deeply") from None
    except ValueError:
        raise DamagedError("is not JSON") from None
    if end < len(words):
        raise DamagedError("is not JSON")
    return value


def _lines(content: BinaryIO) -> Iterator[JsonValue]:
    number = 0
    while line := content.readline(MAX_VALUE):
        number += 1
        if not line.strip(_BLANKS):
            continue
        if len(line) == MAX_VALUE and not line.endswith(b"\n"):
            _pass_line(content)
            yield JsonValue(number, fault=f"line {number} is longer than {MAX_VALUE} bytes")
            continue
        try:
            yield JsonValue(number, _decoded(line))
        except DamagedError as error:
            yield JsonValue(number, fault=f"line {number} {error}")


def _pass_line(content: BinaryIO) -> None:
    while (rest := content.readline(MAX_VALUE)) and not rest.endswith(b"\n"):
        pass


def json_documents(content: BinaryIO) -> Iterator[JsonValue]:
    """Yield the elements of arrays and the documents of a file, which need not be able to seek."""
    text = JsonText(content)
    try:
        text.skip(ASSIGNMENT)
        while text.peek():
            yield from _document(text)
    except DamagedError as error:
        yield JsonValue(text.line, fault=f"the file {error} at line {text.line}")
    finally:
        text.release()


def _document(text: JsonText) -> Iterator[JsonValue]:
    """Yield the elements of an array, or another value; raises DamagedError where the rest cannot be read."""
    if text.peek() != "[":
        yield from _value(text)
        return
    text.take("[")
    while text.peek() != "]":
        yield from _value(text)
        if text.peek() != "]":
            text.take(",")
    text.take("]")
    if text.peek() == ";":
        text.take(";")


def _value(text: JsonText) -> Iterator[JsonValue]:
    text.peek()
    line = text.line
    try:
        value = text.value()
    except DamagedError as error:
        if error.is_cut_off or not text.pass_value():
            raise
        yield JsonValue(line, fault=f"the value at line {line} {error}")
    else:
        yield JsonValue(line, value)
