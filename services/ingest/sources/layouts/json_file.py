"""A file of JSON as a source: its layout is told object by object, and a mapping goes before what is told."""

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final

from services.ingest.sources.dates import DateReader
from services.ingest.sources.fields import UNKNOWN_AUTHOR, UnreadableError
from services.ingest.sources.layouts.bluesky_view import BLUESKY_VIEW, JETSTREAM_EVENT
from services.ingest.sources.layouts.json_keys import KeyCheck, found_at, plain_record, plain_value
from services.ingest.sources.layouts.json_parts import SINGLES, JsonPart, parts_in
from services.ingest.sources.layouts.json_path import MISSING, at
from services.ingest.sources.layouts.json_values import JsonValue, json_values
from services.ingest.sources.layouts.layout import JsonLayout, Record
from services.ingest.sources.layouts.mastodon_entry import MASTODON_ACTIVITY, MASTODON_STATUS
from services.ingest.sources.layouts.x_post import X_ARCHIVED, X_NOTICE, X_V1, X_V2, is_archived
from services.ingest.sources.layouts.x_scraped import SNSCRAPE, TWINT, X_WEBSITE
from services.ingest.sources.rows import FIELDS, REQUIRED, FileSource, Row, read_row

LAYOUTS: Final[tuple[JsonLayout, ...]] = (
    SNSCRAPE,
    TWINT,
    X_WEBSITE,
    X_V1,
    X_V2,
    X_NOTICE,
    JETSTREAM_EVENT,
    BLUESKY_VIEW,
    MASTODON_STATUS,
    MASTODON_ACTIVITY,
)
"""The first that fits is taken; what no layout fits is read by the fields' own names."""
_ITSELF: Final = {name: name for name in FIELDS}
NO_ACCOUNT: Final = (
    "account.js is not beside the file, so that nothing tells whose archive it is: its posts count for no known "
    "author; put account.js of the archive's data folder beside it, or give the whole archive"
)


def open_json(
    content: BinaryIO,
    mapping: Mapping[str, str],
    platform: str | None,
    dates: DateReader,
    owner: Record | None = None,
) -> FileSource:
    """Return the rows of a JSON file that can seek; `mapping` has paths by field.

    `owner` is the author of an X archive, empty where the archive does not tell; None for other files. Raises
    ColumnError where a mapped or needed key is in no object of the file.
    """
    reading = JsonRows(mapping, platform, dates, owner)
    content.seek(0)
    reading.check_keys(json_values(content))
    total = content.seek(0, io.SEEK_END)
    content.seek(0)
    return FileSource(reading.rows(json_values(content)), total, content.tell, reading.notes)


class JsonRows:
    """Makes rows of values, and keeps what is to be said of them."""

    def __init__(
        self, mapping: Mapping[str, str], platform: str | None, dates: DateReader, owner: Record | None = None
    ) -> None:
        """Read by a mapping and an owner as `open_json` takes them."""
        self._mapping = mapping
        self._platform = platform
        self._dates = dates
        self._owner = owner
        self._number = 0
        self._passed: Counter[str] = Counter()
        self._lacks_owner = False

    def check_keys(self, values: Iterable[JsonValue]) -> None:
        """Raise ColumnError where a mapped or needed key is in no object of the values."""
        check = KeyCheck(self._mapping, self._platform)
        for value in values:
            for part in () if value.fault else parts_in(value.value, self._is_post):
                if part is not None:
                    check.look(part, is_known=self._layout_of(part) is not None)
                    if check.is_done:
                        return
        check.refuse()

    def rows(self, values: Iterable[JsonValue]) -> Iterator[Row]:
        """Yield a row for each object that may be a post and for each fault; their numbers go on from call to call."""
        for value in values:
            if value.fault:
                self._number += 1
                yield Row(self._number, None, value.fault)
                continue
            for part in parts_in(value.value, self._is_post):
                self._number += 1
                if part is None:
                    yield Row(self._number, None, f"line {value.line} holds what is not a JSON object")
                elif (row := self._row(self._number, part)) is not None:
                    yield row

    def notes(self) -> list[str]:
        """Return what is to be said once the rows are read."""
        passed = [
            f"{count} objects were passed over: {name} that is no post or has no text"
            for name, count in self._passed.items()
        ]
        return [NO_ACCOUNT, *passed] if self._lacks_owner else passed

    def _row(self, number: int, part: JsonPart) -> Row | None:
        """Return the row of an object, None where it is passed over: it is no post, or has no text."""
        layout = self._layout_of(part)
        try:
            record = plain_record(part.item) if layout is None else self._recognised(part, layout)
        except UnreadableError as error:
            if not set(REQUIRED) <= set(self._mapping):
                return Row(number, None, str(error))
            record = plain_record(part.item)
        found = {field: found_at(part, path) for field, path in self._mapping.items()}
        mapped = {field: value for field, value in found.items() if value is not MISSING}
        if record is None and not mapped:
            self._passed[layout.name if layout else ""] += 1
            return None
        platform = self._platform or (layout.platform if layout else None)
        told = {field: plain_value(value) for field, value in {**(record or {}), **mapped}.items()}
        return read_row(number, told, _ITSELF, platform, self._dates)

    def _recognised(self, part: JsonPart, layout: JsonLayout) -> Record | None:
        record = layout.record_of(part.item)
        if record is None:
            return None
        if layout is X_ARCHIVED:
            self._lacks_owner |= not self._owner and "author_id" not in self._mapping
            record |= self._owner or {"author_id": UNKNOWN_AUTHOR}
        plain = {name: value for name, value in plain_record(part.item).items() if not isinstance(value, (dict, list))}
        return {**plain, **record}

    def _layout_of(self, part: JsonPart) -> JsonLayout | None:
        if "post_id" in part.item:
            return None
        if (part.is_archived or self._owner is not None) and is_archived(part.item):
            return X_ARCHIVED
        return next((layout for layout in LAYOUTS if layout.fits(part.item)), None)

    def _is_post(self, item: dict[str, Any]) -> bool:
        """Tell an object that is not opened: it reads like a post, or what is mapped stands in it."""
        if "post_id" in item or isinstance(item.get("text"), str) or _is_of_layout(item):
            return True
        if any(_is_of_layout(item[name]) for name in SINGLES if isinstance(item.get(name), dict)):
            return False
        paths = [path for path in self._mapping.values() if path.partition(".")[0] not in SINGLES]
        return any(at(item, path) is not MISSING for path in paths)


def _is_of_layout(item: dict[str, Any]) -> bool:
    return any(layout.fits(item) for layout in LAYOUTS)
