"""Streams in SQLite."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta

from services.ingest.streams.stores.base import Lease, LeasedStream, finished, lost, missing
from services.ingest.streams.stream import DesiredState, Stream, StreamKind, StreamProgress, StreamState
from shared.errors import NotFoundError
from shared.sqlite import SqliteDatabase

SCHEMA = """
CREATE TABLE IF NOT EXISTS stream (
    stream_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    brand TEXT NOT NULL,
    slot TEXT NOT NULL UNIQUE,
    wanted TEXT NOT NULL,
    due_ms INTEGER,
    owner TEXT,
    lapses_ms INTEGER NOT NULL DEFAULT 0,
    token INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL,
    progress TEXT NOT NULL,
    cursor BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS stream_of_kind ON stream (kind, stream_id);
CREATE INDEX IF NOT EXISTS stream_due ON stream (due_ms) WHERE wanted = 'running' AND due_ms IS NOT NULL
"""
_DUE = "wanted = 'running' AND due_ms IS NOT NULL AND due_ms <= :now AND lapses_ms <= :now"
_MUTABLE = {"progress", "wanted", "owner", "lapses_at"}


class SqliteStreamStore:
    """`StreamStore` on one file."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Use an open database with `SCHEMA`."""
        self._database = database

    async def add(self, stream: Stream) -> Stream:
        """See `StreamStore.add`."""

        def work(connection: sqlite3.Connection) -> Stream:
            row = connection.execute("SELECT * FROM stream WHERE slot = ?", (stream.slot,)).fetchone()
            if row is not None:
                return _stream(row)
            body = stream.model_dump_json(exclude=_MUTABLE)
            values = (
                stream.stream_id,
                stream.kind,
                stream.brand,
                stream.slot,
                stream.wanted,
                _ms(stream.created_at),
                body,
                stream.progress.model_dump_json(),
            )
            connection.execute(
                "INSERT INTO stream (stream_id, kind, brand, slot, wanted, due_ms, body, progress) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            return stream

        return await self._database.write(work)

    async def find(self, stream_id: str) -> Stream:
        """See `StreamStore.find`."""
        return await self._database.read(lambda connection: _stream(_row(connection, stream_id)))

    async def page(self, kind: StreamKind, brand: str | None, after: str, limit: int) -> list[Stream]:
        """See `StreamStore.page`."""

        def work(connection: sqlite3.Connection) -> list[Stream]:
            rows = connection.execute(
                "SELECT * FROM stream WHERE kind = ? AND stream_id > ? AND (? IS NULL OR brand = ?) "
                "ORDER BY stream_id LIMIT ?",
                (kind, after, brand, brand, limit),
            )
            return [_stream(row) for row in rows]

        return await self._database.read(work)

    async def want(self, stream_id: str, wanted: DesiredState, now: datetime) -> Stream:
        """See `StreamStore.want`."""

        def work(connection: sqlite3.Connection) -> Stream:
            row = _row(connection, stream_id)
            if _stream(row).progress.state is StreamState.FINISHED:
                raise finished(stream_id)
            due = _ms(now) if wanted is DesiredState.RUNNING else row["due_ms"]
            connection.execute("UPDATE stream SET wanted = ?, due_ms = ? WHERE stream_id = ?", (wanted, due, stream_id))
            return _stream(_row(connection, stream_id))

        return await self._database.write(work)

    async def delete(self, stream_id: str) -> None:
        """See `StreamStore.delete`."""

        def work(connection: sqlite3.Connection) -> None:
            _row(connection, stream_id)
            connection.execute("DELETE FROM stream WHERE stream_id = ?", (stream_id,))

        await self._database.write(work)

    async def due(self, now: datetime, limit: int) -> list[str]:
        """See `StreamStore.due`."""

        def work(connection: sqlite3.Connection) -> list[str]:
            rows = connection.execute(
                f"SELECT stream_id FROM stream WHERE {_DUE} ORDER BY due_ms, stream_id LIMIT :limit",  # noqa: S608 - no value is formatted in
                {"now": _ms(now), "limit": limit},
            )
            return [row["stream_id"] for row in rows]

        return await self._database.read(work)

    async def acquire(self, stream_id: str, owner: str, now: datetime, ttl: timedelta) -> LeasedStream | None:
        """See `StreamStore.acquire`."""

        def work(connection: sqlite3.Connection) -> LeasedStream | None:
            row = connection.execute(
                f"UPDATE stream SET owner = :owner, lapses_ms = :lapses, token = token + 1 "  # noqa: S608 - no value is formatted in
                f"WHERE stream_id = :stream_id AND {_DUE} RETURNING *",
                {"owner": owner, "lapses": _ms(now + ttl), "stream_id": stream_id, "now": _ms(now)},
            ).fetchone()
            return (
                None
                if row is None
                else LeasedStream(Lease(stream_id, owner, row["token"]), _stream(row), row["cursor"])
            )

        return await self._database.write(work)

    async def record(
        self, lease: Lease, progress: StreamProgress, cursor: bytes | None, lapses_at: datetime
    ) -> DesiredState:
        """See `StreamStore.record`."""

        def work(connection: sqlite3.Connection) -> DesiredState:
            row = connection.execute(
                "UPDATE stream SET progress = ?, cursor = coalesce(?, cursor), lapses_ms = ? "
                "WHERE stream_id = ? AND token = ? AND owner = ? RETURNING wanted",
                (progress.model_dump_json(), cursor, _ms(lapses_at), lease.stream_id, lease.token, lease.owner),
            ).fetchone()
            if row is None:
                raise lost(lease)
            return DesiredState(row["wanted"])

        return await self._database.write(work)

    async def release(self, lease: Lease, progress: StreamProgress, cursor: bytes | None, due: datetime | None) -> None:
        """See `StreamStore.release`."""

        def work(connection: sqlite3.Connection) -> None:
            due_ms = None if due is None else _ms(due)
            slot = "stream_id" if progress.state is StreamState.FINISHED else "slot"
            changed = connection.execute(
                f"UPDATE stream SET progress = ?, cursor = coalesce(?, cursor), due_ms = ?, owner = NULL, "  # noqa: S608 - no value is formatted in
                f"lapses_ms = 0, slot = {slot} WHERE stream_id = ? AND token = ? AND owner = ?",
                (progress.model_dump_json(), cursor, due_ms, lease.stream_id, lease.token, lease.owner),
            )
            if not changed.rowcount:
                raise lost(lease)

        await self._database.write(work)


def _row(connection: sqlite3.Connection, stream_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute("SELECT * FROM stream WHERE stream_id = ?", (stream_id,)).fetchone()
    if row is None:
        raise NotFoundError(missing(stream_id))
    return row


def _stream(row: sqlite3.Row) -> Stream:
    lapses_at = datetime.fromtimestamp(row["lapses_ms"] / 1000, UTC) if row["owner"] is not None else None
    return Stream(
        **json.loads(row["body"]),
        wanted=DesiredState(row["wanted"]),
        progress=StreamProgress.model_validate_json(row["progress"]),
        owner=row["owner"],
        lapses_at=lapses_at,
    )


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
