"""Raised alerts in SQLite, each with its delivery in the same row."""

import sqlite3
from datetime import datetime

from services.profiles.alerts.alert import Alert, Delivery, RaisedAlert
from services.profiles.alerts.stores.base import Place, milliseconds
from shared.sqlite import SqliteDatabase

SCHEMA = """
CREATE TABLE IF NOT EXISTS alert (
    id TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    raised_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    state TEXT,
    due_ms INTEGER,
    leased_ms INTEGER,
    token INTEGER,
    delivery TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS alert_by_brand ON alert (brand, raised_ms, id);
CREATE INDEX IF NOT EXISTS alert_by_time ON alert (raised_ms);
CREATE INDEX IF NOT EXISTS alert_waiting ON alert (due_ms) WHERE state = 'waiting'
"""
PAGE = (
    "SELECT body, delivery FROM alert WHERE brand = ? AND (raised_ms, id) < (?, ?) "
    "ORDER BY raised_ms DESC, id DESC LIMIT ?"
)
DUE = (
    "SELECT body, delivery FROM alert WHERE state = 'waiting' AND due_ms <= ? AND leased_ms <= ? "
    "ORDER BY due_ms LIMIT 1"
)
EXPIRED = "SELECT id FROM alert WHERE raised_ms < ? LIMIT ?"
_FRONT = Place(2**63 - 1, "")


class SqliteRaised:
    """The part of `AlertStore` about what was raised, on one file."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Use an open database with `SCHEMA`."""
        self._database = database

    async def alerts(self, brand: str, after: Place | None, limit: int) -> list[RaisedAlert]:
        """See `AlertStore.alerts`."""
        place = after or _FRONT

        def work(connection: sqlite3.Connection) -> list[RaisedAlert]:
            return [_raised(row) for row in connection.execute(PAGE, (brand, place.raised_ms, place.id, limit))]

        return await self._database.read(work)

    async def sweep(self, before: datetime, most: int) -> int:
        """See `AlertStore.sweep`."""

        def work(connection: sqlite3.Connection) -> int:
            expired = connection.execute(EXPIRED, (milliseconds(before), most)).fetchall()
            connection.executemany("DELETE FROM alert WHERE id = ?", [(row["id"],) for row in expired])
            return len(expired)

        return await self._database.write(work)

    async def lease_delivery(self, now: datetime, until: datetime) -> RaisedAlert | None:
        """See `AlertStore.lease_delivery`."""
        at = milliseconds(now)

        def work(connection: sqlite3.Connection) -> RaisedAlert | None:
            row = connection.execute(DUE, (at, at)).fetchone()
            if row is None:
                return None
            found = _raised(row)
            leased = found.leased(until)
            _write(connection, leased, found.token)
            return leased

        return await self._database.write(work)

    async def settle_delivery(self, settled: RaisedAlert) -> bool:
        """See `AlertStore.settle_delivery`."""
        return await self._database.write(lambda connection: _write(connection, settled, settled.token))


def insert(connection: sqlite3.Connection, raised: RaisedAlert) -> None:
    """Keep an alert within a transaction; one whose id is there stays as it is."""
    connection.execute(
        "INSERT OR IGNORE INTO alert (id, brand, raised_ms, body, state, due_ms, leased_ms, token, delivery) "
        "VALUES (:id, :brand, :raised_ms, :body, :state, :due_ms, :leased_ms, :token, :delivery)",
        {
            "brand": raised.alert.brand,
            "raised_ms": milliseconds(raised.alert.raised_at),
            "body": raised.alert.model_dump_json(),
            **_columns(raised),
        },
    )


def _write(connection: sqlite3.Connection, raised: RaisedAlert, at_token: int) -> bool:
    changed = connection.execute(
        "UPDATE alert SET state = :state, due_ms = :due_ms, leased_ms = :leased_ms, token = :token, "
        "delivery = :delivery WHERE id = :id AND token = :at_token AND state = 'waiting'",
        _columns(raised) | {"at_token": at_token},
    )
    return changed.rowcount == 1


def _columns(raised: RaisedAlert) -> dict[str, str | int | None]:
    delivery = raised.delivery
    return {
        "id": raised.alert.id,
        "state": delivery.state if delivery else None,
        "due_ms": milliseconds(delivery.due_at) if delivery else None,
        "leased_ms": milliseconds(delivery.leased_until) if delivery else None,
        "token": delivery.token if delivery else None,
        "delivery": delivery.model_dump_json() if delivery else None,
    }


def _raised(row: sqlite3.Row) -> RaisedAlert:
    delivery = Delivery.model_validate_json(row["delivery"]) if row["delivery"] is not None else None
    return RaisedAlert(alert=Alert.model_validate_json(row["body"]), delivery=delivery)
