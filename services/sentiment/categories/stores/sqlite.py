"""Category sets in SQLite."""

import sqlite3

from services.sentiment.categories.category_set import CategorySet
from services.sentiment.categories.examples import PackedExamples
from services.sentiment.categories.stores.base import missing
from shared.errors import NotFoundError
from shared.sqlite import SqliteDatabase

SCHEMA = """
CREATE TABLE IF NOT EXISTS category_set (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    body TEXT,
    examples BLOB
) STRICT
"""
"""A row without a body is a deleted set: its version is where the name goes on."""


class SqliteCategoryStore:
    """`CategoryStore` on one file."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Use an open database with `SCHEMA`."""
        self._database = database

    async def put(self, made: CategorySet, examples: PackedExamples) -> CategorySet:
        """See `CategoryStore.put`."""

        def work(connection: sqlite3.Connection) -> CategorySet:
            row = connection.execute(
                "INSERT INTO category_set (name, version, body, examples) VALUES (?, 1, ?, ?) ON CONFLICT (name) "
                "DO UPDATE SET version = version + 1, body = excluded.body, examples = excluded.examples "
                "RETURNING version",
                (made.name, made.to_json(), examples),
            ).fetchone()
            return made.at_version(row["version"])

        return await self._database.write(work)

    async def delete(self, name: str) -> int:
        """See `CategoryStore.delete`."""

        def work(connection: sqlite3.Connection) -> int:
            row: sqlite3.Row | None = connection.execute(
                "UPDATE category_set SET body = NULL, examples = NULL WHERE name = ? AND body IS NOT NULL "
                "RETURNING version",
                (name,),
            ).fetchone()
            if row is None:
                raise NotFoundError(missing(name))
            return int(row["version"])

        return await self._database.write(work)

    async def versions(self) -> dict[str, int]:
        """See `CategoryStore.versions`."""

        def work(connection: sqlite3.Connection) -> dict[str, int]:
            rows = connection.execute("SELECT name, version FROM category_set WHERE body IS NOT NULL")
            return {row["name"]: row["version"] for row in rows}

        return await self._database.read(work)

    async def find(self, name: str) -> CategorySet:
        """See `CategoryStore.find`."""

        def work(connection: sqlite3.Connection) -> CategorySet:
            return _set(_row(connection, "SELECT name, version, body FROM category_set WHERE name = ?", name))

        return await self._database.read(work)

    async def find_with_examples(self, name: str) -> tuple[CategorySet, PackedExamples]:
        """See `CategoryStore.find_with_examples`."""

        def work(connection: sqlite3.Connection) -> tuple[CategorySet, PackedExamples]:
            row = _row(connection, "SELECT name, version, body, examples FROM category_set WHERE name = ?", name)
            return _set(row), PackedExamples(row["examples"])

        return await self._database.read(work)

    async def check_ready(self) -> None:
        """See `CategoryStore.check_ready`."""
        await self._database.read(lambda connection: connection.execute("SELECT 1").fetchone())


def _row(connection: sqlite3.Connection, query: str, name: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(query, (name,)).fetchone()
    if row is None or row["body"] is None:
        raise NotFoundError(missing(name))
    return row


def _set(row: sqlite3.Row) -> CategorySet:
    return CategorySet.from_json(row["body"]).at_version(row["version"])
