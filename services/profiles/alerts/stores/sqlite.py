"""Alert rules and webhooks in SQLite; raised alerts stand in a module of their own."""

import sqlite3
from datetime import datetime

from services.profiles.alerts.alert import RaisedAlert
from services.profiles.alerts.heartbeat import Heartbeat
from services.profiles.alerts.rule import KeptRule, Rule, Standing
from services.profiles.alerts.stores import sqlite_raised
from services.profiles.alerts.stores.base import milliseconds, moment
from services.profiles.alerts.stores.sqlite_raised import SqliteRaised, insert
from services.profiles.alerts.webhook import Webhook

_OWN_SCHEMA = """
CREATE TABLE IF NOT EXISTS alert_rule (
    brand TEXT NOT NULL,
    name TEXT NOT NULL,
    judged INTEGER NOT NULL,
    rule TEXT NOT NULL,
    standing TEXT NOT NULL,
    PRIMARY KEY (brand, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert_heartbeat (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at_ms INTEGER NOT NULL,
    judges_from_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS webhook (
    name TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT, WITHOUT ROWID
"""
SCHEMA = f"{_OWN_SCHEMA};{sqlite_raised.SCHEMA}"


class SqliteAlertStore(SqliteRaised):
    """`AlertStore` on one file with `SCHEMA`."""

    async def put_rule(self, rule: Rule, judged: int) -> KeptRule:
        """See `AlertStore.put_rule`."""

        def work(connection: sqlite3.Connection) -> KeptRule:
            row = connection.execute(
                "INSERT INTO alert_rule (brand, name, judged, rule, standing) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (brand, name) DO UPDATE SET rule = excluded.rule RETURNING rule, standing",
                (rule.brand, rule.name, judged, rule.model_dump_json(), Standing(judged=judged).model_dump_json()),
            ).fetchone()
            return _rule(row)

        return await self._database.write(work)

    async def rule(self, brand: str, name: str) -> KeptRule | None:
        """See `AlertStore.rule`."""

        def work(connection: sqlite3.Connection) -> KeptRule | None:
            row = connection.execute("SELECT * FROM alert_rule WHERE brand = ? AND name = ?", (brand, name)).fetchone()
            return _rule(row) if row is not None else None

        return await self._database.read(work)

    async def rules(self, brand: str, after: str, limit: int) -> list[KeptRule]:
        """See `AlertStore.rules`."""

        def work(connection: sqlite3.Connection) -> list[KeptRule]:
            statement = "SELECT * FROM alert_rule WHERE brand = ? AND name > ? ORDER BY name LIMIT ?"
            return [_rule(row) for row in connection.execute(statement, (brand, after, limit))]

        return await self._database.read(work)

    async def delete_rule(self, brand: str, name: str) -> bool:
        """See `AlertStore.delete_rule`."""

        def work(connection: sqlite3.Connection) -> bool:
            statement = "DELETE FROM alert_rule WHERE brand = ? AND name = ?"
            return connection.execute(statement, (brand, name)).rowcount == 1

        return await self._database.write(work)

    async def due_rules(self, newest: int, after: tuple[str, str] | None, limit: int) -> list[KeptRule]:
        """See `AlertStore.due_rules`."""

        def work(connection: sqlite3.Connection) -> list[KeptRule]:
            statement = (
                "SELECT * FROM alert_rule WHERE (brand, name) > (?, ?) AND judged < ? ORDER BY brand, name LIMIT ?"
            )
            return [_rule(row) for row in connection.execute(statement, (*(after or ("", "")), newest, limit))]

        return await self._database.read(work)

    async def record(self, before: KeptRule, after: Standing, raised: RaisedAlert | None) -> bool:
        """See `AlertStore.record`: one transaction."""
        rule = before.rule

        def work(connection: sqlite3.Connection) -> bool:
            moved = connection.execute(
                "UPDATE alert_rule SET judged = ?, standing = ? WHERE brand = ? AND name = ? AND judged = ?",
                (after.judged, after.model_dump_json(), rule.brand, rule.name, before.standing.judged),
            )
            if moved.rowcount != 1:
                return False
            if raised is not None:
                insert(connection, raised)
            return True

        return await self._database.write(work)

    async def heartbeat(self) -> Heartbeat | None:
        """See `AlertStore.heartbeat`."""

        def work(connection: sqlite3.Connection) -> Heartbeat | None:
            row = connection.execute("SELECT at_ms, judges_from_ms FROM alert_heartbeat").fetchone()
            return Heartbeat(moment(row["at_ms"]), moment(row["judges_from_ms"])) if row is not None else None

        return await self._database.read(work)

    async def put_heartbeat(self, heartbeat: Heartbeat) -> None:
        """See `AlertStore.put_heartbeat`."""
        row = (milliseconds(heartbeat.at), milliseconds(heartbeat.judges_from))

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO alert_heartbeat (one, at_ms, judges_from_ms) VALUES (1, ?, ?)", row
            )

        await self._database.write(work)

    async def put_webhook(self, webhook: Webhook) -> None:
        """See `AlertStore.put_webhook`."""
        row = (webhook.name, webhook.url, webhook.updated_at.isoformat())

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO webhook (name, url, updated_at) VALUES (?, ?, ?)", row)

        await self._database.write(work)

    async def webhook(self, name: str) -> Webhook | None:
        """See `AlertStore.webhook`."""

        def work(connection: sqlite3.Connection) -> Webhook | None:
            row = connection.execute("SELECT * FROM webhook WHERE name = ?", (name,)).fetchone()
            return _webhook(row) if row is not None else None

        return await self._database.read(work)

    async def webhooks(self, after: str, limit: int) -> list[Webhook]:
        """See `AlertStore.webhooks`."""

        def work(connection: sqlite3.Connection) -> list[Webhook]:
            statement = "SELECT * FROM webhook WHERE name > ? ORDER BY name LIMIT ?"
            return [_webhook(row) for row in connection.execute(statement, (after, limit))]

        return await self._database.read(work)

    async def delete_webhook(self, name: str) -> bool:
        """See `AlertStore.delete_webhook`."""

        def work(connection: sqlite3.Connection) -> bool:
            return connection.execute("DELETE FROM webhook WHERE name = ?", (name,)).rowcount == 1

        return await self._database.write(work)


def _rule(row: sqlite3.Row) -> KeptRule:
    return KeptRule(rule=Rule.model_validate_json(row["rule"]), standing=Standing.model_validate_json(row["standing"]))


def _webhook(row: sqlite3.Row) -> Webhook:
    return Webhook(row["name"], row["url"], datetime.fromisoformat(row["updated_at"]))
