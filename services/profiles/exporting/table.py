"""A table: its columns, and how rows become them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from services.profiles.exporting.export import OF_KEY, SCHEMA_VERSION, VERSION_KEY, Of

TEXT: Final = pa.string()
INTEGER: Final = pa.int64()
MOST_INTEGER: Final = 2**62
"""Sums beyond it are written as it, since no file may fail for one; a store that takes it can count on."""
NUMBER: Final = pa.float64()
TRUTH: Final = pa.bool_()
MOMENT: Final = pa.timestamp("ms", tz="UTC")
"""The coarsest that Parquet has; our moments are whole seconds."""
COUNTS: Final = pa.list_(pa.struct([("name", TEXT), ("posts", INTEGER)]))
PROBABILITIES: Final = pa.list_(pa.struct([("label", TEXT), ("probability", NUMBER)]))
_MILLISECONDS = 1000

Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Table:
    """A table of one kind of rows.

    `columns` gives the values of every field of `schema`, moments in Unix seconds. Fields in `backup` are written to
    Parquet alone; those in `derived` say again what others say, and a restore does not read them. Rows in which
    `apart` differs never share a row group.
    """

    of: Of
    fields: pa.Schema
    columns: Callable[[Sequence[Any]], Columns]
    backup: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()
    apart: str | None = None

    @property
    def schema(self) -> pa.Schema:
        """Return the fields with what a reader must know of the file."""
        return self.fields.with_metadata({VERSION_KEY: str(SCHEMA_VERSION), OF_KEY: str(self.of)})

    @property
    def readable(self) -> list[str]:
        """Return the columns of CSV and JSON lines, in order."""
        return [name for name in self.fields.names if name not in self.backup]

    def batch(self, rows: Sequence[Any]) -> pa.RecordBatch:
        """Return the rows, in their order."""
        columns = self.columns(rows)
        arrays = [_array(columns[field.name], field.type) for field in self.fields]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def counts(named: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return counts by name as a cell, the largest first."""
    ordered = sorted(named.items(), key=lambda item: (-item[1], item[0]))
    return [{"name": name, "posts": posts} for name, posts in ordered]


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == MOMENT:
        values = [None if seconds is None else seconds * _MILLISECONDS for seconds in values]
    elif kind == INTEGER:
        values = [None if value is None else min(value, MOST_INTEGER) for value in values]
    return pa.array(values, type=kind)
