"""Posts from a file: CSV, JSON or Parquet, gzip too, `-` for standard input; and exports of networks."""

import contextlib
import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from services.ingest.sources.dates import DateReader
from services.ingest.sources.exports.meta_export import ZIP, open_export
from services.ingest.sources.layouts.archive_owner import owner_beside
from services.ingest.sources.layouts.json_file import open_json
from services.ingest.sources.layouts.json_values import is_json
from services.ingest.sources.packed import GZIP, refuse_others, unpacked
from services.ingest.sources.rows import FileError, FileSource
from services.ingest.sources.tables.csv_file import CsvFile
from services.ingest.sources.tables.parquet_file import ParquetRows
from services.ingest.sources.tables.rounded_ids import without_rounded
from services.ingest.sources.tables.text_encoding import TextEncoding, text_encoding

SNIFF_BYTES: Final = 65536
_PARQUET: Final = b"PAR1"
_UTF_8: Final = ("utf-8", "utf-8-sig")
_WORKBOOKS: Final = (b"[Content_Types].xml", b"opendocument.spreadsheet")
"""Names in the ZIP files that spreadsheets are."""


@contextmanager
def open_file(
    name: str,
    mapping: Mapping[str, str],
    platform: str | None,
    stdin: BinaryIO,
    dates: DateReader | None = None,
    *,
    has_header: bool = True,
    encoding: str | None = None,
) -> Iterator[FileSource]:
    """Open a file by its content, whatever its name; a folder or ZIP file is an export, which needs no mapping.

    `dates` reads its dates and counts those without a time zone; without it they are UTC.
    Without a header a CSV file's columns are numbers from 1; `encoding` names a text's, else it is told from its bytes.

    Raises FileError where it is of no kind that is known or not whole, ColumnError where a column is missing, OSError
    where it cannot be opened. A row that is wrong in itself is yielded with its reason and never spoils its neighbours.
    """
    dates = dates or DateReader()
    with contextlib.ExitStack() as stack:
        if name != "-" and Path(name).is_dir():
            yield stack.enter_context(open_export(Path(name), platform))
            return
        content = stack.enter_context(_seekable(stdin) if name == "-" else _opened(name))
        if content.read(len(GZIP)) == GZIP:
            content = stack.enter_context(unpacked(content))
        content.seek(0)
        sample = content.read(SNIFF_BYTES)
        content.seek(0)
        if sample.startswith(ZIP):
            if any(mark in sample for mark in _WORKBOOKS):
                raise FileError("this is a workbook of a spreadsheet; save it as CSV UTF-8")
            yield stack.enter_context(open_export(content, platform))
            return
        refuse_others(sample)
        if sample.startswith(_PARQUET):
            if not has_header:
                raise FileError("--no-header is for CSV; in Parquet columns have names")
            source = ParquetRows(content, mapping, platform, dates).source()
        elif _is_named(name, "parquet"):
            raise FileError("this is not a Parquet file: it lacks the mark PAR1 at its start; fetch it again")
        elif not sample.strip():
            raise FileError("the file is empty")
        else:
            told = TextEncoding("utf-8") if encoding is None and is_json(sample) else text_encoding(content, encoding)
            if told.name not in _UTF_8:
                content = stack.enter_context(_as_utf_8(content, told.name))
            source = _text(stack, name, content, told.note, mapping, platform, dates, has_header=has_header)
        yield replace(source, rows=without_rounded(source.rows))


def _is_named(name: str, *kinds: str) -> bool:
    return name.lower().removesuffix(".gz").endswith(tuple(f".{kind}" for kind in kinds))


def _opened(name: str) -> BinaryIO:
    return Path(name).open("rb")


@contextmanager
def _seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Spool standard input to a file: what it is shows only in its content."""
    with tempfile.TemporaryFile() as spooled:
        shutil.copyfileobj(stream, spooled)
        spooled.seek(0)
        yield spooled


def _text(
    stack: contextlib.ExitStack,
    name: str,
    content: BinaryIO,
    note: str,
    mapping: Mapping[str, str],
    platform: str | None,
    dates: DateReader,
    *,
    has_header: bool,
) -> FileSource:
    """Return the rows of JSON or CSV in UTF-8; `note` tells how it was decoded."""
    sample = content.read(SNIFF_BYTES)
    content.seek(0)
    if is_json(sample) or _is_named(name, "json", "jsonl", "ndjson", "js"):
        if not has_header:
            raise FileError("--no-header is for CSV; in JSON the fields have names")
        source = open_json(content, mapping, platform, dates, owner_beside(name, sample))
        return replace(source, notes=lambda: [*filter(None, [note]), *source.notes()])
    lines = io.TextIOWrapper(content, "utf-8-sig", errors="surrogateescape", newline="")
    stack.callback(lines.detach)
    return CsvFile(lines, note, mapping, platform, dates, has_header=has_header).source()


@contextmanager
def _as_utf_8(content: BinaryIO, encoding: str) -> Iterator[BinaryIO]:
    """Decode to a file first: a damaged UTF-16 file is known before a row is sent, since it cannot be read on."""
    with tempfile.TemporaryFile() as spooled:
        text = io.TextIOWrapper(content, encoding, errors="surrogateescape", newline="")
        try:
            while chunk := text.read(2**20):
                spooled.write(chunk.encode("utf-8", "surrogateescape"))
        except UnicodeError:
            raise FileError(
                f"the file is not whole in {encoding.upper()}: fetch it again, or name its encoding by --encoding"
            ) from None
        finally:
            text.detach()
        spooled.seek(0)
        yield spooled
