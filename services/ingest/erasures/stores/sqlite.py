"""Erasures in SQLite."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from services.ingest.erasures.erasure import Erasure, asked_again, taken
from services.ingest.erasures.stores.base import milliseconds, missing
from shared.errors import NotFoundError
from shared.sqlite import SqliteDatabase

SCHEMA = """
CREATE TABLE IF NOT EXISTS erasure (
    author_key TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    due_ms INTEGER,
    leased_ms INTEGER NOT NULL,
    token INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS erasure_due ON erasure (due_ms) WHERE due_ms IS NOT NULL
"""


class SqliteErasureStore:
    """`ErasureStore` on one file with `SCHEMA`."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Use an open database."""
        self._database = database

    async def ask(self, wanted: Erasure) -> Erasure:
        """See `ErasureStore.ask`."""

        def work(connection: sqlite3.Connection) -> Erasure:
            statement = "SELECT body FROM erasure WHERE author_key = ?"
            row = connection.execute(statement, (wanted.author_key,)).fetchone()
            if row is None:
                connection.execute(
                    "INSERT INTO erasure (author_key, id, due_ms, leased_ms, token, body) "
                    "VALUES (:author_key, :id, :due_ms, :leased_ms, :token, :body)",
                    _columns(wanted),
                )
                return wanted
            known = Erasure.model_validate_json(row["body"])
            kept = asked_again(known, wanted)
            if kept != known:
                _write(connection, kept, known.token)
            return kept

        return await self._database.write(work)

    async def find(self, erasure_id: str) -> Erasure:
        """See `ErasureStore.find`."""
        statement = "SELECT body FROM erasure WHERE id = ?"
        row = await self._database.read(lambda c: c.execute(statement, (erasure_id,)).fetchone())
        if row is None:
            raise NotFoundError(missing(erasure_id))
        return Erasure.model_validate_json(row["body"])

    async def erased(self, author_keys: Sequence[str]) -> set[str]:
        """See `ErasureStore.erased`."""
        statement = "SELECT author_key FROM erasure WHERE author_key IN (SELECT value FROM json_each(?))"
        asked = json.dumps(list(author_keys))
        rows = await self._database.read(lambda c: c.execute(statement, (asked,)).fetchall())
        return {row["author_key"] for row in rows}

    async def lease(self, now: datetime, until: datetime) -> Erasure | None:
        """See `ErasureStore.lease`."""
        statement = (
            "SELECT body FROM erasure WHERE due_ms IS NOT NULL AND due_ms <= ? AND leased_ms <= ? "
            "ORDER BY due_ms LIMIT 1"
        )
        at = milliseconds(now)
        # Mostly nothing is due, and looking for it must not make every replica wait for the writer.
        if await self._database.read(lambda c: c.execute(statement, (at, at)).fetchone()) is None:
            return None

        def work(connection: sqlite3.Connection) -> Erasure | None:
            row = connection.execute(statement, (at, at)).fetchone()
            if row is None:
                return None
            found = Erasure.model_validate_json(row["body"])
            leased = taken(found, until)
            _write(connection, leased, found.token)
            return leased

        return await self._database.write(work)

    async def record(self, erasure: Erasure) -> bool:
        """See `ErasureStore.record`."""
        return await self._database.write(lambda connection: _write(connection, erasure, erasure.token))


def _write(connection: sqlite3.Connection, erasure: Erasure, at_token: int) -> bool:
    changed = connection.execute(
        "UPDATE erasure SET due_ms = :due_ms, leased_ms = :leased_ms, token = :token, body = :body "
        "WHERE author_key = :author_key AND token = :at_token",
        _columns(erasure) | {"at_token": at_token},
    )
    return changed.rowcount == 1


def _columns(erasure: Erasure) -> dict[str, str | int | None]:
    return {
        "author_key": erasure.author_key,
        "id": erasure.id,
        "due_ms": milliseconds(erasure.due_at) if erasure.due_at is not None else None,
        "leased_ms": milliseconds(erasure.leased_until),
        "token": erasure.token,
        "body": erasure.model_dump_json(),
    }
