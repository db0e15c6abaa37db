"""The schema of an SQLite file: brought up once, whole or not at all; and what a checkpoint leaves."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from shared import sqlite
from shared.errors import SettingsError
from shared.sqlite import Statement, open_sqlite

OLD = "CREATE TABLE notes (text TEXT)"
SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS notes_by_text ON notes (text)
"""
SECRET = b"a-word-nobody-else-writes"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a file may be."""
    return tmp_path / "notes.db"


@pytest.fixture
def old(path: Path) -> Path:
    """Return a file of version 0 with two notes."""
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(OLD)
        file.execute("INSERT INTO notes VALUES ('one'), ('two')")
    return path


def number(connection: sqlite3.Connection) -> None:
    """Give notes ids: from version 0 to 1."""
    connection.execute("ALTER TABLE notes RENAME TO before")
    connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    connection.execute("INSERT INTO notes (text) SELECT text FROM before ORDER BY text")
    connection.execute("DROP TABLE before")


def shout(connection: sqlite3.Connection) -> None:
    """Put notes in capitals: from version 1 to 2."""
    connection.execute("UPDATE notes SET text = upper(text) || '!'")


def fail(connection: sqlite3.Connection) -> None:
    """Do half of something and fail."""
    connection.execute("DELETE FROM notes")
    raise sqlite3.IntegrityError("half done")


MIGRATIONS: Sequence[Statement[None]] = (number, shout)


def state(path: Path) -> tuple[int, list[str]]:
    """Return the version and the notes of a file."""
    with closing(sqlite3.connect(path)) as file:
        version = file.execute("PRAGMA user_version").fetchone()[0]
        return version, [row[0] for row in file.execute("SELECT text FROM notes ORDER BY 1")]


def write_letter(path: Path) -> None:
    """Put something else in the place of a database."""
    path.write_bytes(b"no database, but a letter" * 100)


def content(path: Path) -> bytes:
    """Return every byte of a file."""
    return path.read_bytes()


async def test_a_new_file_has_the_version_of_today(path: Path) -> None:
    """It is made by the schema alone: no migration runs, and none runs later."""
    for _ in range(2):
        async with open_sqlite(path, SCHEMA, (fail, fail)):
            pass
    assert state(path) == (2, [])


async def test_an_old_file_goes_step_by_step(old: Path) -> None:
    """Each migration runs once, in order, before the schema of today."""
    async with open_sqlite(old, SCHEMA, MIGRATIONS[:1]):
        pass
    assert state(old) == (1, ["one", "two"])
    for _ in range(2):
        async with open_sqlite(old, SCHEMA, MIGRATIONS):
            pass
        assert state(old) == (2, ["ONE!", "TWO!"])


async def test_a_migration_that_fails_leaves_the_file_as_it_was(old: Path) -> None:
    """Not even the steps before it stay, and the next opening begins again."""
    with pytest.raises(SettingsError, match="half done"):
        async with open_sqlite(old, SCHEMA, (number, fail)):
            pass
    assert state(old) == (0, ["one", "two"])
    async with open_sqlite(old, SCHEMA, MIGRATIONS):
        pass
    assert state(old) == (2, ["ONE!", "TWO!"])


async def test_those_who_open_a_file_at_once_bring_it_up_once(old: Path) -> None:
    """The first runs the migrations, the others find them done."""

    async def opened() -> int:
        async with open_sqlite(old, SCHEMA, MIGRATIONS) as database:
            return await database.read(lambda c: int(c.execute("PRAGMA user_version").fetchone()[0]))

    assert await asyncio.gather(*(opened() for _ in range(6))) == [2] * 6
    assert state(old) == (2, ["ONE!", "TWO!"])


async def test_a_file_of_a_later_version_is_refused_untouched(old: Path) -> None:
    """The sentence names both versions and what to do."""
    with closing(sqlite3.connect(old)) as file, file:
        file.execute("PRAGMA user_version = 3")
    with pytest.raises(SettingsError, match=r"schema 3, known are up to 2\): install that version, or restore"):
        async with open_sqlite(old, SCHEMA, MIGRATIONS):
            pass
    assert state(old) == (3, ["one", "two"])


async def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """A sentence tells which file and what to do; the file stays as it is."""
    write_letter(path)
    with pytest.raises(SettingsError, match=r"notes\.db cannot be opened .* move the file away"):
        async with open_sqlite(path, SCHEMA):
            pass
    assert content(path).startswith(b"no database")


async def test_a_file_that_another_process_keeps_is_refused(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever cannot have the file to bring it up in time says so, and nothing changes."""
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.0)
    async with open_sqlite(old, SCHEMA, MIGRATIONS[:1]):
        pass
    with closing(sqlite3.connect(old, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SettingsError, match="cannot be opened"):
            async with open_sqlite(old, SCHEMA, MIGRATIONS):
                pass
        other.execute("ROLLBACK")
    assert state(old) == (1, ["one", "two"])


async def test_after_a_checkpoint_nothing_of_what_was_deleted_is_left(path: Path) -> None:
    """Neither the file nor its log has a byte of it."""
    log = path.with_name("notes.db-wal")
    async with open_sqlite(path, SCHEMA) as database:
        await database.write(lambda c: c.execute("INSERT INTO notes (text) VALUES (?)", (SECRET.decode() * 400,)))
        assert SECRET in content(log)
        await database.checkpoint()
        assert content(log) == b""
        assert SECRET in content(path)
        await database.write(lambda c: c.execute("DELETE FROM notes"))
        await database.checkpoint()
        assert SECRET not in content(path)
        assert content(log) == b""


async def test_a_checkpoint_takes_its_turn_among_writes(path: Path) -> None:
    """What is written before, meanwhile and after is all there."""
    async with open_sqlite(path, SCHEMA) as database:

        def add(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO notes (text) VALUES ('a note')")

        writes = [database.write(add) for _ in range(5)]
        await asyncio.gather(*writes, database.checkpoint(), database.write(add), database.checkpoint())
        count = await database.read(lambda c: int(c.execute("SELECT count(*) FROM notes").fetchone()[0]))
        assert count == 6
