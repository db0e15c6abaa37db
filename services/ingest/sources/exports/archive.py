"""Counts what is unpacked, for progress and against archives that unpack without end."""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Final, Protocol, cast

from typing_extensions import override

from services.ingest.sources.rows import FileError

MAX_UNPACKED: Final = 16 * 2**30
"""Bytes of JSON in one export; the largest that people tell of have a few GiB, pictures apart."""
MAX_RATIO: Final = 200
"""Unpacked bytes for each packed one. JSON packs to a fifth or a twentieth; a bomb to a thousandth."""
_UNJUDGED: Final = 2**20


class ByteMeter:
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

    def __init__(self, file: IO[bytes], meter: ByteMeter, packed: int | None) -> None:
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


MAX_DIRECTORY: Final = 64 * 2**20
"""Bytes of a ZIP file's directory, which is read whole: about half a million members."""
MAX_MEMBERS: Final = 500_000
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_TAIL: Final = 65_535 + 22
_DAMAGED = "the ZIP file is damaged or cut off; fetch it again"


class Archive(Protocol):
    """The members of an export; names have forward slashes."""

    def names(self) -> list[str]:
        """Return the names of the files in it."""
        ...

    def size(self, name: str) -> int:
        """Return how many bytes a member says that it has unpacked."""
        ...

    def read(self, name: str) -> BinaryIO:
        """Open a member; raises FileError where it is locked or packed in a way that Python does not know.

        Reading it raises FileError where it is damaged or unpacks to more than any export does.
        """
        ...


class FolderArchive(Archive):
    """An unpacked export; links are not followed, so that everything read lies in the folder."""

    def __init__(self, folder: Path, meter: ByteMeter) -> None:
        """Look through the folder; raises FileError where it holds more files than any export does."""
        self._paths: dict[str, Path] = {}
        for root, _, files in os.walk(folder):
            for file in files:
                path = Path(root) / file
                if not path.is_symlink() and path.is_file():
                    self._paths[path.relative_to(folder).as_posix()] = path
                if len(self._paths) > MAX_MEMBERS:
                    raise FileError(f"the folder holds more than {MAX_MEMBERS} files; give the export's own folder")
        self._meter = meter

    @override
    def names(self) -> list[str]:
        return sorted(self._paths)

    @override
    def size(self, name: str) -> int:
        return self._paths[name].stat().st_size

    @override
    def read(self, name: str) -> BinaryIO:
        return cast("BinaryIO", MeteredFile(self._paths[name].open("rb"), self._meter, None))


class ZipArchive(Archive):
    """An export as it was downloaded."""

    def __init__(self, file: zipfile.ZipFile, meter: ByteMeter) -> None:
        """Take an open ZIP file, whose directory `zip_archive` has found to be of a sane size."""
        self._file = file
        self._members = {member.filename: member for member in file.infolist() if not member.is_dir()}
        self._meter = meter

    @override
    def names(self) -> list[str]:
        return sorted(self._members)

    @override
    def size(self, name: str) -> int:
        return self._members[name].file_size

    @override
    def read(self, name: str) -> BinaryIO:
        member = self._members[name]
        if member.flag_bits & 1:
            raise FileError("the ZIP file is locked by a password; unpack it and give the folder")
        try:
            opened = self._file.open(member)
        except NotImplementedError:
            raise FileError("the ZIP file is packed in an unusual way; unpack it and give the folder") from None
        except (zipfile.BadZipFile, OSError, EOFError):
            raise FileError(_DAMAGED) from None
        return cast("BinaryIO", MeteredFile(opened, self._meter, member.compress_size))


@contextmanager
def zip_archive(content: BinaryIO, meter: ByteMeter) -> Iterator[ZipArchive]:
    """Open a ZIP file; raises FileError where it is damaged or its directory is larger than any export's."""
    if _directory_bytes(content) > MAX_DIRECTORY:
        raise FileError("the ZIP file lists more members than any export has")
    try:
        file = zipfile.ZipFile(content)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError):
        raise FileError(_DAMAGED) from None
    with file:
        yield ZipArchive(file, meter)


def _directory_bytes(content: BinaryIO) -> int:
    """Return the size of the directory as the end of the file tells it: zipfile reads it whole before anything else."""
    length = content.seek(0, os.SEEK_END)
    content.seek(max(0, length - _TAIL))
    tail = content.read(_TAIL)
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < 22:  # noqa: PLR2004 - bytes of that record
        raise FileError(_DAMAGED)
    (size,) = struct.unpack_from("<I", tail, place + 12)
    locator = place - 20
    if locator >= 0 and tail.startswith(_LOCATOR_64, locator):
        (offset,) = struct.unpack_from("<Q", tail, locator + 8)
        if offset > length:
            raise FileError(_DAMAGED)
        content.seek(offset)
        record = content.read(56)
        if len(record) < 56 or not record.startswith(_END_64):  # noqa: PLR2004 - bytes of that record
            raise FileError(_DAMAGED)
        (size,) = struct.unpack_from("<Q", record, 40)
    content.seek(0)
    return int(size)
