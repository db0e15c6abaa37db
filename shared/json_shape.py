"""How much a JSON text holds, told from its bytes before anything is made of them.

A body of 8 MiB may be a few long texts or millions of empty lists: the first costs its own size in memory and
milliseconds, the other thirty times its size and seconds. Each step below is a pass or two over the bytes in C.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final

_MARKS: Final = b'[]{},:"'
_BESIDES: Final = bytes(byte for byte in range(256) if byte not in _MARKS)
_REFERENCE: Final = "#/$defs/"
_HALF_CHARACTER: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class ShapeError(ValueError):
    """There is too much in a text, or no end to what a schema allows; the sentence says of what."""


@dataclass(frozen=True)
class JsonShape:
    """How much there is, or may be, in one JSON text.

    Attributes:
        items: values of any kind and keys.
        strings: those of them that are text.
        containers: those of them that are lists or objects.
        depth: how many containers stand in one another; 0 is a text without any.
    """

    items: int = 1
    strings: int = 0
    containers: int = 0
    depth: int = 0

    def check(self, text: bytes) -> None:
        """Raise ShapeError where `text`, JSON in UTF-8, holds more of anything than this.

        What is no JSON is counted as it would be read up to its first fault, and may pass.
        """
        marks = _outside_strings(text, self.strings)
        containers = marks.count("[") + marks.count("{")
        if containers > self.containers:
            raise ShapeError(f"holds more than {self.containers:,} lists and objects")
        if 1 + containers + marks.count(",") + marks.count(":") > self.items:
            raise ShapeError(f"holds more than {self.items:,} values and keys")
        brackets = marks.replace("{", "[").replace("}", "]").replace(",", "").replace(":", "")
        for _ in range(self.depth):
            brackets = brackets.replace("[]", "")
        if "[]" in brackets:
            raise ShapeError(f"has more than {self.depth} lists and objects in one another")

    def within(self, most: "JsonShape") -> "JsonShape":
        """Return the lesser of the two in each respect."""
        return _each(min, [self, most])

    def with_room(self, spare: int) -> "JsonShape":
        """Return twice this and `spare` more of each, for fields that a newer client sends and this version ignores."""
        return JsonShape(*(2 * number + spare for number in astuple(self)))

    def __add__(self, other: "JsonShape") -> "JsonShape":
        """Return the shape of two texts side by side."""
        return JsonShape(
            self.items + other.items,
            self.strings + other.strings,
            self.containers + other.containers,
            max(self.depth, other.depth),
        )

    def __mul__(self, times: int) -> "JsonShape":
        """Return the shape of so many such texts side by side."""
        return JsonShape(times * self.items, times * self.strings, times * self.containers, self.depth)

    def inside(self) -> "JsonShape":
        """Return the shape of a container with this in it."""
        return JsonShape(self.items + 1, self.strings, self.containers + 1, self.depth + 1)


def has_half_character(text: bytes) -> bool:
    r"""Tell whether `text` may hold an escaped surrogate such as `\\ud83d`, which stands for no character alone."""
    return _HALF_CHARACTER.search(text) is not None


def largest(schema: dict[str, Any], definitions: dict[str, Any] | None = None) -> JsonShape:
    """Return the most that a text may hold that fits a JSON schema, as pydantic writes one.

    What fits anything says how much by `"x-holds": [items, depth]`.
    Raises ShapeError where the schema sets no bound; for a list that is `maxItems`, for a map `maxProperties`, for a
    text `maxLength` or what its form is.
    """
    known = schema.get("$defs", {}) if definitions is None else definitions
    if "$ref" in schema:
        return largest(known[schema["$ref"].removeprefix(_REFERENCE)], known)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        shapes = [largest(choice, known) for choice in choices]
        return _each(max, shapes)
    if "x-holds" in schema:
        items, depth = schema["x-holds"]
        return JsonShape(items, items, items, depth)
    return _largest_of_kind(schema, known)


def _largest_of_kind(schema: dict[str, Any], known: dict[str, Any]) -> JsonShape:
    nothing, key = JsonShape(items=0), JsonShape(strings=1)
    match schema.get("type"):
        case "object":
            parts = sum((key + largest(part, known) for part in schema.get("properties", {}).values()), start=nothing)
            if others := schema.get("additionalProperties"):
                value = largest({} if others is True else others, known)
                parts += (key + value) * _bound(schema, "maxProperties")
            return parts.inside()
        case "array":
            return (largest(schema["items"], known) * _bound(schema, "maxItems")).inside()
        case "string":
            if not schema.keys() & {"maxLength", "pattern", "format", "enum", "const"}:
                raise ShapeError(f"a text has no maxLength: {schema}")
            return JsonShape(strings=1)
        case "integer" | "number" | "boolean" | "null":
            return JsonShape()
    if "const" in schema or "enum" in schema:
        return JsonShape(strings=1)
    raise ShapeError(f"nothing says how much fits: {schema}")


def _each(choose: Callable[[Iterable[int]], int], shapes: Sequence[JsonShape]) -> JsonShape:
    return JsonShape(*(choose(numbers) for numbers in zip(*map(astuple, shapes), strict=True)))


def _bound(schema: dict[str, Any], name: str) -> int:
    names = schema.get("propertyNames", {}).get("enum")
    if name not in schema and names is None:
        raise ShapeError(f"{name} is not set: {schema}")
    return int(schema.get(name, len(names or ())))


def _outside_strings(text: bytes, strings: int) -> str:
    """Return the brackets, commas and colons of `text` that stand in no string; raises ShapeError past so many."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Joining bytes takes 80 bytes a piece, joining text none.
    marks = text.translate(None, _BESIDES).decode("ascii")
    if marks.count('"') > 2 * strings:
        raise ShapeError(f"holds more than {strings:,} texts and keys")
    return "".join(marks.split('"')[::2])
