"""An export as a stream of bytes: pulled page by page, so a slow reader slows it down and nothing piles up."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Protocol

import pyarrow as pa

from services.profiles.exporting.export import Export, Form
from services.profiles.exporting.pages import pages_of
from services.profiles.exporting.parquet import Parquet
from services.profiles.exporting.table import Table
from services.profiles.exporting.tables import TABLES
from services.profiles.exporting.text import Csv, JsonLines
from services.profiles.stores.base import ProfileStore


class Writer(Protocol):
    """A form being written; what both return, one after another, is the file."""

    def add(self, batch: pa.RecordBatch) -> bytes:
        """Take some more rows and return what came to be written."""
        ...

    def end(self) -> bytes:
        """Return the rest."""
        ...


def writer_of(table: Table, form: Form) -> Writer:
    """Return what writes a table in a form."""
    writers: dict[Form, type[Csv | JsonLines | Parquet]] = {
        Form.CSV: Csv,
        Form.JSONL: JsonLines,
        Form.PARQUET: Parquet,
    }
    return writers[form](table)


async def stream(store: ProfileStore, export: Export) -> AsyncGenerator[bytes, None]:
    """Yield the file in pieces, none of them empty.

    It is what the store holds while it is read: what is folded meanwhile may be in it or not. Raises whatever the
    store raises, at any time: a file whose stream raised is not whole.
    """
    table = TABLES[export.of]
    writer = await asyncio.to_thread(writer_of, table, export.form)

    def written(rows: Sequence[Any]) -> bytes:
        return writer.add(table.batch(rows))

    async with aclosing(pages_of(store, export)) as pages:
        async for rows in pages:
            if piece := await asyncio.to_thread(written, rows):
                yield piece
    if piece := await asyncio.to_thread(writer.end):
        yield piece
