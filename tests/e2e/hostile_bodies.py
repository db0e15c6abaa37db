"""Bodies made to freeze or to fill a service, out of what its own OpenAPI document says it takes."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

Making = Callable[[int], bytes]
"""Returns a body of about so many bytes."""
Path = tuple[str | None, ...]
"""Where a value stands: keys of objects, None for a place in a list."""

DEEPEST = 7
JSON = "application/json"


@dataclass(frozen=True)
class Hostile:
    """A body, made when it is wanted: a test of hundreds holds one at a time."""

    name: str
    make: Making


def _listed(unit: bytes) -> Making:
    return lambda size: b"[" + unit * (size // len(unit)) + unit[:-1] + b"]"


@cache
def _keyed(size: int) -> bytes:
    return b"{" + b",".join(b'"%d":0' % number for number in range(size // 10)) + b"}"


def _repeated(size: int) -> bytes:
    return b'{"a":0' + b',"a":0' * (size // 6) + b"}"


def _text(unit: bytes) -> Making:
    return lambda size: b'"' + unit * (size // len(unit)) + b'"'


def _just(value: bytes) -> Making:
    return lambda _: value


def _nested(opening: bytes, closing: bytes) -> Making:
    return lambda size: opening * (size // 12) + b"0" + closing * (size // 12)


VALUES: dict[str, Making] = {
    "lists": _listed(b"[],"),
    "texts": _listed(b'"",'),
    "keys": _keyed,
    "numbers": _listed(b"1.5,"),
    "a text of commas": _text(b",:[]{}"),
    "maps of one": _listed(b'{"a":0},'),
    "the same key": _repeated,
    "a text of half characters": _text(b"\\ud83d"),
    "long numbers": _listed(b"9" * 4000 + b","),
    "nested maps": _nested(b'{"a":', b"}"),
}
"""Values that stand where a body's field is, or in its place."""
_WORST: dict[str, Making] = {
    **{name: VALUES[name] for name in ("lists", "texts", "keys", "a text of commas")},
    "as many numbers as may be": _listed(b"0.12345,"),
    "as many texts as may be": _listed(b'"' + b"\xc3\xa4" * 15 + b'",'),
    "as many lists as may be": _listed(b"[" + b" " * 128 + b"],"),
    "as many maps as may be": _listed(b'{"a":0' + b" " * 128 + b"},"),
}
"""Values for the largest size: some far past what any body may hold, some as much as it may."""
_ODD: dict[str, Making] = {
    "nulls": _listed(b"null,"),
    "nested lists": _nested(b"[", b"]"),
    "an escaped text": _text(b"\\u20ac"),
    "a number": lambda size: b"9" * size,
    "a fraction": lambda size: b"0." + b"1" * size,
    "never closed": lambda size: b"[" * size,
    "a fault at the end": lambda size: _listed(b"[],")(size) + b"x",
    "half a character and a fault": lambda size: b'{"\\ud83d":' + _listed(b"[],")(size),
    "half a character and a nest": lambda size: b'["\\ud83d",' + b"[" * size,
    "blanks": lambda size: b" " * size,
    "no utf-8": lambda size: b'{"a":"' + b"\xff" * size,
    "utf-16": lambda size: ("[" + "[]," * (size // 6) + "[]]").encode("utf-16"),
    "gzip": lambda size: gzip.compress(b"[" + b"[]," * size, 1),
    "two": lambda size: b"{}" * (size // 2),
    "quotes": lambda size: b'"' * size,
    "backslashes": lambda size: b'["' + b"\\" * size,
}
_SMALL = (b"1e400", b"NaN", b"-Infinity", b'"\\ud83d"', b"9" * 5000, b"null", b"true", b'{"\\udc00":1}', b'"\\u0000"')


def largest() -> Iterator[Hostile]:
    """Yield bodies for a service's largest size, in a field that no model has."""
    for name, make in _WORST.items():
        yield Hostile(f"{name} in an unknown field", _within(("unknown",), make))


def whole() -> Iterator[Hostile]:
    """Yield bodies that are hostile as they stand."""
    yield from (Hostile(f"{name} as the body", make) for name, make in {**VALUES, **_ODD}.items())


def placed(schema: dict[str, Any], known: dict[str, Any]) -> Iterator[Hostile]:
    """Yield bodies with a hostile value wherever the schema has a value of its own."""
    for path in dict.fromkeys(_paths(schema, known, ())):
        where = ".".join("*" if part is None else part for part in path)
        for name, make in VALUES.items():
            yield Hostile(f"{name} as {where}", _within(path, make))
        for value in _SMALL:
            yield Hostile(f"{value[:12]!r} as {where}", _within(path, _just(value)))


def _within(path: Path, make: Making) -> Making:
    before = b"".join(b"[" if part is None else b"{%s:" % json.dumps(part).encode() for part in path)
    after = b"".join(b"]" if part is None else b"}" for part in reversed(path))
    return lambda size: before + make(size) + after


def _paths(schema: dict[str, Any], known: dict[str, Any], path: Path) -> Iterator[Path]:
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    if path:
        yield path
    if len(path) >= DEEPEST:
        return
    for choice in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
        yield from _paths(choice, known, path)
    for name, part in schema.get("properties", {}).items():
        yield from _paths(part, known, (*path, name))
    if isinstance(schema.get("items"), dict):
        yield from _paths(schema["items"], known, (*path, None))
    if isinstance(schema.get("additionalProperties"), dict):
        names = schema.get("propertyNames", {}).get("enum", ["a"])
        yield from _paths(schema["additionalProperties"], known, (*path, names[0]))
