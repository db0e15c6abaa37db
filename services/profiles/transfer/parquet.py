"""Tables as Parquet, handed on while they are written: neither the file nor a part of it lies on a disk."""

import io
from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from typing_extensions import override

from services.profiles.transfer.table import Table, TableWriter

GROUP_ROWS: Final = 8192
GROUP_BYTES: Final = 16 * 2**20
"""A row group is written once it has so many rows or bytes: what a writer and a reader hold at once."""
OPTIONS: Final[Mapping[str, Any]] = {"compression": "zstd", "write_page_checksum": True}
"""How every file is written; by the checksums an import finds out what a disk or a wire changed."""


class Parquet(TableWriter):
    """A Parquet file in pieces: what `add` and `end` return, one after another."""

    def __init__(self, table: Table) -> None:
        """Begin the file of a table."""
        self._table = table
        self._outlet = _Outlet()
        self._writer = pq.ParquetWriter(self._outlet, table.schema, **OPTIONS)
        self._group: list[pa.RecordBatch] = []

    @override
    def add(self, batch: pa.RecordBatch) -> bytes:
        for part in self._parts(batch):
            if self._group and self._is_apart(part):
                self._flush()
            self._group.append(part)
            rows, size = sum(one.num_rows for one in self._group), sum(one.nbytes for one in self._group)
            if rows >= GROUP_ROWS or size >= GROUP_BYTES:
                self._flush()
        return self._outlet.drain()

    @override
    def end(self) -> bytes:
        self._flush()
        self._writer.close()
        return self._outlet.drain()

    def _flush(self) -> None:
        if self._group:
            group = pa.Table.from_batches(self._group)
            self._writer.write_table(group, row_group_size=group.num_rows)
            self._group = []

    def _parts(self, batch: pa.RecordBatch) -> list[pa.RecordBatch]:
        """Return the rows in pieces that are each of one value of `apart`."""
        if self._table.apart is None or batch.num_rows <= 1:
            return [batch] if batch.num_rows else []
        column = batch.column(self._table.apart).cast(pa.int32())
        ends = pc.run_end_encode(column).run_ends.to_pylist()
        return [batch.slice(start, end - start) for start, end in zip([0, *ends], ends, strict=False)]

    def _is_apart(self, part: pa.RecordBatch) -> bool:
        if self._table.apart is None:
            return False
        last = self._group[-1].column(self._table.apart)
        return bool(last[-1].as_py() != part.column(self._table.apart)[0].as_py())


class _Outlet(io.BytesIO):
    """What a writer takes for a file: it keeps what was written until it is drained."""

    def __init__(self) -> None:
        super().__init__()
        self._drained = 0

    @override
    def tell(self) -> int:
        return self._drained + super().tell()

    def drain(self) -> bytes:
        piece = self.getvalue()
        self._drained += len(piece)
        self.seek(0)
        self.truncate()
        return piece
