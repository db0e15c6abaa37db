"""The SQLite database behind its threads."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from shared import sqlite
from shared.errors import OverloadedError
from shared.sqlite import SqliteDatabase, open_sqlite

SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS replies (note INTEGER REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED);
"""
PATIENCE = 30.0
"""Seconds after which a thread that nobody wakes gives up; no test waits so long."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file in a folder that is not there yet."""
    return tmp_path / "folder" / "notes.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[SqliteDatabase]:
    """Return an empty database."""
    async with open_sqlite(path, SCHEMA) as opened:
        yield opened


def _add(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO notes (text) VALUES ('a note')")


def _count(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("SELECT count(*) FROM notes").fetchone()[0]
    return found


async def test_a_write_that_raises_keeps_nothing(database: SqliteDatabase) -> None:
    """The error reaches the caller, nothing of the work stays, and the next write goes well."""

    def half(connection: sqlite3.Connection) -> None:
        _add(connection)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(half)
    assert await database.read(_count) == 0
    await database.write(_add)
    assert await database.read(_count) == 1


async def test_a_commit_that_fails_keeps_nothing(database: SqliteDatabase) -> None:
    """A rule that is checked at the end undoes the whole work and blocks no later write."""

    def orphan(connection: sqlite3.Connection) -> None:
        _add(connection)
        connection.execute("INSERT INTO replies (note) VALUES (999)")

    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        await database.write(orphan)
    await database.write(_add)
    assert await database.read(_count) == 1


async def test_a_transaction_that_sqlite_ended_gives_the_first_error(database: SqliteDatabase) -> None:
    """Where SQLite rolled back by itself, the caller sees why, not that nothing was left to roll back."""

    def rolled_back(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO notes (id, text) VALUES (1, 'a')")
        connection.execute("INSERT OR ROLLBACK INTO notes (id, text) VALUES (1, 'b')")

    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        await database.write(rolled_back)
    assert await database.read(_count) == 0


async def test_writes_at_once_follow_one_another(database: SqliteDatabase) -> None:
    """Work that reads and then writes loses no step to its neighbours, and is done in the order of its coming."""

    def next_number(connection: sqlite3.Connection) -> int:
        number = _count(connection) + 1
        connection.execute("INSERT INTO notes (id, text) VALUES (?, 'a note')", (number,))
        return number

    numbers = await asyncio.gather(*(database.write(next_number) for _ in range(25)))
    assert numbers == list(range(1, 26))


async def test_a_write_keeps_other_writers_out_from_its_beginning(database: SqliteDatabase, path: Path) -> None:
    """Between what a write reads and what it writes, another process's writer has to wait."""

    def let_another_try(connection: sqlite3.Connection) -> None:
        _count(connection)
        with (
            closing(sqlite3.connect(path, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            _add(other)
        _add(connection)

    await database.write(let_another_try)
    assert await database.read(_count) == 1


async def test_a_read_sees_one_snapshot_and_holds_no_write_up(database: SqliteDatabase) -> None:
    """What is committed during a read shows in the next one alone."""
    counted, go_on = threading.Event(), threading.Event()

    def count_twice(connection: sqlite3.Connection) -> tuple[int, int]:
        first = _count(connection)
        counted.set()
        go_on.wait(PATIENCE)
        return first, _count(connection)

    reading = asyncio.create_task(database.read(count_twice))
    await asyncio.to_thread(counted.wait, PATIENCE)
    await database.write(_add)
    go_on.set()
    assert await reading == (0, 0)
    assert await database.read(_count) == 1


async def test_more_than_may_wait_is_refused_and_what_waits_goes_well(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue of writers is bounded: past it the caller is told to come back, and readers are not affected."""
    monkeypatch.setattr(sqlite, "MOST_WAITING", 3)
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        begun.set()
        go_on.wait(PATIENCE)
        _add(connection)

    writing = [asyncio.create_task(database.write(slow)) for _ in range(3)]
    await asyncio.to_thread(begun.wait, PATIENCE)
    with pytest.raises(OverloadedError) as refused:
        await database.write(_add)
    assert refused.value.retry_after >= 1
    assert await database.read(_count) == 0
    go_on.set()
    await asyncio.gather(*writing)
    await database.write(_add)
    assert await database.read(_count) == 4


async def test_a_file_that_another_process_keeps_is_a_reason_to_come_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer elsewhere that does not let go in time is no fault of this process: 503, not 500."""
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.0)
    async with open_sqlite(path, SCHEMA) as database:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(OverloadedError, match="another process"):
                await database.write(_add)
            other.execute("ROLLBACK")
        await database.write(_add)
        assert await database.read(_count) == 1


async def test_a_read_changes_nothing(database: SqliteDatabase) -> None:
    """What a read writes by mistake is rolled back."""
    await database.read(_add)
    assert await database.read(_count) == 0


async def test_a_read_that_raises_leaves_the_reader_usable(database: SqliteDatabase) -> None:
    """Errors of reads reach their callers, more of them than there are readers."""
    for _ in range(5):
        with pytest.raises(sqlite3.OperationalError):
            await database.read(lambda connection: connection.execute("SELECT nothing FROM nowhere"))
    assert await database.read(_count) == 0


async def test_what_was_written_is_there_after_reopening(path: Path) -> None:
    """Opening makes the folder and the file, and opening again keeps what is in it."""
    async with open_sqlite(path, SCHEMA) as first:
        await first.write(_add)
    async with open_sqlite(path, SCHEMA) as second:
        assert await second.read(_count) == 1


async def test_two_processes_of_one_file_do_not_lock_each_other_out(path: Path) -> None:
    """Writers with connections of their own, as two replicas have, wait for one another."""
    async with open_sqlite(path, SCHEMA) as one, open_sqlite(path, SCHEMA) as other:
        await asyncio.gather(*(database.write(_add) for database in (one, other) * 10))
        assert await one.read(_count) == await other.read(_count) == 20


async def test_a_cancelled_callers_transaction_finishes(database: SqliteDatabase) -> None:
    """Who stops waiting does not stop the work: it is kept whole."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        _add(connection)
        begun.set()
        go_on.wait(PATIENCE)
        _add(connection)

    writing = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(begun.wait, PATIENCE)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    go_on.set()
    assert await database.write(_count) == 2


async def test_closing_waits_for_what_was_begun(path: Path) -> None:
    """Leaving the database right after a cancelled write loses nothing of it."""
    begun = threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        begun.set()
        _add(connection)

    async with open_sqlite(path, SCHEMA) as database:
        writing = asyncio.create_task(database.write(slow))
        await asyncio.to_thread(begun.wait, PATIENCE)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    async with open_sqlite(path, SCHEMA) as database:
        assert await database.read(_count) == 1


async def test_what_is_written_is_durable(database: SqliteDatabase) -> None:
    """The journal is a write-ahead log, every commit is synced, foreign keys are on, what is deleted is overwritten."""

    def pragmas(connection: sqlite3.Connection) -> list[str | int]:
        names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await database.write(pragmas) == await database.read(pragmas) == ["wal", 2, 1, 1]
