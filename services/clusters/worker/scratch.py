"""Tables on disk for as long as a computation needs them, in a folder that its owner alone can read."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Self

import pyarrow as pa

from shared.private_files import make_folder


@dataclass(frozen=True)
class Scratch:
    """A folder of this process; its name is this process's own. `dead` are the names of those that left theirs."""

    folder: Path
    dead: tuple[str, ...]


@contextmanager
def open_scratch(root: Path) -> Iterator[Scratch]:
    """Yield a fresh folder (mode 0700) below `root`, gone at the end; remove those of processes that died.

    A folder is locked for as long as its process lives, so what is not locked has no owner any more. Raises OSError.
    """
    make_folder(root)
    with _locked(root):  # a folder is made and locked as one step, or another start would take it for left behind
        dead = _swept(root)
        folder = Path(tempfile.mkdtemp(dir=root))
        own = _lock(folder)
    try:
        yield Scratch(folder, dead)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(own)


class TableFile:
    """A table on disk: written part by part, read memory-mapped, also by another process of this machine."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is made by the first part."""
        self.path = path
        self.rows = 0
        self._writer: Any = None
        self._sink: Any = None
        self._writes = Lock()
        self._ended = False

    def append(self, table: pa.Table) -> None:
        """Write a part; raises pyarrow's ArrowInvalid where its columns are not those of the first, OSError.

        A part that comes after the end, from a thread whose caller was cancelled, is dropped.
        """
        with self._writes:
            if self._ended:
                return
            if self._writer is None:
                self._sink = pa.OSFile(str(self.path), "wb")
                self._writer = pa.ipc.new_stream(self._sink, table.schema)
            self._writer.write_table(table)
            self.rows += len(table)

    def close(self) -> Self:
        """End the file, which can be read from now on; nothing where it was ended."""
        with self._writes:
            self._ended = True
            if self._writer is not None:
                self._writer.close()
                self._sink.close()
                self._writer = self._sink = None
        return self

    def read(self) -> pa.Table:
        """Return the table, its columns on the disk until they are touched; it stays so when the file is removed."""
        with pa.ipc.open_stream(pa.memory_map(str(self.path))) as stream:
            return stream.read_all()

    def __reduce__(self) -> tuple[type["TableFile"], tuple[Path]]:
        """Go to another process as the name of the file."""
        return TableFile, (self.path,)


def _swept(root: Path) -> tuple[str, ...]:
    dead = []
    for left in root.iterdir():
        with suppress(OSError):  # locked: its process lives; no folder, or not ours: not for us to remove
            lock = _lock(left)
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)
            dead.append(left.name)
    return tuple(dead)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _lock(folder: Path) -> int:
    """Lock a folder and return the descriptor that holds the lock; raises OSError where another process has it."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock
