"""The parts of an export's file, one at a time in bounded memory: exports hold years in a single array."""

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from services.ingest.sources.layouts.json_text import DamagedError, JsonText

MAX_ITEM: Final = 4 * 2**20
"""Characters of one part; the longest post that an export holds is a hundredth of it."""


class ItemsError(ValueError):
    """The file goes on in a way that cannot be read; the sentence quotes nothing of it."""


def items(content: BinaryIO) -> Iterator[tuple[str, Any]]:
    """Yield each element of an array; of an object each member's elements, or its value where it is no array.

    Before each stands the name of its member, "" in an array. Raises ItemsError at the place where the file is cut
    off, no JSON, no UTF-8 or holds a part of more than MAX_ITEM characters; what came before has been yielded.
    """
    text = JsonText(content, MAX_ITEM)
    try:
        yield from _parts(text)
    except DamagedError as error:
        raise ItemsError(str(error)) from None


def _parts(text: JsonText) -> Iterator[tuple[str, Any]]:
    opening = text.peek()
    if opening == "[":
        yield from _elements(text, "")
    elif opening == "{":
        yield from _members(text)
    else:
        raise ItemsError("is no JSON array or object")
    if text.peek():
        raise ItemsError("goes on after its end")


def _members(text: JsonText) -> Iterator[tuple[str, Any]]:
    text.take("{")
    while text.peek() != "}":
        name = text.value()
        if not isinstance(name, str):
            raise ItemsError("is damaged: a name is missing")
        text.take(":")
        if text.peek() == "[":
            yield from _elements(text, name)
        else:
            yield name, text.value()
        if text.peek() != "}":
            text.take(",")
    text.take("}")


def _elements(text: JsonText, name: str) -> Iterator[tuple[str, Any]]:
    text.take("[")
    while text.peek() != "]":
        yield name, text.value()
        if text.peek() != "]":
            text.take(",")
    text.take("]")
