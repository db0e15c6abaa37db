"""Files that are packed: gzip is unpacked and checked whole before a row is read, other kinds are named."""

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from services.ingest.sources.rows import FileError

GZIP: Final = b"\x1f\x8b"
MOST_RATIO: Final = 200
"""Unpacked bytes for each packed one. Tables and JSON pack to a fifth or a fiftieth; a bomb to a thousandth."""
UNJUDGED_BYTES: Final = 16 * 2**20
_CHUNK: Final = 2**20
_OTHERS: Final = {
    b"\xd0\xcf\x11\xe0": "an Excel workbook; save it as CSV UTF-8",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it first, or pack it by gzip",
    b"\xfd7zXZ": "packed by xz; unpack it first, or pack it by gzip",
    b"BZh": "packed by bzip2; unpack it first, or pack it by gzip",
    b"7z\xbc\xaf": "packed by 7-Zip; unpack it first, or pack it by gzip",
    GZIP: "packed twice by gzip; unpack it once",
    b"ARROW1": "an Arrow or Feather file; write it as Parquet",
    b"Obj\x01": "an Avro file; write it as Parquet",
    b"ORC": "an ORC file; write it as Parquet",
    b"SQLite format 3": "a SQLite database; export its table as CSV",
    b"%PDF": "a PDF; export the table as CSV",
}


def refuse_others(start: bytes) -> None:
    """Raise FileError where a file that begins with `start` is of a known kind that holds no posts to be read."""
    for mark, kind in _OTHERS.items():
        if start.startswith(mark):
            raise FileError(f"this is {kind}")


@contextmanager
def unpacked(raw: BinaryIO) -> Iterator[BinaryIO]:
    """Unpack gzip to a file that is gone with the process, in little memory.

    Raises FileError where it is damaged, cut off, or unpacks to more than MOST_RATIO times its size: not one row of
    it is read then, since a flipped bit may have changed any of them.
    """
    size = raw.seek(0, 2)
    raw.seek(0)
    most = UNJUDGED_BYTES + MOST_RATIO * size
    with tempfile.TemporaryFile() as content:
        count = 0
        for chunk in _chunks(raw):
            count += len(chunk)
            if count > most:
                raise FileError(
                    f"the gzip file unpacks to more than {MOST_RATIO} times its size; if it is what it should be, "
                    "unpack it first"
                )
            content.write(chunk)
        content.seek(0)
        yield content


def _chunks(raw: BinaryIO) -> Iterator[bytes]:
    count = 0
    with gzip.GzipFile(fileobj=raw) as packed:
        while True:
            try:
                chunk = packed.read1(_CHUNK)
            except EOFError:
                raise FileError(_told("cut off", count)) from None
            except (gzip.BadGzipFile, zlib.error, ValueError):
                raise FileError(_told("damaged", count)) from None
            if not chunk:
                return
            count += len(chunk)
            yield chunk


def _told(fault: str, count: int) -> str:
    return f"the gzip file is {fault} after {count} bytes of what it holds, and no row of it was read; fetch it again"
