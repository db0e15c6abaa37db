"""Transactions of an SQLite database whose statements come one by one from the event loop."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared import sqlite
from shared.errors import OverloadedError
from shared.sqlite import Runner, SqliteDatabase, open_sqlite

SCHEMA = "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """Yield an empty database."""
    async with open_sqlite(tmp_path / "notes.db", SCHEMA) as opened:
        yield opened


def _add(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO notes (text) VALUES ('a note')")


def _count(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("SELECT count(*) FROM notes").fetchone()[0]
    return found


async def test_other_writers_wait_for_its_end(database: SqliteDatabase) -> None:
    """What it reads between two statements is what it wrote; a write asked for meanwhile comes after it."""
    asked: list[asyncio.Task[int]] = []

    async def work(run: Runner) -> int:
        await run(_add)
        asked.append(asyncio.create_task(database.write(_count)))
        assert await database.read(_count) == 0
        await run(_add)
        assert not asked[0].done()
        return await run(_count)

    assert await database.transaction(work) == 2
    assert await asked[0] == 2


async def test_a_statement_that_raises_can_be_caught(database: SqliteDatabase) -> None:
    """The transaction goes on, unless the error is let through."""

    def wrong(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO notes (id, text) VALUES (1, NULL)")

    async def caught(run: Runner) -> None:
        await run(_add)
        with pytest.raises(sqlite3.IntegrityError):
            await run(wrong)

    async def raised(run: Runner) -> None:
        await run(_add)
        await run(wrong)

    await database.transaction(caught)
    with pytest.raises(sqlite3.IntegrityError):
        await database.transaction(raised)
    assert await database.read(_count) == 1


async def test_one_that_lasts_too_long_is_undone(database: SqliteDatabase) -> None:
    """It learns so from its next statement, or its end; the writer is free again at once."""

    async def over(run: Runner) -> None:
        await run(_add)
        await database.write(_count)
        await run(_add)

    async def silent(run: Runner) -> None:
        await run(_add)
        await database.write(_count)

    for work in (over, silent):
        with pytest.raises(OverloadedError, match="too long"):
            await database.transaction(work, seconds=0)
    assert await database.read(_count) == 0


async def test_one_that_cannot_begin_says_so(
    database: SqliteDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another process keeps the file, and where too much waits."""
    await database.write(lambda connection: connection.execute("PRAGMA busy_timeout = 1").fetchone())

    async def work(run: Runner) -> None:
        await run(_add)

    with sqlite3.connect(tmp_path / "notes.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OverloadedError, match="another process"):
            await database.transaction(work)
    other.close()
    monkeypatch.setattr(sqlite, "MOST_WAITING", 0)
    with pytest.raises(OverloadedError, match="too much waits"):
        await database.transaction(work)
    monkeypatch.undo()
    await database.transaction(work)
    assert await database.read(_count) == 1


async def test_a_cancelled_one_is_undone_before_it_is_over(database: SqliteDatabase) -> None:
    """Also where a statement is just running, and where it has not begun because others write."""
    for begins in (True, False):
        begun = asyncio.Event()

        async def work(run: Runner, begun: asyncio.Event = begun) -> None:
            await run(_add)
            begun.set()
            while True:
                await run(_count)

        task = asyncio.create_task(database.transaction(work))
        await (begun.wait() if begins else asyncio.sleep(0))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await database.write(_count) == 0
