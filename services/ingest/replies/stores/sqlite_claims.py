"""The claims that keep replies few, and the authors who want none, in SQLite."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from services.ingest.replies.stores.base import GONE_DAYS, SendClaim
from services.ingest.replies.stores.columns import milliseconds
from shared.sqlite import SqliteDatabase

SCHEMA = """
CREATE TABLE IF NOT EXISTS reply_author (
    author TEXT PRIMARY KEY,
    reply TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reply_day (
    day TEXT NOT NULL,
    reply TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    PRIMARY KEY (day, reply)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reply_gone (
    key TEXT PRIMARY KEY,
    through_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reply_gone_by_time ON reply_gone (through_ms);
CREATE TABLE IF NOT EXISTS reply_opt_out (
    author TEXT PRIMARY KEY,
    since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID
"""


class SqliteClaims:
    """The part of `ReplyStore` about claims, on one file."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Use an open database with `SCHEMA`."""
        self._database = database

    async def take_author(self, author: str, claim: SendClaim, now: datetime, until: datetime) -> bool:
        """See `ReplyStore.take_author`."""
        changed = await self._changed(
            "INSERT INTO reply_author (author, reply, attempt, until_ms) VALUES (?, ?, ?, ?) ON CONFLICT (author) "
            "DO UPDATE SET reply = excluded.reply, attempt = excluded.attempt, until_ms = excluded.until_ms "
            "WHERE until_ms <= ? OR reply = excluded.reply",
            (author, claim.reply, claim.attempt, milliseconds(until), milliseconds(now)),
        )
        return changed == 1

    async def release_author(self, author: str, claim: SendClaim) -> None:
        """See `ReplyStore.release_author`."""
        await self._changed(
            "DELETE FROM reply_author WHERE author = ? AND reply = ? AND attempt = ?",
            (author, claim.reply, claim.attempt),
        )

    async def take_day(self, day: str, claim: SendClaim, most: int) -> bool:
        """See `ReplyStore.take_day`."""

        def work(connection: sqlite3.Connection) -> bool:
            counted = {row["reply"] for row in connection.execute("SELECT reply FROM reply_day WHERE day = ?", (day,))}
            if claim.reply not in counted and len(counted) >= most:
                return False
            connection.execute(
                "INSERT OR REPLACE INTO reply_day (day, reply, attempt) VALUES (?, ?, ?)",
                (day, claim.reply, claim.attempt),
            )
            return True

        return await self._database.write(work)

    async def release_day(self, day: str, claim: SendClaim) -> None:
        """See `ReplyStore.release_day`."""
        await self._changed(
            "DELETE FROM reply_day WHERE day = ? AND reply = ? AND attempt = ?", (day, claim.reply, claim.attempt)
        )

    async def opt_out(self, authors: Sequence[str], now: datetime) -> None:
        """See `ReplyStore.opt_out`."""
        await self._changed(
            "INSERT OR IGNORE INTO reply_opt_out (author, since_ms) SELECT value, ? FROM json_each(?)",
            (milliseconds(now), json.dumps(list(authors))),
        )

    async def opted_out(self, authors: Sequence[str]) -> set[str]:
        """See `ReplyStore.opted_out`."""

        def work(connection: sqlite3.Connection) -> set[str]:
            rows = connection.execute(
                "SELECT author FROM reply_opt_out WHERE author IN (SELECT value FROM json_each(?))",
                (json.dumps(list(authors)),),
            )
            return {row["author"] for row in rows}

        return await self._database.read(work)

    async def note_gone(self, keys: Sequence[str], through: datetime) -> None:
        """See `ReplyStore.note_gone`."""

        def work(connection: sqlite3.Connection) -> None:
            # "WHERE true" keeps the parser from taking ON CONFLICT for a join's condition.
            connection.execute(
                "INSERT INTO reply_gone (key, through_ms) SELECT value, ? FROM json_each(?) WHERE true "
                "ON CONFLICT (key) DO UPDATE SET through_ms = max(through_ms, excluded.through_ms)",
                (milliseconds(through), json.dumps(list(keys))),
            )
            oldest = milliseconds(through - timedelta(days=GONE_DAYS))
            connection.execute("DELETE FROM reply_gone WHERE through_ms < ?", (oldest,))

        await self._database.write(work)

    async def gone(self, keys: Sequence[str]) -> dict[str, datetime]:
        """See `ReplyStore.gone`."""

        def work(connection: sqlite3.Connection) -> dict[str, datetime]:
            rows = connection.execute(
                "SELECT key, through_ms FROM reply_gone WHERE key IN (SELECT value FROM json_each(?))",
                (json.dumps(list(keys)),),
            )
            return {row["key"]: datetime.fromtimestamp(row["through_ms"] / 1000, UTC) for row in rows}

        return await self._database.read(work)

    async def _changed(self, statement: str, values: tuple[object, ...]) -> int:
        return await self._database.write(lambda connection: connection.execute(statement, values).rowcount)


def forget(connection: sqlite3.Connection, author: str, replies: Sequence[str]) -> None:
    """Let go of an author whom none of their remaining replies holds, and rename removed replies in the days.

    A day counts the replies in it, so a removed one leaves a row of no meaning behind.
    """
    held = "reply IN (SELECT id FROM reply WHERE author = ?)"
    connection.execute(f"DELETE FROM reply_author WHERE author = ? AND NOT {held}", (author, author))  # noqa: S608 - no value is formatted in
    connection.execute(
        "UPDATE reply_day SET reply = lower(hex(randomblob(16))) WHERE reply IN (SELECT value FROM json_each(?))",
        (json.dumps(list(replies)),),
    )
