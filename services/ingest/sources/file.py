"""Posts from a file: CSV, JSON or Parquet, gzip too, `-` for standard input; and exports of networks."""

import contextlib
import csv
import gzip
import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from services.ingest.sources.dates import DateReader
from services.ingest.sources.exports.meta_export import ZIP, open_export
from services.ingest.sources.layouts.archive_owner import owner_beside
from services.ingest.sources.layouts.json_file import JsonFile
from services.ingest.sources.layouts.json_values import is_json
from services.ingest.sources.rows import FileError, FileSource, Row, read_row, resolve

MAX_CELL = 16 * 2**20
PARQUET_ROWS = 5000
SNIFF_BYTES = 65536
UNREADABLE = object()
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"


@contextmanager
def open_file(
    name: str,
    mapping: Mapping[str, str],
    platform: str | None,
    stdin: BinaryIO,
    dates: DateReader | None = None,
) -> Iterator[FileSource]:
    """Open a file by its content, whatever its name; a folder or ZIP file is an export, which needs no mapping.

    `dates` reads its dates and counts those without a time zone; without it they are UTC.

    Raises FileError where it is no text in UTF-8, no export or a Parquet file that is not whole, ColumnError where a
    column is missing, OSError where it cannot be opened. A row that is wrong in itself is yielded with its
    reason and never spoils its neighbours.
    """
    dates = dates or DateReader()
    with contextlib.ExitStack() as stack:
        if name != "-" and Path(name).is_dir():
            yield stack.enter_context(open_export(Path(name), platform))
            return
        raw = stack.enter_context(_seekable(stdin)) if name == "-" else stack.enter_context(Path(name).open("rb"))
        content: BinaryIO = raw
        if raw.read(len(_GZIP)) == _GZIP:
            raw.seek(0)
            content = stack.enter_context(_unpacked(raw))
        content.seek(0)
        magic = content.read(len(_PARQUET))
        content.seek(0)
        if magic == _PARQUET:
            yield _parquet(content, mapping, platform, dates)
            return
        if magic in ZIP:
            yield stack.enter_context(open_export(content, platform))
            return
        if _is_named(name, "parquet"):
            raise FileError("this is not a Parquet file: it lacks the mark PAR1 at its start; fetch it again")
        yield stack.enter_context(_text(name, content, mapping, platform, dates))


def _is_named(name: str, *kinds: str) -> bool:
    return name.lower().removesuffix(".gz").endswith(tuple(f".{kind}" for kind in kinds))


@contextmanager
def _seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Spool standard input to a file: what it is shows only in its content."""
    with tempfile.TemporaryFile() as spooled:
        shutil.copyfileobj(stream, spooled)
        spooled.seek(0)
        yield spooled


@contextmanager
def _unpacked(raw: BinaryIO) -> Iterator[BinaryIO]:
    """Unpack gzip to a file, so that a file that is cut off is known before a row is sent."""
    with tempfile.TemporaryFile() as unpacked:
        try:
            with gzip.open(raw) as packed:
                shutil.copyfileobj(packed, unpacked)
        except (EOFError, OSError, ValueError) as error:
            raise FileError(f"the gzip file is damaged or cut off ({type(error).__name__}); fetch it again") from None
        yield unpacked


def _parquet(content: BinaryIO, mapping: Mapping[str, str], platform: str | None, dates: DateReader) -> FileSource:
    try:
        file = pq.ParquetFile(content)
        columns = resolve(mapping, file.schema_arrow.names, platform)
    except (pa.ArrowException, OSError):
        raise FileError("the Parquet file is damaged or cut off; fetch it again") from None
    seen = 0

    def rows() -> Iterator[Row]:
        nonlocal seen
        try:
            for batch in file.iter_batches(PARQUET_ROWS, columns=sorted(set(columns.values()))):
                for row in _python_rows(batch):
                    seen += 1
                    yield read_row(seen, row, columns, platform, dates)
        except (pa.ArrowException, OSError):
            raise FileError(
                f"the Parquet file is damaged after row {seen}; fetch it again and run this again"
            ) from None

    return FileSource(rows(), file.metadata.num_rows, lambda: seen)


def _python_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the rows as Python values; a cell that Python cannot hold becomes UNREADABLE, which no field accepts.

    Nanoseconds are cut to microseconds: pandas writes them by default, and no post's time needs them.
    """
    columns = {
        name: column.cast(pa.timestamp("us", column.type.tz), safe=False)
        if pa.types.is_timestamp(column.type) and column.type.unit == "ns"
        else column
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    values = {name: _python_values(column) for name, column in columns.items()}
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


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


@contextmanager
def _text(
    name: str, content: BinaryIO, mapping: Mapping[str, str], platform: str | None, dates: DateReader
) -> Iterator[FileSource]:
    sample = content.read(SNIFF_BYTES)
    total = content.seek(0, io.SEEK_END)
    content.seek(0)
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileError("the file is UTF-16, not UTF-8; convert it, for example with iconv")
    if b"\x00" in sample:
        raise FileError("this is a binary file, not CSV, JSON lines or Parquet")
    if not sample.strip():
        raise FileError("the file is empty")
    if is_json(sample) or _is_named(name, "json", "jsonl", "ndjson", "js"):
        yield JsonFile(content, mapping, platform, dates, owner_beside(name, sample)).source()
        return
    with io.TextIOWrapper(content, encoding="utf-8-sig", newline="") as lines:
        yield FileSource(_decoded(_csv(lines, mapping, platform, dates)), total, content.tell)


def _decoded(rows: Iterator[Row]) -> Iterator[Row]:
    number = 0
    try:
        for row in rows:
            number = row.number
            yield row
    except UnicodeDecodeError:
        raise FileError(f"the file is not UTF-8 (near row {number + 1}); convert it, for example with iconv") from None


def _csv(lines: io.TextIOWrapper, mapping: Mapping[str, str], platform: str | None, dates: DateReader) -> Iterator[Row]:
    csv.field_size_limit(MAX_CELL)
    try:
        reader = csv.DictReader(lines)
        names = list(reader.fieldnames or [])
        if len(names) == 1 and any(separator in names[0] for separator in ";\t"):
            raise FileError("its columns are not separated by commas; write it with commas")
        columns = resolve(mapping, names, platform)
    except UnicodeDecodeError:
        raise FileError("this is no CSV in UTF-8; convert it, for example with iconv") from None
    except csv.Error as error:
        raise FileError(f"this is no CSV: {error}") from None
    return _csv_rows(reader, columns, platform, dates)


def _csv_rows(reader: Any, columns: Mapping[str, str], platform: str | None, dates: DateReader) -> Iterator[Row]:
    number = 0
    while True:
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(number, None, f"not CSV: {error}")
            continue
        if row.get(None):
            yield Row(number, None, f"has {len(row[None])} more cells than the header; quote texts that hold commas")
        else:
            yield read_row(number, row, columns, platform, dates)
