"""Runs in SQLite."""

import sqlite3
from datetime import timedelta

from services.clusters.failures import LeaseLostError
from services.clusters.run import Basis, Run, RunStatus
from services.clusters.stores.base import INTERRUPTED, Clock, admitted, cancellable, slot_of
from shared.errors import NotFoundError
from shared.sqlite import SqliteDatabase

SCHEMA = """
CREATE TABLE IF NOT EXISTS run (
    run_id TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    basis TEXT NOT NULL,
    slot TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    renewed REAL NOT NULL,
    active INTEGER NOT NULL,
    cancel INTEGER NOT NULL DEFAULT 0,
    served INTEGER,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS run_of_brand ON run (brand, run_id);
CREATE INDEX IF NOT EXISTS run_lapsing ON run (renewed) WHERE active;
CREATE INDEX IF NOT EXISTS run_served ON run (brand, basis, served) WHERE served IS NOT NULL
"""


class SqliteRunStore:
    """`RunStore` on one file."""

    def __init__(self, database: SqliteDatabase, clock: Clock, lease: timedelta) -> None:
        """Use an open database with `SCHEMA`; a lease lapses `lease` after its last renewal."""
        self._database = database
        self._clock = clock
        self._lease = lease

    async def submit(self, run: Run, owner: str) -> Run:
        """See `RunStore.submit`."""

        def work(connection: sqlite3.Connection) -> Run:
            self._fail_lapsed(connection)
            row = connection.execute("SELECT body FROM run WHERE slot = ?", (slot_of(run),)).fetchone()
            if row is not None:
                return admitted(_run(row), run)
            connection.execute(
                "INSERT INTO run (run_id, brand, basis, slot, owner, renewed, active, body) "
                "VALUES (?, ?, ?, ?, ?, ?, 1, ?)",
                (run.run_id, run.brand, run.request.basis, slot_of(run), owner, self._now(), run.model_dump_json()),
            )
            return run

        return await self._database.write(work)

    async def record(self, run: Run, owner: str) -> bool:
        """See `RunStore.record`."""

        def work(connection: sqlite3.Connection) -> bool:
            row = connection.execute(
                "UPDATE run SET body = ?, renewed = ? WHERE run_id = ? AND owner = ? AND active RETURNING cancel",
                (run.model_dump_json(), self._now(), run.run_id, owner),
            ).fetchone()
            if row is None:
                raise LeaseLostError(f"run {run.run_id} is no longer held")
            return bool(row["cancel"])

        return await self._database.write(work)

    async def finish(self, run: Run, owner: str) -> None:
        """See `RunStore.finish`."""

        def work(connection: sqlite3.Connection) -> None:
            held = "run_id = ? AND owner = ? AND active"
            if connection.execute(f"SELECT 1 FROM run WHERE {held}", (run.run_id, owner)).fetchone() is None:  # noqa: S608 - no value is formatted in
                raise LeaseLostError(f"run {run.run_id} is no longer held")
            _end(connection, run)
            if run.status is RunStatus.SUCCEEDED:
                connection.execute(
                    "UPDATE run SET served = 1 + "
                    "(SELECT coalesce(max(served), 0) FROM run WHERE brand = ? AND basis = ?) WHERE run_id = ?",
                    (run.brand, run.request.basis, run.run_id),
                )

        await self._database.write(work)

    async def ask_cancel(self, run_id: str) -> Run:
        """See `RunStore.ask_cancel`."""

        def work(connection: sqlite3.Connection) -> Run:
            run = _found(connection, run_id)
            if cancellable(run):
                connection.execute("UPDATE run SET cancel = 1 WHERE run_id = ?", (run_id,))
            return run

        return await self._database.write(work)

    async def fail_lapsed(self) -> int:
        """See `RunStore.fail_lapsed`."""
        return await self._database.write(self._fail_lapsed)

    async def find(self, run_id: str) -> Run:
        """See `RunStore.find`."""
        return await self._database.read(lambda connection: _found(connection, run_id))

    async def runs(self, brand: str, limit: int, before: str | None = None) -> list[Run]:
        """See `RunStore.runs`."""

        def work(connection: sqlite3.Connection) -> list[Run]:
            rows = connection.execute(
                "SELECT body FROM run WHERE brand = ? AND (? IS NULL OR run_id < ?) ORDER BY run_id DESC LIMIT ?",
                (brand, before, before, limit),
            )
            return [_run(row) for row in rows]

        return await self._database.read(work)

    async def current(self, brand: str, basis: Basis) -> Run | None:
        """See `RunStore.current`."""

        def work(connection: sqlite3.Connection) -> Run | None:
            row = connection.execute(
                "SELECT body FROM run WHERE brand = ? AND basis = ? AND served IS NOT NULL "
                "ORDER BY served DESC LIMIT 1",
                (brand, basis),
            ).fetchone()
            return _run(row) if row is not None else None

        return await self._database.read(work)

    async def check_ready(self) -> None:
        """See `RunStore.check_ready`."""
        await self._database.read(lambda connection: connection.execute("SELECT count(*) FROM run WHERE active"))

    def _fail_lapsed(self, connection: sqlite3.Connection) -> int:
        lapsed = connection.execute(
            "SELECT body FROM run WHERE active AND renewed < ?", (self._now() - self._lease.total_seconds(),)
        ).fetchall()
        for row in lapsed:
            _end(connection, _run(row).ending(RunStatus.FAILED, self._clock(), INTERRUPTED))
        return len(lapsed)

    def _now(self) -> float:
        return self._clock().timestamp()


def _end(connection: sqlite3.Connection, run: Run) -> None:
    connection.execute(
        "UPDATE run SET body = ?, active = 0, slot = run_id WHERE run_id = ?", (run.model_dump_json(), run.run_id)
    )


def _found(connection: sqlite3.Connection, run_id: str) -> Run:
    row = connection.execute("SELECT body FROM run WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        raise NotFoundError("there is no such run")
    return _run(row)


def _run(row: sqlite3.Row) -> Run:
    return Run.model_validate_json(row["body"])
