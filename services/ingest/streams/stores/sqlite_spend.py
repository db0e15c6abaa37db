"""What was spent, in SQLite."""

import sqlite3

from shared.sqlite import SqliteDatabase

SCHEMA = """
CREATE TABLE IF NOT EXISTS spend (
    purse TEXT NOT NULL,
    month TEXT NOT NULL,
    posts INTEGER NOT NULL,
    PRIMARY KEY (purse, month)
) STRICT, WITHOUT ROWID
"""


class SqliteSpendStore:
    """`SpendStore` on one file."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Use an open database with `SCHEMA`."""
        self._database = database

    async def spend(self, purse: str, month: str, posts: int) -> int:
        """See `SpendStore.spend`."""

        def work(connection: sqlite3.Connection) -> int:
            row = connection.execute(
                "INSERT INTO spend (purse, month, posts) VALUES (?, ?, ?) "
                "ON CONFLICT (purse, month) DO UPDATE SET posts = posts + excluded.posts RETURNING posts",
                (purse, month, posts),
            ).fetchone()
            return int(row["posts"])

        return await self._database.write(work)

    async def spent(self, purse: str, month: str) -> int:
        """See `SpendStore.spent`."""

        def work(connection: sqlite3.Connection) -> int:
            query = "SELECT posts FROM spend WHERE purse = ? AND month = ?"
            row = connection.execute(query, (purse, month)).fetchone()
            return 0 if row is None else int(row["posts"])

        return await self._database.read(work)
