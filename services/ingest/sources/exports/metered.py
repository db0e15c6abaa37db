"""Counts what is unpacked, for progress and against archives that unpack without end."""

import io
import zipfile
import zlib
from typing import IO, Final

from services.ingest.sources.rows import FileError

MAX_UNPACKED: Final = 16 * 2**30
"""Bytes of JSON in one export; the largest that people tell of have a few GiB, pictures apart."""
MAX_RATIO: Final = 200
"""Unpacked bytes for each packed one. JSON packs to a fifth or a twentieth; a bomb to a thousandth."""
_UNJUDGED: Final = 2**20


class Meter:
    """Adds up the bytes read from all members."""

    def __init__(self) -> None:
        """Start at 0."""
        self.bytes = 0

    def add(self, count: int) -> None:
        """Count; raises FileError past MAX_UNPACKED."""
        self.bytes += count
        if self.bytes > MAX_UNPACKED:
            raise FileError(f"the export unpacks to more than {MAX_UNPACKED >> 30} GiB of JSON; this is no export")


class MeteredFile(io.RawIOBase):
    """A member being read; `packed` is its size in the archive, None where it is not packed."""

    def __init__(self, file: IO[bytes], meter: Meter, packed: int | None) -> None:
        """Own `file`: it is closed with this."""
        self._file = file
        self._meter = meter
        self._packed = packed
        self._count = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read1(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; raises FileError where the archive is damaged or unpacks too far."""
        return self.read(size)

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, 64 KiB where none is said; raises FileError as `read1` does."""
        try:
            read = self._file.read(size if size >= 0 else 65536)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError):
            raise FileError("the export is damaged or cut off; fetch it again") from None
        self._count += len(read)
        self._meter.add(len(read))
        if self._packed is not None and self._count > _UNJUDGED + MAX_RATIO * self._packed:
            raise FileError(
                f"a part of the ZIP file unpacks to more than {MAX_RATIO} times its size; this is no export"
            )
        return read

    def close(self) -> None:
        """Close the member too."""
        self._file.close()
        super().close()
