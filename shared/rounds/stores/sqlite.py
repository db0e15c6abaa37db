"""Rounds in SQLite."""

import sqlite3
from datetime import datetime

from shared.sqlite import SqliteDatabase

SCHEMA = """
CREATE TABLE IF NOT EXISTS round (
    name TEXT PRIMARY KEY,
    owner TEXT,
    lapses_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID
"""


class SqliteRoundStore:
    """`RoundStore` on one file."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Use an open database with `SCHEMA`."""
        self._database = database

    async def begin(self, name: str, owner: str, now: datetime, lapses_at: datetime) -> bool:
        """See `RoundStore.begin`."""

        def work(connection: sqlite3.Connection) -> bool:
            connection.execute("INSERT OR IGNORE INTO round (name, lapses_ms, due_ms) VALUES (?, 0, 0)", (name,))
            changed = connection.execute(
                "UPDATE round SET owner = ?, lapses_ms = ? WHERE name = ? AND due_ms <= ? AND lapses_ms <= ?",
                (owner, _ms(lapses_at), name, _ms(now), _ms(now)),
            )
            return changed.rowcount > 0

        return await self._database.write(work)

    async def end(self, name: str, owner: str, due_at: datetime) -> None:
        """See `RoundStore.end`."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE round SET owner = NULL, lapses_ms = 0, due_ms = ? WHERE name = ? AND owner = ?",
                (_ms(due_at), name, owner),
            )

        await self._database.write(work)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
