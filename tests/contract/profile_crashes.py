"""Stores of profiles that crash at a chosen step, on databases that go on."""

import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pymongo.errors import AutoReconnect

from services.profiles.stores.base import ProfileStore
from services.profiles.stores.mongo import MongoProfileStore
from services.profiles.stores.sqlite import SqliteProfileStore
from shared.errors import PeerUnavailableError
from shared.sqlite import SqliteDatabase, Statement

WRITES = ("bulk_write", "insert_many", "update_one", "update_many", "delete_many", "find_one_and_update")
Result = TypeVar("Result")

Meddle = Callable[[str, bool], Awaitable[None]]
"""Told before and after (True) each write what it is called; what it raises, the folder meets."""


class Watched:
    """A collection or database of MongoDB whose writes are told to `meddle`."""

    def __init__(self, real: Any, meddle: Meddle) -> None:
        """Watch the real one."""
        self._real = real
        self._meddle = meddle

    def __getitem__(self, name: str) -> "Watched":
        return Watched(self._real[name], self._meddle)

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        if name not in WRITES:
            return real

        async def write(*args: Any, **kwargs: Any) -> Any:
            await self._meddle(name, False)  # noqa: FBT003 - before
            result = await real(*args, **kwargs)
            await self._meddle(name, True)  # noqa: FBT003 - after
            return result

        return write


class Crash:
    """Raises at one of the steps (a write has two: before it and after it), and at every later one."""

    def __init__(self, step: int) -> None:
        """Let `step` steps pass."""
        self._left = step
        self.happened = False

    async def __call__(self, _write: str, _after: bool) -> None:  # noqa: FBT001 - as Meddle
        """Count one step."""
        self.count()

    def count(self) -> None:
        """Count one step."""
        self._left -= 1
        if self._left < 0:
            self.happened = True
            raise AutoReconnect("crash")


class Interrupted:
    """An SQLite file whose writer crashes: before a statement of a transaction, or before it can say it is done."""

    def __init__(self, real: SqliteDatabase, crash: Crash) -> None:
        """Crash as `crash` says; each statement is a step, and so is each answer."""
        self._real = real
        self._crash = crash
        self.read = real.read
        self.checkpoint = real.checkpoint

    async def write(self, work: Statement[Result]) -> Result:
        """Run `work` as the real file does."""
        counted: Any = lambda connection: work(Counted(connection, self._crash))  # type: ignore[arg-type] # noqa: E731
        try:
            result: Result = await self._real.write(counted)
            self._crash.count()
        except AutoReconnect:
            raise PeerUnavailableError("sqlite", "crash") from None
        return result


class Counted:
    """A connection each of whose statements is a step."""

    def __init__(self, real: sqlite3.Connection, crash: Crash) -> None:
        """Run statements on the real connection."""
        self._real = real
        self._crash = crash

    def execute(self, *args: Any) -> sqlite3.Cursor:
        """Count a step, then run the statement."""
        self._crash.count()
        return self._real.execute(*args)

    def executemany(self, *args: Any) -> sqlite3.Cursor:
        """Count a step, then run the statement for each row."""
        self._crash.count()
        return self._real.executemany(*args)


def crashing(store: ProfileStore, crash: Crash) -> ProfileStore:
    """Return a store on the same database that meets `crash`; a crash is a PeerUnavailableError to its caller."""
    if isinstance(store, SqliteProfileStore):
        return SqliteProfileStore(Interrupted(store._database, crash))  # type: ignore[arg-type]
    assert isinstance(store, MongoProfileStore)
    return MongoProfileStore(Watched(store._database, crash))
