"""Rules and replies in SQLite; tickets and claims stand in modules of their own."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from services.ingest.replies.reply import Reply, ReplyState
from services.ingest.replies.rule import ReplyRule
from services.ingest.replies.stores import sqlite_claims, sqlite_tickets
from services.ingest.replies.stores.base import TimePosition
from services.ingest.replies.stores.columns import milliseconds, missing
from services.ingest.replies.stores.sqlite_claims import SqliteClaims
from services.ingest.replies.stores.sqlite_tickets import SqliteTickets
from shared.errors import NotFoundError

_OWN_SCHEMA = """
CREATE TABLE IF NOT EXISTS reply_rule (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reply (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    brand TEXT NOT NULL,
    author TEXT NOT NULL,
    sent_key TEXT,
    created_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    sending_ms INTEGER,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reply_by_time ON reply (created_ms, id);
CREATE INDEX IF NOT EXISTS reply_by_state ON reply (state, created_ms, id);
CREATE INDEX IF NOT EXISTS reply_by_brand ON reply (brand, created_ms, id);
CREATE INDEX IF NOT EXISTS reply_by_author ON reply (author, created_ms);
CREATE INDEX IF NOT EXISTS reply_by_sent_key ON reply (sent_key) WHERE sent_key IS NOT NULL
"""
SCHEMA = f"{_OWN_SCHEMA};{sqlite_claims.SCHEMA};{sqlite_tickets.SCHEMA}"


class SqliteReplyStore(SqliteClaims, SqliteTickets):
    """`ReplyStore` on one file with `SCHEMA`."""

    async def put_rule(self, rule: ReplyRule) -> None:
        """See `ReplyStore.put_rule`."""
        await self._changed(
            "INSERT OR REPLACE INTO reply_rule (name, body) VALUES (?, ?)", (rule.name, rule.model_dump_json())
        )

    async def delete_rule(self, name: str) -> bool:
        """See `ReplyStore.delete_rule`."""
        return await self._changed("DELETE FROM reply_rule WHERE name = ?", (name,)) == 1

    async def rules(self) -> list[ReplyRule]:
        """See `ReplyStore.rules`."""

        def work(connection: sqlite3.Connection) -> list[ReplyRule]:
            rows = connection.execute("SELECT body FROM reply_rule ORDER BY name")
            return [ReplyRule.model_validate_json(row["body"]) for row in rows]

        return await self._database.read(work)

    async def add(self, reply: Reply) -> bool:
        """See `ReplyStore.add`."""

        def work(connection: sqlite3.Connection) -> bool:
            added = connection.execute(
                "INSERT OR IGNORE INTO reply (id, version, state, brand, author, sent_key, created_ms, due_ms, "
                "expires_ms, sending_ms, body) VALUES (:id, :version, :state, :brand, :author, :sent_key, "
                ":created_ms, :due_ms, :expires_ms, :sending_ms, :body)",
                _columns(reply),
            )
            return added.rowcount == 1

        return await self._database.write(work)

    async def find(self, reply_id: str) -> Reply:
        """See `ReplyStore.find`."""
        found = await self._replies("id = ?", (reply_id,))
        if not found:
            raise NotFoundError(missing(reply_id))
        return found[0]

    async def known(self, reply_ids: Sequence[str]) -> set[str]:
        """See `ReplyStore.known`."""
        return await self._column("id", reply_ids)

    async def swap(self, before: Reply, after: Reply) -> bool:
        """See `ReplyStore.swap`."""

        def work(connection: sqlite3.Connection) -> bool:
            changed = connection.execute(
                "UPDATE reply SET version = :version, state = :state, sent_key = :sent_key, due_ms = :due_ms, "
                "expires_ms = :expires_ms, sending_ms = :sending_ms, body = :body "
                "WHERE id = :id AND version = :at_version",
                _columns(after) | {"at_version": before.version},
            )
            return changed.rowcount == 1

        return await self._database.write(work)

    async def page(
        self, state: ReplyState | None, brand: str | None, after: TimePosition | None, limit: int
    ) -> list[Reply]:
        """See `ReplyStore.page`."""
        wanted = {"state = ?": state, "brand = ?": brand}
        given = {condition: value for condition, value in wanted.items() if value is not None}
        where = " AND ".join([*given, "(created_ms, id) > (?, ?)"])
        values = (*given.values(), *(after or (-1, "")), limit)
        return await self._replies(f"{where} ORDER BY created_ms, id LIMIT ?", values)

    async def due(self, now: datetime, limit: int) -> list[Reply]:
        """See `ReplyStore.due`."""
        return await self._replies(
            "state = 'approved' AND due_ms <= ? ORDER BY due_ms, id LIMIT ?", (milliseconds(now), limit)
        )

    async def overdue(self, now: datetime, limit: int) -> list[Reply]:
        """See `ReplyStore.overdue`."""
        return await self._replies("state = 'sending' AND sending_ms <= ? LIMIT ?", (milliseconds(now), limit))

    async def stale(self, now: datetime, limit: int) -> list[Reply]:
        """See `ReplyStore.stale`."""
        return await self._replies(
            "state IN ('draft', 'approved') AND expires_ms <= ? LIMIT ?", (milliseconds(now), limit)
        )

    async def of_authors(self, authors: Sequence[str], since: datetime) -> list[Reply]:
        """See `ReplyStore.of_authors`."""
        return await self._replies(
            "author IN (SELECT value FROM json_each(?)) AND created_ms >= ?",
            (json.dumps(list(authors)), milliseconds(since)),
        )

    async def forget_author(self, author: str, now: datetime) -> list[Reply]:
        """See `ReplyStore.forget_author`."""

        def work(connection: sqlite3.Connection) -> list[Reply]:
            rows = connection.execute(
                "DELETE FROM reply WHERE author = ? AND (state != 'sending' OR sending_ms <= ?) RETURNING body",
                (author, milliseconds(now)),
            ).fetchall()
            removed = [Reply.model_validate_json(row["body"]) for row in rows]
            sqlite_claims.forget(connection, author, [reply.id for reply in removed])
            return removed

        return await self._database.write(work)

    async def ours(self, sent_keys: Sequence[str]) -> set[str]:
        """See `ReplyStore.ours`."""
        return await self._column("sent_key", sent_keys)

    async def _replies(self, where: str, values: tuple[object, ...]) -> list[Reply]:
        def work(connection: sqlite3.Connection) -> list[Reply]:
            rows = connection.execute(f"SELECT body FROM reply WHERE {where}", values)  # noqa: S608 - conditions of this module
            return [Reply.model_validate_json(row["body"]) for row in rows]

        return await self._database.read(work)

    async def _column(self, column: str, values: Sequence[str]) -> set[str]:
        def work(connection: sqlite3.Connection) -> set[str]:
            rows = connection.execute(
                f"SELECT {column} FROM reply WHERE {column} IN (SELECT value FROM json_each(?))",  # noqa: S608 - a name of this module
                (json.dumps(list(values)),),
            )
            return {row[column] for row in rows}

        return await self._database.read(work)


def _columns(reply: Reply) -> dict[str, str | int | None]:
    return {
        "id": reply.id,
        "version": reply.version,
        "state": reply.state,
        "brand": reply.brand,
        "author": reply.author,
        "sent_key": reply.sent_key,
        "created_ms": milliseconds(reply.created_at),
        "due_ms": milliseconds(reply.due_at),
        "expires_ms": milliseconds(reply.expires_at),
        "sending_ms": milliseconds(reply.sending_until) if reply.sending_until is not None else None,
        "body": reply.model_dump_json(),
    }
