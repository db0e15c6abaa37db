"""A table: its kind and format, its columns, and how rows become them and come back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, Protocol

import pyarrow as pa

from services.profiles.transfer.row import DERIVED, LATER, MOMENT, MOST_INTEGER, TableRow, arrow_fields

SCHEMA_VERSION: Final = 1
"""Of the columns: it grows where one changes its meaning or goes; new columns alone leave it."""
VERSION_COLUMN: Final = "schema_version"
VERSION_KEY: Final = "voxpop_schema_version"
KIND_KEY: Final = "voxpop_of"
"""Keys of a Parquet file's metadata."""
_MILLISECONDS: Final = 1000


class TableKind(StrEnum):
    """What a table is of."""

    PROFILES = "profiles"
    POSTS = "posts"
    BUCKETS = "buckets"
    REMOVALS = "removals"


class Format(StrEnum):
    """How a table is written. Parquet holds everything and can be imported; the others are for people."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


MEDIA_TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSONL: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
}


@dataclass(frozen=True)
class Table:
    """A table of one kind of rows.

    Attributes:
        kind: what it is of.
        row: its columns, in order.
        cells: gives the values of what is kept by column, moments in Unix seconds; a column that lacks is null.
        kept: gives what is kept from the brand and a row; raises ValueError, with a sentence that quotes nothing of it.
        key: gives by what the rows ascend.
        embeddings: gives version and length of the embeddings in what is kept.
        backup_from: the column from which on Parquet alone has them.
        apart: rows in which this column differs never share a row group.
    """

    kind: TableKind
    row: type[TableRow]
    cells: Callable[[Any], Mapping[str, Any]]
    kept: Callable[[str, dict[str, Any]], Any]
    key: Callable[[Any], tuple[Any, ...]]
    embeddings: Callable[[Any], Iterable[tuple[str, int]]] = lambda _: ()
    backup_from: str | None = None
    apart: str | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """Return the columns with what a reader must know of the file."""
        return pa.schema(arrow_fields(self.row), {VERSION_KEY: str(SCHEMA_VERSION), KIND_KEY: str(self.kind)})

    @cached_property
    def readable(self) -> list[str]:
        """Return the columns of CSV and JSON lines, in order."""
        names = list(self.row.model_fields)
        return names if self.backup_from is None else names[: names.index(self.backup_from)]

    @cached_property
    def restored(self) -> list[str]:
        """Return the columns that a restore reads, in order."""
        return [name for name, field in self.row.model_fields.items() if DERIVED not in field.metadata]

    @cached_property
    def later(self) -> set[str]:
        """Return the columns that a file of an earlier version lacks."""
        return {name for name, field in self.row.model_fields.items() if LATER in field.metadata}

    def batch(self, rows: Sequence[Any]) -> pa.RecordBatch:
        """Return what is kept as rows, in their order."""
        cells = [self.cells(row) for row in rows]
        arrays = [_array([one.get(field.name) for one in cells], field.type) for field in self.schema]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


class TableWriter(Protocol):
    """A table being written; what both operations return, one after another, is the file."""

    def add(self, batch: pa.RecordBatch) -> bytes:
        """Take some more rows and return what came to be written."""
        ...

    def end(self) -> bytes:
        """Return the rest."""
        ...


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == MOMENT:
        values = [None if seconds is None else seconds * _MILLISECONDS for seconds in values]
    elif kind == pa.int64():
        values = [None if value is None else min(value, MOST_INTEGER) for value in values]
    return pa.array(values, type=kind)
