"""What a fold writes into SQLite, statement by statement, to be written again without any of the work around it."""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

from shared.sqlite import SqliteDatabase

Written = list[tuple[str, list[Any]]]
"""The statements of one transaction, each with its rows."""


class Recording:
    """A database that does as the real one and notes what each transaction writes."""

    def __init__(self, real: SqliteDatabase) -> None:
        """Write through `real`."""
        self._real = real
        self.read = real.read
        self.transactions: list[Written] = []

    async def write(self, work: Callable[[Any], Any]) -> Any:
        """Run `work` in one transaction, noting what it writes."""
        written: Written = []
        self.transactions.append(written)
        return await self._real.write(lambda connection: work(_Noting(connection, written)))


class _Noting:
    def __init__(self, real: sqlite3.Connection, written: Written) -> None:
        self._real = real
        self._written = written

    def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        if not statement.lstrip().upper().startswith("SELECT"):
            self._written.append((statement, [values]))
        return self._real.execute(statement, values)

    def executemany(self, statement: str, rows: Iterable[Any]) -> sqlite3.Cursor:
        rows = list(rows)
        if rows:
            self._written.append((statement, rows))
        return self._real.executemany(statement, rows)


def write_again(connection: sqlite3.Connection, written: Written) -> None:
    """Write a transaction's rows: nothing is looked up, computed or encoded."""
    for statement, rows in written:
        connection.executemany(statement, rows)
