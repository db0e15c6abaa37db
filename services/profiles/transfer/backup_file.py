"""A Parquet file that claims to be of a backup: opened, and its columns looked at before its rows."""

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from services.profiles.transfer.row import MOMENT
from services.profiles.transfer.table import KIND_KEY, SCHEMA_VERSION, VERSION_KEY, Table, TableKind
from services.profiles.transfer.tables import TABLES
from shared.errors import InputError

CHUNK_ROWS: Final = 500
MOST_GROUP_BYTES: Final = 256 * 2**20
MOST_CELL_BYTES: Final = 2**17
"""Of a text or of bytes: a post's text has 40,000, a bucket's authors 32,768."""
_MAGIC: Final = b"PAR1"
_MILLISECONDS: Final = 1000
_DAMAGE: Final = (pa.ArrowException, OSError, ValueError, KeyError, IndexError, TypeError, OverflowError)
"""What the library raises over bytes that are not what they should be: flipped ones make any of these."""
_REMEDY: Final = "import files as `voxpop export` wrote them"


class BackupFile:
    """Rows of one table, as dictionaries of the columns that a restore reads, moments in Unix seconds."""

    def __init__(self, file: BinaryIO) -> None:
        """Open a file, which stays the caller's to close.

        Raises InputError where it is no whole Parquet file, or not one that this version can restore.
        """
        if file.read(len(_MAGIC)) != _MAGIC:
            raise refusal(
                "this is no Parquet file; CSV and JSON lines are for people and do not hold all that a restore "
                "needs: export with format=parquet and import that"
            )
        file.seek(0)
        try:
            self._file = pq.ParquetFile(file, page_checksum_verification=True)
            metadata, schema = self._file.metadata, self._file.schema
            groups = [metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)]
            leaves = [schema.column(number) for number in range(len(schema))]
            texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
        except _DAMAGE:
            raise _broken() from None
        self.table = _table_of(metadata.metadata or {})
        self.row_count: int = metadata.num_rows
        self._check_columns()
        if max(groups, default=0) > MOST_GROUP_BYTES:
            raise refusal(f"a row group is larger than {MOST_GROUP_BYTES} bytes; {_REMEDY}")
        # Each text is read once, and where it stands: a file of a few kB may repeat one of a MiB in every row.
        file.seek(0)
        self._file = pq.ParquetFile(file, page_checksum_verification=True, read_dictionary=texts)

    @property
    def of(self) -> TableKind:
        """Return what the rows are of."""
        return self.table.kind

    def chunks(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows, some at a time; raises InputError where the file is damaged."""
        seen = 0
        try:
            for batch in self._batches():
                batch.validate(full=True)
                _check_cells(batch)
                seen += batch.num_rows
                columns = {name: _values(batch.column(name)) for name in self._columns}
                yield [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        except InputError:
            raise
        except _DAMAGE:
            raise _broken() from None
        if seen != self.row_count:
            raise _broken()

    def _batches(self) -> Iterator[pa.RecordBatch]:
        # By row groups: texts inside lists cannot be read as dictionaries where a batch goes over two of them.
        for group in range(self._file.num_row_groups):
            yield from self._file.iter_batches(CHUNK_ROWS, row_groups=[group], columns=self._columns, use_threads=False)

    def _check_columns(self) -> None:
        found = self._file.schema_arrow
        there = set(found.names)
        self._columns = [name for name in self.table.restored if name in there or name not in self.table.later]
        for name in self._columns:
            wanted = self.table.schema.field(name).type
            if found.names.count(name) != 1:
                raise refusal(f"the file lacks the column {name}; {_REMEDY}")
            if found.field(name).type != wanted:
                raise refusal(f"the column {name} must be {wanted}; {_REMEDY}")


def refusal(detail: str) -> InputError:
    """Return the error of a file that cannot be taken."""
    return InputError(detail, ("body",))


def _table_of(metadata: dict[bytes, bytes]) -> Table:
    version, of = metadata.get(VERSION_KEY.encode()), metadata.get(KIND_KEY.encode(), b"").decode("ascii", "replace")
    if version is None or of not in set(TableKind):
        raise refusal(f"the file does not say that it is of a backup ({VERSION_KEY}, {KIND_KEY}); {_REMEDY}")
    if version != str(SCHEMA_VERSION).encode():
        raise refusal(f"the file's schema version is not {SCHEMA_VERSION}; use the voxpop version that wrote it")
    return TABLES[TableKind(of)]


def _check_cells(batch: pa.RecordBatch) -> None:
    """Raise InputError before the cells of a batch are copied out of it, where they are more than any backup has."""
    waiting: list[pa.Array] = list(batch.columns)
    while waiting:
        array = waiting.pop()
        if isinstance(array, pa.DictionaryArray):
            if (pc.max(pc.binary_length(array.dictionary)).as_py() or 0) > MOST_CELL_BYTES:
                raise refusal(f"a text is longer than {MOST_CELL_BYTES} bytes; {_REMEDY}")
        elif isinstance(array, pa.StructArray):
            waiting += array.flatten()
        elif isinstance(array, pa.ListArray):
            waiting.append(array.values)
    if batch.nbytes > MOST_GROUP_BYTES:
        raise refusal(f"{CHUNK_ROWS} rows are larger than {MOST_GROUP_BYTES} bytes; {_REMEDY}")


def _values(column: pa.Array) -> list[Any]:
    if column.type != MOMENT:
        return list(column.to_pylist())
    milliseconds = column.cast(pa.int64()).to_pylist()
    # A fraction stays a fraction, for the row's check to refuse.
    return [
        value if value is None else value / _MILLISECONDS if value % _MILLISECONDS else value // _MILLISECONDS
        for value in milliseconds
    ]


def _broken() -> InputError:
    return refusal("the Parquet file is damaged or cut off; nothing was stored: fetch it again and import that")
