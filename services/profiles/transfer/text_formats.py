"""Tables for people: CSV and JSON lines, without the columns that only a restore reads."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from typing_extensions import override

from services.profiles.transfer.table import SCHEMA_VERSION, VERSION_COLUMN, Table, TableWriter
from shared.formula import guarded

MARK: Final = "\ufeff"
"""Without it Excel takes UTF-8 for the encoding of its machine."""


class JsonLines(TableWriter):
    """One object a line, nested values as they are, moments in RFC 3339."""

    def __init__(self, table: Table) -> None:
        """Write this table."""
        self._table = table

    @override
    def add(self, batch: pa.RecordBatch) -> bytes:
        columns = _columns(self._table, batch)
        return b"".join(
            json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            for row in zip(*columns.values(), strict=True)
        )

    @override
    def end(self) -> bytes:
        return b""


class Csv(TableWriter):
    """RFC 4180 with a heading, in UTF-8 with its mark. Nested values are JSON; a null is an empty cell.

    A text that a spreadsheet would take for a formula, or for a number that it rounds, has an apostrophe before it.
    """

    def __init__(self, table: Table) -> None:
        """Write this table."""
        self._table = table
        self._heading: list[str] | None = [VERSION_COLUMN, *table.readable]

    @override
    def add(self, batch: pa.RecordBatch) -> bytes:
        columns = _columns(self._table, batch)
        return self._written(zip(*([_cell(value) for value in column] for column in columns.values()), strict=True))

    @override
    def end(self) -> bytes:
        return self._written(())

    def _written(self, rows: Iterable[tuple[Any, ...]]) -> bytes:
        lines = io.StringIO(newline="")
        writer = csv.writer(lines)
        if self._heading:
            lines.write(MARK)
            writer.writerow(self._heading)
            self._heading = None
        writer.writerows(rows)
        return lines.getvalue().encode()


def plain_text(text: str) -> str:
    """Return a text that no spreadsheet acts on and no reader of CSV stumbles over."""
    return guarded(text.replace("\x00", "\N{REPLACEMENT CHARACTER}"))


def _cell(value: Any) -> Any:
    match value:
        case str():
            return plain_text(value)
        case bool():
            return "true" if value else "false"
        case list():
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


def _columns(table: Table, batch: pa.RecordBatch) -> dict[str, list[Any]]:
    columns = {name: _values(batch.column(name)) for name in table.readable}
    return {VERSION_COLUMN: [SCHEMA_VERSION] * batch.num_rows, **columns}


def _values(column: pa.Array) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        column = pc.strftime(column.cast(pa.timestamp("s", tz="UTC")), format="%Y-%m-%dT%H:%M:%SZ")
    elif pa.types.is_date(column.type):
        column = column.cast(pa.string())
    values: list[Any] = column.to_pylist()
    return values
