"""Whether the keys that a mapping names, and those that are needed, stand anywhere in a file."""

from collections.abc import Mapping
from typing import Any, Final

from services.ingest.sources.layouts.json_parts import JsonPart
from services.ingest.sources.layouts.json_path import MISSING, at, listed, nearest, paths
from services.ingest.sources.rows import FIELDS, OF_AUTHOR, REQUIRED, ColumnError
from shared.printable import printable

_WAYS: Final = {field: (field, *((f"author.{OF_AUTHOR[field]}",) if field in OF_AUTHOR else ())) for field in FIELDS}
"""Where each field stands by the product's own names: flat, or nested as `POST /v1/posts` takes it."""
_OF_META: Final = ("string_map_data", "media.0.creation_timestamp", "comment.comment", ".post")
"""What a single file of Meta's exports shows; it does not tell whose it is."""
_WRAPPERS: Final = frozenset({"$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$date", "$oid"})
"""Of MongoDB's Extended JSON, version 2, as `mongoexport` writes it."""
_MOST_WRAPPERS: Final = 2
_LONGEST_WHOLE: Final = 20
_LISTED_OBJECTS: Final = 200
_MOST_KEYS: Final = 2000


def plain_record(item: dict[str, Any]) -> dict[str, Any]:
    """Return what an object says by the fields' own names."""
    record = {field: item[field] for field in FIELDS if field in item}
    author = item.get("author")
    for field, name in OF_AUTHOR.items():
        if field not in record and (flat := f"author.{name}") in item:
            record[field] = item[flat]
        elif field not in record and isinstance(author, dict) and name in author:
            record[field] = author[name]
    return record


def plain_value(value: Any) -> Any:
    """Return what stands in MongoDB's wrappers (`{"$numberLong": "1"}`), and any other value as it is."""
    for _ in range(_MOST_WRAPPERS):
        if not isinstance(value, dict) or len(value) != 1:
            break
        kind, inner = next(iter(value.items()))
        if kind not in _WRAPPERS:
            break
        value = int(inner) if kind == "$numberLong" and _is_whole(inner) else inner
    return value


def _is_whole(words: Any) -> bool:
    return isinstance(words, str) and len(words) <= _LONGEST_WHOLE and words.removeprefix("-").isdecimal()


def found_at(part: JsonPart, path: str) -> Any:
    """Return what stands at a path in an object, or in what it was wrapped in; MISSING where nothing does."""
    found = at(part.item, path)
    return at(part.outer, path) if found is MISSING and part.outer is not None else found


class KeyCheck:
    """Looks at a file's objects until each key was found once: a path that some object has is right for all.

    Of a layout that is known nothing else is needed than what the mapping names.
    """

    def __init__(self, mapping: Mapping[str, str], platform: str | None) -> None:
        """Look for each mapped path, and for what is needed and not mapped."""
        self._mapped: Mapping[str, tuple[str, ...]] = {field: (path,) for field, path in mapping.items()}
        needed = REQUIRED if platform else (*REQUIRED, "platform")
        self._needed: Mapping[str, tuple[str, ...]] = {field: _WAYS[field] for field in needed if field not in mapping}
        self._known: dict[str, None] = {}
        self._objects = 0

    @property
    def is_done(self) -> bool:
        """Tell whether nothing is looked for any more."""
        return not self._mapped and not self._needed

    def look(self, part: JsonPart, *, is_known: bool) -> None:
        """Look at one object; `is_known` where its layout is."""
        self._objects += 1
        if is_known:
            self._needed = {}
        self._mapped = _left(self._mapped, part)
        self._needed = _left(self._needed, part)
        if not self.is_done and self._objects <= _LISTED_OBJECTS and len(self._known) < _MOST_KEYS:
            self._known.update(dict.fromkeys(paths(part.item)))

    def refuse(self) -> None:
        """Raise ColumnError for a key that no object has; a file without any object is refused row by row."""
        if not self._objects:
            return
        top = listed([key for key in self._known if "." not in key] or self._known)
        for field, (path, *_) in self._mapped.items():
            close = nearest(path, self._known)
            meant = f"; the nearest is '{printable(close)}'" if close else ""
            raise ColumnError(f"the file has no key '{printable(path)}' for {field}{meant}; it has {top}")
        if self._needed and any(f".{path}".endswith(_OF_META) for path in self._known):
            raise ColumnError("this is one file of an export of Facebook or Instagram; give the whole export")
        for field in self._needed:
            remedy = f"give --map {field}=KEY" + (" or --platform" if field == "platform" else "")
            raise ColumnError(f"the file has no key '{field}' for {field}: {remedy}; it has {top}")


def _left(ways: Mapping[str, tuple[str, ...]], part: JsonPart) -> dict[str, tuple[str, ...]]:
    return {
        field: paths_of for field, paths_of in ways.items() if all(found_at(part, way) is MISSING for way in paths_of)
    }
