"""What a SQLite file cannot do: nothing is half-written, it is said in a sentence, and it is over when it is over."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from shared.documents.collection import Collection, Document, Index
from shared.documents.sqlite import SqliteDocuments, schema_of
from shared.errors import SettingsError, StoreFaultError
from shared.sqlite import SqliteDatabase, open_sqlite
from shared.sqlite_condition import FileCondition

SCHEMA = "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)"
LONG = "a private text " * 20_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the place of a file."""
    return tmp_path / "notes.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[SqliteDatabase]:
    """Return a database of one note."""
    async with open_sqlite(path, SCHEMA) as opened:
        await opened.write(lambda connection: _add(connection, "a note"))
        yield opened


def _add(connection: sqlite3.Connection, text: str = LONG) -> None:
    connection.execute("INSERT INTO notes (text) VALUES (?)", (text,))


async def count(database: SqliteDatabase) -> int:
    """Return how many notes there are."""
    return int(await database.read(lambda c: c.execute("SELECT count(*) FROM notes").fetchone()[0]))


async def fill(database: SqliteDatabase) -> None:
    """Let the file grow no more, as on a full disk."""
    await database.write(lambda c: c.execute("PRAGMA max_page_count = 1").fetchone())


async def empty(database: SqliteDatabase) -> None:
    """Let it grow again."""
    await database.write(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())


async def test_a_full_disk_is_said_and_over_when_there_is_room(
    database: SqliteDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is half-written, readiness says so until there is room, the log has SQLite's name and no text."""
    await database.check_ready()
    await fill(database)
    for _ in range(2):
        with pytest.raises(StoreFaultError, match=r"full: make room there \(SQLITE_FULL\)"):
            await database.write(_add)
        with pytest.raises(StoreFaultError, match="SQLITE_FULL"):
            await database.check_ready()
    assert await count(database) == 1
    await empty(database)
    await database.check_ready()
    await database.write(_add)
    assert await count(database) == 2
    said = capsys.readouterr().out
    assert said.count("store.fault") == 1
    assert "error=SQLITE_FULL" in said
    assert said.count("store.recovered") == 1
    assert "private" not in said


async def test_a_write_that_goes_well_ends_the_fault_too(database: SqliteDatabase) -> None:
    """Without anyone asking for readiness; one that changed nothing proves nothing."""
    await fill(database)
    with pytest.raises(StoreFaultError):
        await database.write(_add)
    await database.write(lambda c: c.execute("DELETE FROM notes WHERE id < 0"))
    assert not database.condition.is_proven
    await empty(database)
    await database.write(_add)
    assert database.condition.is_proven


async def test_an_idle_file_is_tried(database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that filled up while nothing was written is noticed by readiness."""
    await fill(database)
    await database.check_ready()
    monkeypatch.setattr("shared.sqlite_condition.PROBE_SECONDS", 0.0)
    with pytest.raises(StoreFaultError, match="SQLITE_FULL"):
        await database.check_ready()


async def test_a_file_that_may_not_be_written_is_said(database: SqliteDatabase) -> None:
    """With what to do; reading goes on."""
    await database.write(lambda c: c.execute("SELECT 1"))
    await database._writer.run(lambda: database._connection().execute("PRAGMA query_only = ON"))
    with pytest.raises(StoreFaultError, match=r"cannot be written: let the service's user .*SQLITE_READONLY"):
        await database.write(_add)
    assert await count(database) == 1
    await database._writer.run(lambda: database._connection().execute("PRAGMA query_only = OFF"))
    await database.check_ready()


async def test_a_fault_within_a_transaction_of_statements_is_said(path: Path) -> None:
    """What its statements raise reaches the caller as a sentence, and nothing of the transaction stays."""
    notes = Collection("notes", {"place": str}, (Index(("place",)),))
    async with open_sqlite(path, schema_of((notes,))) as database:
        documents = SqliteDocuments(database, (notes,))
        await fill(database)

        async def both() -> None:
            async def work(operations: object) -> None:
                assert isinstance(operations, type(documents).__mro__[1])
                await operations.insert(notes, Document("small", "text"))  # type: ignore[attr-defined]
                await operations.insert(notes, Document("large", LONG))  # type: ignore[attr-defined]

            await documents.transaction(work)

        with pytest.raises(StoreFaultError, match="SQLITE_FULL"):
            await both()
        assert await documents.get(notes, "small") is None
        await empty(database)
        await both()
        assert len(await documents.get_all(notes, ["small", "large"])) == 2


@pytest.fixture
def damaged(path: Path) -> Path:
    """Return a file whose index has no entries any more."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(SCHEMA)
        connection.executemany("INSERT INTO notes (text) VALUES (?)", [(LONG[:3000],)] * 100)
        connection.execute("CREATE INDEX by_text ON notes (text)")
        connection.commit()
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'by_text'").fetchone()[0]
    content = bytearray(path.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = bytes(4096)
    path.write_bytes(content)
    return path


async def test_damage_is_found_beside_the_work(
    damaged: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start does not wait for the check; what it found is logged, and the file is not ready from then on."""
    looked, may_look = threading.Event(), threading.Event()
    look = FileCondition.look_for_damage

    def looking(condition: FileCondition, stop: threading.Event) -> None:
        may_look.wait(60)
        look(condition, stop)
        looked.set()

    monkeypatch.setattr(FileCondition, "look_for_damage", looking)
    async with open_sqlite(damaged, SCHEMA) as database:
        await database.check_ready()
        may_look.set()
        await asyncio.to_thread(looked.wait, 60)
        assert await count(database) == 100
        for _ in range(2):
            with pytest.raises(StoreFaultError, match="damaged: stop the service and restore a backup"):
                await database.check_ready()
    said = capsys.readouterr().out
    assert "quick_check" in said
    assert "private" not in said


@pytest.mark.parametrize("content", [b"SQLite format 3\x00" + b"\xff" * 9000, b"no database " * 1000])
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    """With a sentence that names it; it stays as it is."""
    path.write_bytes(content)

    async def open_it() -> None:
        async with open_sqlite(path, SCHEMA):
            raise AssertionError

    with pytest.raises(SettingsError, match=rf"{path.name} cannot be opened .*restore"):
        asyncio.run(open_it())
    assert path.read_bytes() == content


async def test_a_log_that_was_removed_is_noticed(database: SqliteDatabase, path: Path) -> None:
    """What stands in it is not lost where the service ends in the ordinary way."""
    await database.write(_add)
    path.with_name("notes.db-wal").unlink()
    with pytest.raises(StoreFaultError, match="write-ahead log"):
        await database.check_ready()
    await asyncio.to_thread(database.close)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM notes").fetchone()[0] == 2


def test_other_errors_stay_what_they_are(path: Path) -> None:
    """A wrong statement or a duplicate is no fault of the file."""
    condition = FileCondition(path)
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(sqlite3.Error) as wrong:
        connection.execute("SELECT nothing")
    assert condition.told(wrong.value) is wrong.value
    assert condition.is_proven


_CHILD = """
import asyncio, resource, sys
from pathlib import Path
from shared.errors import StoreFaultError
from shared.sqlite import open_sqlite

SCHEMA = "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)"

async def main(path):
    async with open_sqlite(path, SCHEMA) as one:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        write = lambda: one.write(lambda c: c.execute("INSERT INTO notes (text) VALUES (?)", ("x" * 300_000,)))
        try:
            await write()
        except StoreFaultError as error:
            print(error.detail)
        try:
            await one.check_ready()
            print("ready")
        except StoreFaultError as error:
            print("not ready")
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await one.check_ready()
        await write()
        print(await one.read(lambda c: c.execute("SELECT count(*) FROM notes").fetchone()[0]))

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_disk_that_refuses_writes_is_said_and_over(path: Path) -> None:
    """A real error of writing, in a process that may write no large file."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _CHILD, str(path)]
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=True,
    )
    told = [line for line in done.stdout.splitlines() if "store." not in line]
    assert "fails: look at the disk" in told[0]
    assert "SQLITE_IOERR" in told[0]
    assert told[1:] == ["not ready", "1"]
