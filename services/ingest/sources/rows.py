"""Rows of files: each a post or the reason why it is none, and which column holds which field."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from services.ingest.post import NAURUAN
from services.ingest.raw_id import id_of_number
from services.ingest.sources.dates import DateReader
from services.ingest.sources.time_zones import DateError
from shared.absence import MISSING_WORDS, is_missing
from shared.printable import printable


class FileError(ValueError):
    """The file cannot be read as what it is; the sentence says why and what to do."""


@dataclass(frozen=True)
class Row:
    """One row's post, or the reason why it is none; `number` counts data rows from 1."""

    number: int
    post: dict[str, Any] | None
    reason: str = ""


@dataclass(frozen=True)
class FileSource:
    """An open file: `rows` yields each row once; `total` and `position` are in the same unit, for progress.

    `notes` returns sentences for the person who imports, once the rows are read.
    """

    rows: Iterator[Row]
    total: int | None
    position: Callable[[], int]
    notes: Callable[[], Sequence[str]] = tuple


MOST_LISTED = 30
"""Names of columns in a sentence."""
REQUIRED = ("post_id", "author_id", "text", "created_at")
_TEXTS = ("platform", "post_id", "text", "language", "in_reply_to", "author_id", "handle")
_FIGURES = ("likes", "reposts", "replies", "followers", "following", "posts", "listed")
_FLAGS = ("is_repost", "verified", "protected")
_TIMES = ("created_at", "account_created_at")
FIELDS = (*_TEXTS, *_FIGURES, *_FLAGS, *_TIMES, "voice")
OF_AUTHOR = {
    "author_id": "id",
    "handle": "handle",
    "followers": "followers",
    "following": "following",
    "posts": "posts",
    "listed": "listed",
    "verified": "verified",
    "protected": "protected",
    "account_created_at": "created_at",
}
_IDS = frozenset({"post_id", "author_id"})
_HALF_SIGN = re.compile("[\ud800-\udfff]")
"""Of a surrogate pair: what is left of an emoji where a program cut a text after so many units of UTF-16."""
_WHOLE = re.compile(r"(-?[0-9]{1,20})(?:[.,]0{1,2})?")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:([,'\u2019\u00a0\u2009\u202f ])[0-9]{3})(?:\1[0-9]{3}){0,4}")
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]{1,17})?[eE]\+?[0-9]{1,2}")
_TRUE = frozenset({"true", "t", "yes", "y", "1", "wahr", "vrai", "verdadero", "verdadeiro", "vero"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "falsch", "faux", "falso"})
"""Spreadsheets write these two in the language of their menus."""


class CellError(ValueError):
    """A cell's value cannot be told; the sentence names the field and the remedy, and quotes nothing."""


class ColumnError(ValueError):
    """The mapping names a field or a column that is not there; the sentence names both."""


def parse_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Read `FIELD=COLUMN` pairs; raises ColumnError for an unknown field, one with two columns, a pair without `=`."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals or not column:
            raise ColumnError(f"--map wants FIELD=COLUMN, not '{printable(pair)}'")
        if field not in FIELDS:
            raise ColumnError(f"'{printable(field)}' is no field; the fields are {', '.join(FIELDS)}")
        if mapping.setdefault(field, column) != column:
            raise ColumnError(f"--map names {field} twice, by two columns; give it once")
    return mapping


def resolve(mapping: Mapping[str, str], columns: Iterable[str], platform: str | None) -> dict[str, str]:
    """Return the column of each field that the file has: the mapped ones, else those of the field's own name.

    Raises ColumnError where a mapped column or a required field's column is missing.
    """
    present = list(columns)
    listed = ", ".join(printable(name) for name in present[:MOST_LISTED]) or "none"
    if len(present) > MOST_LISTED:
        listed += f" and {len(present) - MOST_LISTED} more"
    resolved = {field: mapping.get(field, field) for field in FIELDS}
    for field, column in mapping.items():
        if column not in present:
            raise ColumnError(f"the file has no column '{printable(column)}' for {field}; it has {listed}")
    for field in REQUIRED if platform else (*REQUIRED, "platform"):
        if resolved[field] not in present:
            # A field that is mapped has its column: what is missing here has the field's own name.
            remedy = f"give --map {field}=COLUMN" + (" or --platform" if field == "platform" else "")
            raise ColumnError(
                f"the file has no column '{printable(resolved[field])}' for {field}: {remedy}; it has {listed}"
            )
    return {field: column for field, column in resolved.items() if column in present}


def read_row(
    number: int, row: Mapping[str, Any], columns: Mapping[str, str], platform: str | None, dates: DateReader
) -> Row:
    """Return the row's post in the form that `POST /v1/posts` takes, or the reason why it is none."""
    try:
        return Row(number, to_post(row, columns, platform, dates))
    except CellError as error:
        return Row(number, None, str(error))


def to_post(
    row: Mapping[str, Any], columns: Mapping[str, str], platform: str | None, dates: DateReader | None = None
) -> dict[str, Any]:
    """Return the post of a row in the form that `POST /v1/posts` takes; raises CellError for a date that tells none.

    Other values that mean nothing known are passed on as they are: the service rejects them by name.
    Blank cells, nulls and NaN count as absent.
    """
    dates = dates or DateReader()
    post: dict[str, Any] = {}
    author: dict[str, Any] = {}
    for field, column in columns.items():
        value = _convert(field, row.get(column), dates)
        if value is None:
            continue
        if field == "text" and isinstance(value, str) and not value.isascii():
            value = _HALF_SIGN.sub("\ufffd", value)
        if field in OF_AUTHOR:
            author[OF_AUTHOR[field]] = value
        else:
            post[field] = value
    if platform is not None:
        post.setdefault("platform", platform)
    post["author"] = author
    return post


def _convert(field: str, value: Any, dates: DateReader) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str) and _is_absent(field, value):
        return None
    if field in _FIGURES:
        return _figure(value)
    if field in _FLAGS:
        return _flag(value)
    if field in _TIMES:
        return _time(field, value, dates)
    return _voice(value) if field == "voice" else _text(value)


def _is_absent(field: str, words: str) -> bool:
    """Tell whether a cell holds nothing. An id that is a word for nothing stays, for the service to refuse by name."""
    if field == "text":
        return words in MISSING_WORDS
    if field in _IDS:
        return not words.strip()
    return not words.strip() or (is_missing(words) and not (field == "language" and words == NAURUAN))


def _text(value: Any) -> Any:
    if isinstance(value, (float, Decimal)):
        return id_of_number(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _figure(value: Any) -> Any:
    if isinstance(value, str):
        return _figure_in(value.strip().removeprefix("'"), value)
    if isinstance(value, (float, Decimal)) and math.isfinite(value) and value == int(value):
        return int(value)
    return value


def _figure_in(words: str, otherwise: str) -> int | str:
    """Return the whole number that `words` say, in groups or rounded as a spreadsheet may have written it."""
    if found := _WHOLE.fullmatch(words):
        return int(found[1])
    if _GROUPED.fullmatch(words):
        return int("".join(digit for digit in words if digit.isdigit()))
    if _SCIENTIFIC.fullmatch(words) and (count := Decimal(words.replace(",", "."))) == count.to_integral_value():
        return int(count)
    return otherwise


def _flag(value: Any) -> Any:
    word = str(value).strip().lower().removesuffix(".0")
    return True if word in _TRUE else False if word in _FALSE else value


def _voice(value: Any) -> Any:
    """Return who speaks; a column of yes and no says whether the brand itself does."""
    flag = _flag(value)
    if isinstance(flag, bool):
        return "internal" if flag else "external"
    return value.strip().lower() if isinstance(value, str) else value


def _time(field: str, value: Any, dates: DateReader) -> str:
    try:
        return dates.read(value).isoformat()
    except DateError as error:
        raise CellError(f"{field}: {error}") from None
