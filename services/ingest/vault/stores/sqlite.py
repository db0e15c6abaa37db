"""Sealed rows in SQLite."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from services.ingest.vault.stores.base import MOST_ROWS, SealedRow
from shared.sqlite import SqliteDatabase

SCHEMA = """
CREATE TABLE IF NOT EXISTS vault (
    purpose TEXT NOT NULL,
    row TEXT NOT NULL,
    sealed BLOB NOT NULL,
    author_key TEXT,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (purpose, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS vault_by_expiry ON vault (expires_ms);
CREATE INDEX IF NOT EXISTS vault_by_author ON vault (author_key) WHERE author_key IS NOT NULL
"""


class SqliteVaultStore:
    """`VaultStore` on one file."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Use an open database with `SCHEMA`."""
        self._database = database

    async def put(self, rows: Sequence[SealedRow]) -> None:
        """See `VaultStore.put`."""
        values = [(row.purpose, row.row, row.sealed, row.author_key, milliseconds(row.expires_at)) for row in rows]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT OR REPLACE INTO vault (purpose, row, sealed, author_key, expires_ms) VALUES (?, ?, ?, ?, ?)",
                values,
            )

        await self._database.write(work)

    async def find(self, purpose: str, rows: Sequence[str], now: datetime) -> dict[str, bytes]:
        """See `VaultStore.find`."""

        def work(connection: sqlite3.Connection) -> dict[str, bytes]:
            found = connection.execute(
                "SELECT row, sealed FROM vault WHERE purpose = ? AND expires_ms > ? "
                "AND row IN (SELECT value FROM json_each(?))",
                (purpose, milliseconds(now), json.dumps(list(rows))),
            )
            return {row["row"]: row["sealed"] for row in found}

        return await self._database.read(work)

    async def page(self, purpose: str, after: str, limit: int, now: datetime) -> list[SealedRow]:
        """See `VaultStore.page`."""

        def work(connection: sqlite3.Connection) -> list[SealedRow]:
            found = connection.execute(
                "SELECT row, sealed, author_key, expires_ms FROM vault "
                "WHERE purpose = ? AND row > ? AND expires_ms > ? ORDER BY row LIMIT ?",
                (purpose, after, milliseconds(now), limit),
            )
            return [
                SealedRow(purpose, row["row"], row["sealed"], moment(row["expires_ms"]), row["author_key"])
                for row in found
            ]

        return await self._database.read(work)

    async def delete(self, purpose: str, rows: Sequence[str]) -> int:
        """See `VaultStore.delete`."""
        return await self._changed(
            "DELETE FROM vault WHERE purpose = ? AND row IN (SELECT value FROM json_each(?))",
            (purpose, json.dumps(list(rows))),
        )

    async def of_author(self, author_key: str, limit: int) -> list[tuple[str, str]]:
        """See `VaultStore.of_author`."""
        statement = "SELECT purpose, row FROM vault WHERE author_key = ? ORDER BY purpose, row LIMIT ?"
        rows = await self._database.read(lambda c: c.execute(statement, (author_key, limit)).fetchall())
        return [(row["purpose"], row["row"]) for row in rows]

    async def delete_author(self, author_key: str) -> int:
        """See `VaultStore.delete_author`."""
        return await self._changed("DELETE FROM vault WHERE author_key = ?", (author_key,))

    async def sweep(self, now: datetime) -> int:
        """See `VaultStore.sweep`."""
        return await self._changed(
            "DELETE FROM vault WHERE (purpose, row) IN "
            "(SELECT purpose, row FROM vault WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?)",
            (milliseconds(now), MOST_ROWS),
        )

    async def _changed(self, statement: str, values: tuple[object, ...]) -> int:
        return await self._database.write(lambda connection: connection.execute(statement, values).rowcount)


def milliseconds(time: datetime) -> int:
    """Return the milliseconds since 1970, cut."""
    return int(time.timestamp() * 1000)


def moment(stored: int) -> datetime:
    """Return the time that `milliseconds` stored, in UTC."""
    return datetime.fromtimestamp(stored / 1000, UTC)
