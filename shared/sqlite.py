"""An SQLite file behind threads of its own: one writer, a few readers, none on the event loop."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from shared.errors import OverloadedError, SettingsError, StoreFaultError
from shared.sqlite_condition import FileCondition, probe, unprobe

Result = TypeVar("Result")
Statement = Callable[[sqlite3.Connection], Result]

READERS = 2
BUSY_SECONDS = 30.0
MOST_WAITING = 128
TRANSACTION_SECONDS = 10.0
"""For how long a transaction may keep the writer."""


class Runner(Protocol):
    """Runs statements in a thread of the database."""

    async def __call__(self, work: Statement[Result], /) -> Result:
        """Run `work` and return what it does."""
        ...


class SqliteDatabase:
    """WAL mode, `synchronous=FULL`: what `write` returned is durable, readers never wait for the writer.

    What is deleted is overwritten with zeros in the file (`secure_delete`), free pages included; earlier versions of a
    page stay in the write-ahead log until `checkpoint`.

    Each unit of work is a plain function of a connection, run in a thread: one thread writes, so writes
    of this process never meet; another process's writer is waited for up to 30 s. At most 128 units of
    either kind run or wait; more raise OverloadedError, as does a writer elsewhere that keeps the file. What the
    file or its disk cannot do raises StoreFaultError, and nothing is half-written.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; `open_sqlite` makes it and closes the connections."""
        self._path = path
        self._writer = _Threads(1, "sqlite-writer")
        self._readers = _Threads(READERS, "sqlite-reader")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self.condition = FileCondition(path)

    async def write(self, work: Statement[Result]) -> Result:
        """Run `work` in one transaction: all of it is kept, or (where it raises) nothing.

        A caller that is cancelled leaves the transaction to finish by itself.
        """

        def transaction() -> Result:
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            before = connection.total_changes
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise
            if connection.total_changes > before:
                self.condition.wrote()
            return result

        return await self._run(self._writer, transaction)

    async def read(self, work: Statement[Result]) -> Result:
        """Run `work` on one consistent snapshot."""

        def snapshot() -> Result:
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                _roll_back(connection)

        return await self._run(self._readers, snapshot)

    async def transaction(
        self, work: Callable[[Runner], Awaitable[Result]], seconds: float = TRANSACTION_SECONDS
    ) -> Result:
        """Run `work` in one transaction of statements, each run by what it is given; all is kept, or nothing.

        Other writers wait until it has ended. It is undone where `work` raises or is cancelled, and where it lasts
        longer than `seconds`, which raises OverloadedError; `work` must not write in another way meanwhile.
        """
        statements = _Statements(seconds)
        serving = asyncio.ensure_future(self.write(statements.serve))
        try:
            result = await work(lambda statement: statements.run(statement, serving))
        except BaseException as error:
            statements.end(keep=False)
            await asyncio.wait({serving})
            serving.exception()
            if isinstance(error, sqlite3.Error):
                raise self.condition.told(error) from None
            raise
        statements.end(keep=True)
        await serving
        return result

    async def checkpoint(self) -> bool:
        """Bring the write-ahead log into the file and empty it, so that what was deleted is in neither.

        It waits for no reader: where one of them holds the log back it is left as it is, for a later checkpoint, and
        False is returned.
        """

        def empty() -> bool:
            connection = self._connection()
            connection.execute("PRAGMA busy_timeout = 0")
            try:
                return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                connection.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")

        return await self._run(self._writer, empty)

    async def check_ready(self) -> None:
        """Return where the file can be read, and written if it was not lately; raises StoreFaultError."""
        await asyncio.to_thread(self.condition.check)
        if self.condition.is_proven:
            await self.read(lambda connection: connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone())
            return
        with suppress(OverloadedError):  # A writer is at work.
            await self.write(probe)
            await self.write(unprobe)

    async def _run(self, threads: "_Threads", work: Callable[[], Result]) -> Result:
        try:
            return await threads.run(work)
        except sqlite3.Error as error:
            raise self.condition.told(error) from None

    def close(self) -> None:
        """Wait for what runs, then close every connection."""
        self._writer.close()
        self._readers.close()
        for connection in self._connections:
            connection.close()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA secure_delete=ON")
            self._local.connection = connection
            with self._lock:
                self._connections.append(connection)
        return connection


class _UndoneError(Exception):
    """Undoes a transaction whose caller gave it up."""


class _Statements:
    """The statements of one transaction, on their way from the event loop to the thread that keeps it open."""

    def __init__(self, seconds: float) -> None:
        self._queue: SimpleQueue[tuple[Statement[Any], Future[Any]] | bool] = SimpleQueue()
        self._seconds = seconds

    def serve(self, connection: sqlite3.Connection) -> None:
        """Run statements until the end is told; raises where nothing is to be kept."""
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                asked = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise OverloadedError("a transaction kept the store for too long and was undone; try again") from None
            if asked is True:
                return
            if asked is False:
                raise _UndoneError
            statement, future = asked
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(statement(connection))
                except BaseException as error:  # noqa: BLE001 - raised where the statement is awaited
                    future.set_exception(error)

    async def run(self, statement: Statement[Result], serving: "asyncio.Future[None]") -> Result:
        """Return what a statement does; raises as `serving` does where the transaction is over before."""
        future: Future[Result] = Future()
        self._queue.put((statement, future))
        done = asyncio.wrap_future(future)
        either: tuple[asyncio.Future[Any], ...] = (done, serving)
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                serving.result()
            return await done
        finally:
            done.cancel()

    def end(self, *, keep: bool) -> None:
        """Tell the thread to keep what was done, or nothing of it."""
        self._queue.put(keep)


class _Threads:
    """Some threads and the bounded queue in front of them; belongs to one event loop."""

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._taken = 0

    async def run(self, work: Callable[[], Result]) -> Result:
        if self._taken >= MOST_WAITING:
            raise OverloadedError("too much waits for the store; send this again")
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._taken -= 1

    def close(self) -> None:
        self._pool.shutdown()


def _roll_back(connection: sqlite3.Connection) -> None:
    """End the transaction, unless SQLite ended it already, as it does on a full disk."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


@asynccontextmanager
async def open_sqlite(
    path: Path, schema: str, migrations: Sequence[Statement[None]] = ()
) -> AsyncIterator[SqliteDatabase]:
    """Open (or make) the database file and bring its schema up, in one transaction: one process does it at a time.

    Args:
        path: the file.
        schema: idempotent `CREATE ... IF NOT EXISTS` statements, the schema of today.
        migrations: how a file of each earlier version becomes one of the next, from version 0 on; they run before
            `schema`. The version stands in the file (`user_version`); a new file has that of today.

    A file that was there is looked through for damage beside the work, which is logged and makes it unready.

    Raises SettingsError where the file cannot be made, is no database, or was written by a later version.
    """
    database, stop = SqliteDatabase(path), threading.Event()
    checking: set[asyncio.Future[None]] = set()
    try:
        try:
            is_known = await asyncio.to_thread(database.condition.prepare)
            await database.write(lambda connection: _bring_up(connection, path, schema, migrations))
        except (OSError, sqlite3.Error, OverloadedError, StoreFaultError) as error:
            raise SettingsError(
                f"the database {path} cannot be opened ({error}): check the folder's permissions and the disk's free "
                "space, or move the file away and restore it"
            ) from None
        database.condition.opened()
        if is_known:
            checking.add(asyncio.ensure_future(asyncio.to_thread(database.condition.look_for_damage, stop)))
        yield database
    finally:
        stop.set()
        if checking:
            await asyncio.wait(checking)
        await asyncio.to_thread(database.close)


def _bring_up(connection: sqlite3.Connection, path: Path, schema: str, migrations: Sequence[Statement[None]]) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        raise SettingsError(
            f"the database {path} was written by a later version of voxpop (schema {version}, known are up to "
            f"{len(migrations)}): install that version, or restore a copy made before it"
        )
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for migrate in migrations[version:]:
            migrate(connection)
    for statement in schema.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(migrations)}")
