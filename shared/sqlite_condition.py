"""The condition of a SQLite file: what it cannot do just now, in sentences with a remedy, and whether it is damaged."""

import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import structlog

from shared.errors import OverloadedError, StoreFaultError
from shared.private_files import close_to_others, make_file, make_folder

PROBE_SECONDS: Final = 30.0
PROBE_BYTES: Final = 65536
CHECK_SECONDS: Final = 60.0
"""For how long a file is looked through for damage at start."""
_CHECK_STEPS: Final = 10_000
_MOST_FOUND: Final = 200
_PRIMARY: Final = 0xFF
_IN_THE_WAY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_LET: Final = "let the service's user write to it and to its folder"
_RESTORE: Final = "stop the service and restore a backup (docs/operating.md)"
_SENTENCES: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_FULL: "the disk that the store's file is on is full: make room there",
    sqlite3.SQLITE_READONLY: f"the store's file cannot be written: {_LET}",
    sqlite3.SQLITE_PERM: f"the store's file may not be used: {_LET}",
    sqlite3.SQLITE_CANTOPEN: f"the store's file cannot be opened: {_LET}, and look at the disk's free space",
    sqlite3.SQLITE_IOERR: "the disk that the store's file is on fails: look at the disk, at its free space and quota",
    sqlite3.SQLITE_NOMEM: "the service is out of memory: give it more",
    sqlite3.SQLITE_PROTOCOL: "the store's file cannot be locked: put it on a disk of this machine, not on a network",
    sqlite3.SQLITE_CORRUPT: f"the store's file is damaged: {_RESTORE}",
    sqlite3.SQLITE_NOTADB: f"the store's file is no database: {_RESTORE}",
}
_LOG_REMOVED: Final = (
    "the store's write-ahead log (-wal) was removed while the service ran: stop the service in the ordinary way, which "
    "writes what is in it to the file, and start it again"
)

log = structlog.get_logger(__name__)


class FileCondition:
    """What is known of one file; safe to use from the threads of its database.

    A fault is remembered until something was written again, so that readiness tells of it; damage until the process
    ends, since writing on makes it worse. Each is logged once, by SQLite's name of the error.
    """

    def __init__(self, path: Path) -> None:
        """Begin without a fault."""
        self._path = path
        self._fault: StoreFaultError | None = None
        self._wrote_at = time.monotonic()
        self._log: tuple[int, int] | None = None

    @property
    def is_proven(self) -> bool:
        """Tell whether the file was written lately, and nothing failed since."""
        return self._fault is None and time.monotonic() - self._wrote_at < PROBE_SECONDS

    def prepare(self) -> bool:
        """Make the file, or close it to others; tell whether it was there. Raises OSError.

        The logs that SQLite keeps beside it get the file's own mode.
        """
        is_known = self._path.exists()
        make_folder(self._path.parent)
        make_file(self._path)
        for name in ("-wal", "-shm"):
            close_to_others(self._path.with_name(self._path.name + name))
        return is_known

    def opened(self) -> None:
        """Remember the write-ahead log, which stays the same one as long as the file is open."""
        self._log = _identity_of_log(self._path)

    def wrote(self) -> None:
        """Say that something was written, durably."""
        self._wrote_at = time.monotonic()
        if self._fault is not None and not self._fault.lasts:
            self._fault = None
            log.info("store.recovered", file=self._path.name)

    def told(self, error: sqlite3.Error) -> Exception:
        """Return what to raise for an error of SQLite: the error itself where it is not the file's or its disk's."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
        if code in _IN_THE_WAY:
            return OverloadedError("another process keeps the store; send this again")
        if code not in _SENTENCES:
            return error
        name = error.sqlite_errorname
        sentence = f"{_SENTENCES[code]} ({name}); nothing of this was kept"
        return self._found(StoreFaultError(sentence, lasts=code in _DAMAGED), error=name)

    def check(self) -> None:
        """Raise StoreFaultError where there is damage, or the write-ahead log was taken away."""
        if self._log is not None and self._log != _identity_of_log(self._path):
            self._found(StoreFaultError(_LOG_REMOVED, lasts=True), error="the write-ahead log was removed")
        if self._fault is not None and self._fault.lasts:
            raise self._fault

    def look_for_damage(self, stop: threading.Event) -> None:
        """Have SQLite look through the file's structure, for a minute at most or until `stop`; blocks."""
        try:
            found = _quick_check(self._path, stop)
        except sqlite3.Error as error:
            self.told(error)
            return
        if found not in {None, "ok"}:
            fault = StoreFaultError(f"{_SENTENCES[sqlite3.SQLITE_CORRUPT]}; a check of it found that", lasts=True)
            self._found(fault, error="quick_check", found=found)
        elif found is None and not stop.is_set():
            log.info("store.check_unfinished", file=self._path.name)

    def _found(self, fault: StoreFaultError, **told: str | None) -> StoreFaultError:
        if self._fault is None or (fault.lasts and not self._fault.lasts):
            self._fault = fault
            log.error("store.fault", file=self._path.name, **told)
        return fault


def probe(connection: sqlite3.Connection) -> None:
    """Write some pages, which a full disk does not let; to be taken out by `unprobe`, in a transaction of its own."""
    connection.execute("CREATE TABLE IF NOT EXISTS probe (body BLOB)")
    connection.execute("INSERT INTO probe VALUES (zeroblob(?))", (PROBE_BYTES,))


def unprobe(connection: sqlite3.Connection) -> None:
    """Take out what `probe` wrote."""
    connection.execute("DROP TABLE IF EXISTS probe")


def _identity_of_log(path: Path) -> tuple[int, int] | None:
    """Return what tells the write-ahead log of a file from another one of its name; None where there is none."""
    try:
        found = path.with_name(f"{path.name}-wal").stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _quick_check(path: Path, stop: threading.Event) -> str | None:
    """Return what SQLite finds first, "ok" for nothing; None where the time was over."""
    deadline = time.monotonic() + CHECK_SECONDS
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.set_progress_handler(lambda: stop.is_set() or time.monotonic() > deadline, _CHECK_STEPS)
        try:
            return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])[:_MOST_FOUND]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
