"""Tickets and their deliveries in SQLite."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from services.ingest.replies.stores.base import TimePosition
from services.ingest.replies.stores.columns import left_out, milliseconds
from services.ingest.replies.ticket import StoredTicket, TicketDelivery
from shared.sqlite import SqliteDatabase

SCHEMA = """
CREATE TABLE IF NOT EXISTS ticket (
    id TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ticket_by_time ON ticket (created_ms, id);
CREATE INDEX IF NOT EXISTS ticket_by_brand ON ticket (brand, created_ms, id);
CREATE TABLE IF NOT EXISTS delivery (
    id TEXT PRIMARY KEY,
    ticket TEXT NOT NULL,
    state TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    leased_ms INTEGER NOT NULL,
    token INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS delivery_by_ticket ON delivery (ticket);
CREATE INDEX IF NOT EXISTS delivery_waiting ON delivery (due_ms) WHERE state = 'waiting'
"""


class SqliteTickets:
    """The part of `ReplyStore` about tickets, on one file."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Use an open database with `SCHEMA`."""
        self._database = database

    async def add_ticket(self, ticket: StoredTicket, deliveries: Sequence[TicketDelivery], most_waiting: int) -> bool:
        """See `ReplyStore.add_ticket`."""

        def work(connection: sqlite3.Connection) -> bool:
            added = connection.execute(
                "INSERT OR IGNORE INTO ticket (id, brand, created_ms, body) VALUES (?, ?, ?, ?)",
                (ticket.id, ticket.brand, milliseconds(ticket.created_at), ticket.model_dump_json()),
            ).rowcount
            waiting = connection.execute(
                "SELECT count(*) FROM (SELECT 1 FROM delivery WHERE state = 'waiting' LIMIT ?)", (most_waiting,)
            ).fetchone()[0]
            for place, delivery in enumerate(deliveries):
                kept = delivery if waiting + place < most_waiting else left_out(delivery)
                connection.execute(
                    "INSERT OR IGNORE INTO delivery (id, ticket, state, due_ms, leased_ms, token, body) "
                    "VALUES (:id, :ticket, :state, :due_ms, :leased_ms, :token, :body)",
                    _columns(kept),
                )
            return added == 1

        return await self._database.write(work)

    async def ticket(self, key: str) -> StoredTicket | None:
        """See `ReplyStore.ticket`."""

        def work(connection: sqlite3.Connection) -> StoredTicket | None:
            row = connection.execute("SELECT body FROM ticket WHERE id = ?", (key,)).fetchone()
            return StoredTicket.model_validate_json(row["body"]) if row is not None else None

        return await self._database.read(work)

    async def tickets(self, brand: str | None, after: TimePosition | None, limit: int) -> list[StoredTicket]:
        """See `ReplyStore.tickets`."""
        wanted = "brand = ? AND " if brand is not None else ""
        values = (*([brand] if brand is not None else []), *(after or (-1, "")), limit)

        def work(connection: sqlite3.Connection) -> list[StoredTicket]:
            rows = connection.execute(
                f"SELECT body FROM ticket WHERE {wanted}(created_ms, id) > (?, ?) ORDER BY created_ms, id LIMIT ?",  # noqa: S608 - no value goes into the text
                values,
            )
            return [StoredTicket.model_validate_json(row["body"]) for row in rows]

        return await self._database.read(work)

    async def deliveries(self, tickets: Sequence[str]) -> list[TicketDelivery]:
        """See `ReplyStore.deliveries`."""

        def work(connection: sqlite3.Connection) -> list[TicketDelivery]:
            rows = connection.execute(
                "SELECT body FROM delivery WHERE ticket IN (SELECT value FROM json_each(?)) ORDER BY id",
                (json.dumps(list(tickets)),),
            )
            return [TicketDelivery.model_validate_json(row["body"]) for row in rows]

        return await self._database.read(work)

    async def forget_tickets(self, tickets: Sequence[str]) -> int:
        """See `ReplyStore.forget_tickets`."""

        def work(connection: sqlite3.Connection) -> int:
            asked = (json.dumps(list(tickets)),)
            connection.execute("DELETE FROM delivery WHERE ticket IN (SELECT value FROM json_each(?))", asked)
            return connection.execute("DELETE FROM ticket WHERE id IN (SELECT value FROM json_each(?))", asked).rowcount

        return await self._database.write(work)

    async def lease_delivery(self, now: datetime, until: datetime) -> TicketDelivery | None:
        """See `ReplyStore.lease_delivery`."""

        def work(connection: sqlite3.Connection) -> TicketDelivery | None:
            at = milliseconds(now)
            row = connection.execute(
                "SELECT body FROM delivery WHERE state = 'waiting' AND due_ms <= ? AND leased_ms <= ? "
                "ORDER BY due_ms LIMIT 1",
                (at, at),
            ).fetchone()
            if row is None:
                return None
            found = TicketDelivery.model_validate_json(row["body"])
            taken = {"leased_until": until, "token": found.token + 1, "attempts": found.attempts + 1}
            leased = found.model_copy(update=taken)
            _write(connection, leased, found.token)
            return leased

        return await self._database.write(work)

    async def settle_delivery(self, settled: TicketDelivery) -> bool:
        """See `ReplyStore.settle_delivery`."""
        return await self._database.write(lambda connection: _write(connection, settled, settled.token))


def _write(connection: sqlite3.Connection, delivery: TicketDelivery, at_token: int) -> bool:
    changed = connection.execute(
        "UPDATE delivery SET state = :state, due_ms = :due_ms, leased_ms = :leased_ms, token = :token, body = :body "
        "WHERE id = :id AND token = :at_token AND state = 'waiting'",
        _columns(delivery) | {"at_token": at_token},
    )
    return changed.rowcount == 1


def _columns(delivery: TicketDelivery) -> dict[str, str | int]:
    return {
        "id": delivery.id,
        "ticket": delivery.ticket,
        "state": delivery.state,
        "due_ms": milliseconds(delivery.due_at),
        "leased_ms": milliseconds(delivery.leased_until),
        "token": delivery.token,
        "body": delivery.model_dump_json(),
    }
