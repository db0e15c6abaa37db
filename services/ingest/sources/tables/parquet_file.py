"""A Parquet file as a source: its columns are looked at and its sizes bounded before a row is read."""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from services.ingest.sources.dates import DateReader
from services.ingest.sources.rows import ColumnError, FileError, FileSource, Row, read_row, resolve
from shared.printable import printable

BATCH_ROWS: Final = 5000
FEW_ROWS: Final = 50
"""A batch where a text that stands in all rows would be copied for each."""
MOST_COLUMNS: Final = 10_000
MOST_GROUP_BYTES: Final = 2**32
"""Unpacked, of all columns in one row group; pandas writes a million posts as one group."""
UNJUDGED_BYTES: Final = 64 * 2**20
MOST_RATIO: Final = 400
"""Unpacked bytes of a row group for each byte of the file, where it is not small."""
UNJUDGED_ROWS: Final = 100_000
MOST_ROWS_A_BYTE: Final = 16
"""Posts have ids that differ: no writer needs less than half a bit for one."""
WIDEST_FIXED: Final = 4096
UNREADABLE: Final = object()
"""Stands for a cell that Python cannot hold; no field accepts it."""
_DAMAGED: Final = "the Parquet file is damaged or cut off; fetch it again"
_DAMAGE: Final = (
    *(pa.ArrowException, OSError, ValueError, KeyError, IndexError, TypeError, OverflowError, MemoryError),
    *(AttributeError, NotImplementedError),
)
"""What the library raises over bytes that are not what they should be: flipped ones make any of these."""
_IDS: Final = ("post_id", "author_id", "in_reply_to")
_EXACT_BELOW: Final = {pa.float16(): 2**11, pa.float32(): 2**24}
_THRIFT: Final = {"thrift_string_size_limit": 16 * 2**20, "thrift_container_size_limit": 10**6}


class ParquetRows:
    """The posts of a Parquet file, as rows."""

    def __init__(self, content: BinaryIO, mapping: Mapping[str, str], platform: str | None, dates: DateReader) -> None:
        """Read `content`, which can seek."""
        self._content = content
        self._mapping = mapping
        self._platform = platform
        self._dates = dates
        self._columns: dict[str, str] = {}
        self._seen = 0

    def source(self) -> FileSource:
        """Return the file's rows.

        Raises ColumnError where a column is missing, named twice or nested, FileError where the file is damaged or
        unpacks to far more than it is.
        """
        size = self._content.seek(0, 2)
        file = self._opened(())
        names, schema = self._schema_of(file)
        self._columns = resolve(self._mapping, names, self._platform)
        for field, column in self._columns.items():
            _check_column(field, column, schema)
        try:
            _check_sizes(file.metadata, size)
            texts = [column for column in self._columns.values() if _has_texts(schema.field(column).type)]
            file = self._opened(texts)
            whole = all(pa.types.is_dictionary(file.schema_arrow.field(column).type) for column in texts)
            total = int(file.metadata.num_rows)
        except FileError:
            raise
        except _DAMAGE:
            raise FileError(_DAMAGED) from None
        rows = self._rows(file, total, BATCH_ROWS if whole else FEW_ROWS)
        return FileSource(rows, total, lambda: self._seen)

    def _opened(self, texts: "tuple[str, ...] | list[str]") -> pq.ParquetFile:
        """Open the file; each of `texts` is read as the texts that differ and where they stand."""
        try:
            self._content.seek(0)
            return pq.ParquetFile(
                self._content, read_dictionary=list(texts), page_checksum_verification=True, pre_buffer=False, **_THRIFT
            )
        except _DAMAGE:
            raise FileError(_DAMAGED) from None

    @staticmethod
    def _schema_of(file: pq.ParquetFile) -> tuple[list[str], pa.Schema]:
        try:
            count, names, schema = file.metadata.num_columns, list(file.schema_arrow.names), file.schema_arrow
        except _DAMAGE:
            raise FileError(_DAMAGED) from None
        if count > MOST_COLUMNS:
            raise FileError(f"the Parquet file has more than {MOST_COLUMNS} columns; write those that are needed")
        return names, schema

    def _rows(self, file: pq.ParquetFile, total: int, batch_rows: int) -> Iterator[Row]:
        wanted = sorted(set(self._columns.values()))
        ids = {self._columns[field] for field in _IDS if field in self._columns}
        try:
            for batch in file.iter_batches(batch_rows, columns=wanted, use_threads=False):
                batch.validate()
                values = {name: _values(batch.column(name), is_id=name in ids) for name in wanted}
                for cells in zip(*values.values(), strict=True):
                    self._seen += 1
                    row = dict(zip(wanted, cells, strict=True))
                    yield read_row(self._seen, row, self._columns, self._platform, self._dates)
        except _DAMAGE:
            raise self._broken() from None
        if self._seen != total:
            raise self._broken()

    def _broken(self) -> FileError:
        return FileError(f"the Parquet file is damaged after row {self._seen}; fetch it again and run this again")


def _check_column(field: str, column: str, schema: pa.Schema) -> None:
    if schema.names.count(column) > 1:
        raise ColumnError(f"two columns are named '{printable(column)}', so that {field} is either: rename one")
    kind = schema.field(column).type
    if pa.types.is_nested(kind):
        raise ColumnError(f"the column '{printable(column)}' for {field} holds lists or objects; write a plain one")
    if pa.types.is_fixed_size_binary(kind) and kind.byte_width > WIDEST_FIXED:
        raise ColumnError(f"the column '{printable(column)}' for {field} holds bytes, no value; write it as text")


def _check_sizes(metadata: Any, size: int) -> None:
    if metadata.num_rows > UNJUDGED_ROWS + MOST_ROWS_A_BYTE * size:
        raise FileError(f"the Parquet file has {metadata.num_rows} rows in {size} bytes, which no posts have")
    # The sizes of single columns are not asked for: the library ends the process where those are damaged.
    unpacked = max((metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)), default=0)
    if unpacked > MOST_GROUP_BYTES or unpacked > UNJUDGED_BYTES + MOST_RATIO * size:
        raise FileError(
            f"the Parquet file unpacks to {unpacked >> 20} MiB in one row group; if that is what it should hold, write "
            "it with smaller row groups"
        )


def _has_texts(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def _values(column: pa.Array, *, is_id: bool) -> list[Any]:
    """Return a column's cells as Python values; one that Python cannot hold becomes UNREADABLE.

    Nanoseconds are cut to microseconds: pandas writes them by default, and no post's time needs them.
    """
    if isinstance(column, pa.DictionaryArray):
        return _repeated(column, is_id=is_id)
    if isinstance(column, pa.ExtensionArray) and not isinstance(column.type, pa.UuidType):
        column = column.storage
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", "UTC" if kind.tz else None), safe=False)
    values = _python_values(column)
    if is_id and kind in _EXACT_BELOW:
        return [_short_float(value, _EXACT_BELOW[kind]) for value in values]
    return [_plain(value) for value in values]


def _repeated(column: pa.DictionaryArray, *, is_id: bool) -> list[Any]:
    """Return cells of which many may be the same object: so a text that stands in every row is held once."""
    used = pc.unique(column.indices.drop_null())
    values = dict(zip(used.to_pylist(), _values(column.dictionary.take(used), is_id=is_id), strict=True))
    return [None if place is None else values[place] for place in column.indices.to_pylist()]


def _python_values(column: pa.Array) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError, KeyError):
        return [_python_value(cell) for cell in column]


def _python_value(cell: pa.Scalar) -> Any:
    try:
        return cell.as_py()
    except (ValueError, OverflowError, KeyError):
        return UNREADABLE


def _plain(value: Any) -> Any:
    """Return text where bytes are text, as writers of long ago left it, and an id's words where it is a UUID."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return UNREADABLE
    return str(value) if isinstance(value, UUID) else value


def _short_float(value: float | None, exact_below: int) -> float | str | None:
    """Return the words of a float that several whole numbers share, in the form in which it is refused as an id."""
    return value if value is None or abs(value) < exact_below else f"{value:e}"
