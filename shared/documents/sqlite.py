"""Documents in SQLite: a table a collection, in a file that may hold other tables too."""

import json
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Collection as Several
from typing import Any, Final, TypeVar

from typing_extensions import override

from shared.documents.base import Change, Documents, Operations
from shared.documents.collection import KEY, Collection, Document, Value
from shared.documents.query import Query
from shared.errors import ConflictError
from shared.sqlite import Runner, SqliteDatabase

Result = TypeVar("Result")

_COLUMNS: Final = {str: "TEXT", int: "INTEGER", bytes: "BLOB"}
_DUPLICATES: Final = frozenset({sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE})


def schema_of(collections: Several[Collection]) -> str:
    """Return the statements that make the tables and indexes of collections where they are missing."""
    return ";\n".join(statement for collection in collections for statement in _schema(collection))


def keep(connection: sqlite3.Connection, collection: Collection, document: Document) -> None:
    """Insert a document within a migration, in its version; raises sqlite3.IntegrityError for a duplicate."""
    connection.execute(_inserting(collection), _row(collection, document, max(1, document.version)))


def _schema(collection: Collection) -> list[str]:
    columns = "".join(f', "{name}" {_COLUMNS[kind]}' for name, kind in collection.fields.items())
    table = f"(key TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL{columns}, body TEXT NOT NULL) STRICT"
    statements = [f'CREATE TABLE IF NOT EXISTS "{collection.table}" {table}']
    for index in collection.indexes:
        names = ", ".join(f'"{name}"' for name in index.fields)
        present = " AND ".join(f'"{name}" IS NOT NULL' for name in index.fields)
        made, over = ("UNIQUE INDEX", names) if index.unique else ("INDEX", f"{names}, key")
        statements.append(
            f'CREATE {made} IF NOT EXISTS "{collection.index_name(index.fields)}" '
            f'ON "{collection.table}" ({over}) WHERE {present}'
        )
    return statements


class SqliteOperations(Operations):
    """Operations by two runners of statements: one for those that read, one for those that write."""

    def __init__(self, collections: frozenset[Collection], read: Runner, write: Runner) -> None:
        """Use a database with `schema_of` the collections."""
        self._collections = collections
        self._read = read
        self._write = write

    @override
    async def get_all(self, collection: Collection, keys: Sequence[str], *, bodies: bool = True) -> list[Document]:
        statement = (
            f"SELECT {_selected(self._known(collection).fields, bodies=bodies)}, version "
            f'FROM "{collection.table}" WHERE key IN (SELECT value FROM json_each(?))'
        )
        asked = (json.dumps(list(keys)),)
        rows = await self._read(lambda connection: connection.execute(statement, asked).fetchall())
        return [_document(row, collection.fields) for row in rows]

    @override
    async def find(self, collection: Collection, query: Query, limit: int) -> list[Document]:
        names = tuple(collection.fields) if query.bodies else query.index
        source, values = _asked(self._known(collection), query)
        version = "version" if query.bodies else "0 AS version"
        selected = _selected(names, bodies=query.bodies)
        statement = f"SELECT {selected}, {version} FROM {source} LIMIT ?"
        rows = await self._read(lambda connection: connection.execute(statement, (*values, limit)).fetchall())
        return [_document(row, names) for row in rows]

    @override
    async def count(self, collection: Collection, query: Query, limit: int) -> int:
        source, values = _asked(self._known(collection), query)
        statement = f"SELECT count(*) FROM (SELECT 1 FROM {source} LIMIT ?)"
        row = await self._read(lambda connection: connection.execute(statement, (*values, limit)).fetchone())
        return int(row[0])

    @override
    async def insert(self, collection: Collection, document: Document) -> bool:
        row = _row(self._known(collection), document, 1)
        return await self._write(lambda connection: _insert(connection, collection, row))

    @override
    async def replace(self, collection: Collection, document: Document) -> Document | None:
        row = _row(self._known(collection), document, document.version + 1)
        replaced = await self._write(lambda connection: _replace(connection, collection, row))
        return _next(document) if replaced else None

    @override
    async def update(self, collection: Collection, key: str, change: Change) -> Document | None:
        self._known(collection)
        return await self._write(lambda connection: _update(connection, collection, key, change))

    @override
    async def put_all(self, collection: Collection, documents: Sequence[Document]) -> None:
        if any(index.unique for index in self._known(collection).indexes):
            raise ValueError(f"{collection.name} has a unique index: its documents are put one by one")
        rows = [_row(collection, document, 1) for document in documents]
        changed = ", ".join(f'"{name}" = excluded."{name}"' for name in (*collection.fields, "body"))
        statement = f"{_inserting(collection)} ON CONFLICT (key) DO UPDATE SET version = version + 1, {changed}"
        # No cursor may leave the thread: it would reset its statement from another one.
        await self._write(lambda connection: connection.executemany(statement, rows).rowcount)

    @override
    async def delete(self, collection: Collection, key: str, version: int | None = None) -> bool:
        statement = f'DELETE FROM "{self._known(collection).table}" WHERE key = ?1 AND version = ifnull(?2, version)'
        return await self._write(lambda connection: connection.execute(statement, (key, version)).rowcount == 1)

    @override
    async def delete_all(self, collection: Collection, keys: Sequence[str]) -> int:
        statement = f'DELETE FROM "{self._known(collection).table}" WHERE key IN (SELECT value FROM json_each(?))'
        asked = (json.dumps(list(keys)),)
        return await self._write(lambda connection: connection.execute(statement, asked).rowcount)

    @override
    async def delete_found(self, collection: Collection, query: Query, limit: int) -> int:
        source, values = _asked(self._known(collection), query)
        statement = f'DELETE FROM "{collection.table}" WHERE key IN (SELECT key FROM {source} LIMIT ?)'
        return await self._write(lambda connection: connection.execute(statement, (*values, limit)).rowcount)

    def _known(self, collection: Collection) -> Collection:
        if collection not in self._collections:
            raise ValueError(f"the collection {collection.name} was not declared when the store was opened")
        return collection


class SqliteDocuments(SqliteOperations, Documents):
    """`Documents` on one file, which was opened with `schema_of` the collections."""

    def __init__(self, database: SqliteDatabase, collections: Several[Collection]) -> None:
        """Use an open database."""
        super().__init__(frozenset(collections), database.read, database.write)
        self._database = database

    @override
    async def transaction(self, work: Callable[[Operations], Awaitable[Result]]) -> Result:
        return await self._database.transaction(lambda run: work(SqliteOperations(self._collections, run, run)))

    @override
    async def check_ready(self) -> None:
        await self._database.check_ready()

    @override
    async def scrub(self) -> None:
        await self._database.checkpoint()


def _selected(names: Several[str], *, bodies: bool) -> str:
    return ", ".join(("key", *(f'"{name}"' for name in names), "body" if bodies else "'' AS body"))


def _asked(collection: Collection, query: Query) -> tuple[str, list[Any]]:
    """Return the table with the conditions and the order of a query, and the values that stand in them."""
    query.check(collection)
    conditions: list[str] = []
    values: list[Any] = []
    for name, value in zip(query.index, query.equal, strict=False):
        several = isinstance(value, tuple)
        conditions.append(f'"{name}" IN (SELECT value FROM json_each(?))' if several else f'"{name}" = ?')
        values.append(json.dumps(value) if several else value)
    conditions += [f'"{name}" IS NOT NULL' for name in query.index[len(query.equal) :]]
    for bound, operator in ((query.low, ">="), (query.high, "<=")):
        if bound is not None:
            conditions.append(f'"{query.ranged}" {operator} ?')
            values.append(bound)
    names = ", ".join(f'"{name}"' for name in query.free)
    if query.after is not None:
        conditions.append(f"({names}) {'<' if query.descending else '>'} ({', '.join('?' for _ in query.after)})")
        values += query.after
    order = ", ".join(f'"{name}" DESC' if query.descending else f'"{name}"' for name in query.free)
    source = f'"{collection.table}"'
    if query.index:
        source += f' INDEXED BY "{collection.index_name(query.index)}"'
    return f"{source} WHERE {' AND '.join(conditions) or 'true'} ORDER BY {order}", values


def _row(collection: Collection, document: Document, version: int) -> dict[str, Value]:
    return {KEY: document.key, "version": version, **collection.values(document), "body": document.body}


def _document(row: sqlite3.Row, names: Several[str]) -> Document:
    fields = {name: row[name] for name in names if row[name] is not None}
    return Document(row[KEY], row["body"], fields, row["version"])


def _next(document: Document) -> Document:
    fields = {name: value for name, value in document.fields.items() if value is not None}
    return Document(document.key, document.body, fields, document.version + 1)


def _inserting(collection: Collection) -> str:
    names = (KEY, "version", *collection.fields, "body")
    columns, values = ", ".join(f'"{name}"' for name in names), ", ".join(f":{name}" for name in names)
    return f'INSERT INTO "{collection.table}" ({columns}) VALUES ({values})'


def _insert(connection: sqlite3.Connection, collection: Collection, row: dict[str, Value]) -> bool:
    try:
        connection.execute(_inserting(collection), row)
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorcode not in _DUPLICATES:
            raise
        return False
    return True


def _replace(connection: sqlite3.Connection, collection: Collection, row: dict[str, Value]) -> bool:
    changes = ", ".join(f'"{name}" = :{name}' for name in ("version", *collection.fields, "body"))
    statement = f'UPDATE "{collection.table}" SET {changes} WHERE key = :key AND version = :version - 1'
    try:
        return connection.execute(statement, row).rowcount == 1
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorcode not in _DUPLICATES:
            raise
        raise ConflictError(f"another document of {collection.name} has what may be there once") from None


def _update(connection: sqlite3.Connection, collection: Collection, key: str, change: Change) -> Document | None:
    statement = f'SELECT {_selected(collection.fields, bodies=True)}, version FROM "{collection.table}" WHERE key = ?'
    row = connection.execute(statement, (key,)).fetchone()
    before = _document(row, collection.fields) if row is not None else None
    after = change(before)
    if after is before:
        return before
    if after is None:
        connection.execute(f'DELETE FROM "{collection.table}" WHERE key = ?', (key,))
        return None
    if before is None:
        if not _insert(connection, collection, _row(collection, after, 1)):
            raise ConflictError(f"another document of {collection.name} has what may be there once")
        return _next(Document(key, after.body, after.fields))
    kept = Document(key, after.body, after.fields, before.version)
    _replace(connection, collection, _row(collection, kept, kept.version + 1))
    return _next(kept)
