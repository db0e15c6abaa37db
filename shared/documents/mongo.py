"""Documents in MongoDB: a collection each, with the fields beside the body."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Collection as Several
from dataclasses import replace
from typing import Any, Final, TypeVar

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError
from typing_extensions import override

from shared.documents.base import Change, Documents, Operations
from shared.documents.collection import KEY, Collection, Document
from shared.documents.query import Query
from shared.errors import ConflictError, OverloadedError
from shared.mongo import MongoDatabase, MongoSession, answering, check_replica_set, in_transaction, met_another

Result = TypeVar("Result")
Preparation = Callable[[MongoDatabase], Awaitable[None]]

_ATTEMPTS: Final = 40
_FIRST_PAUSE: Final = 0.001
_LONGEST_PAUSE: Final = 0.05
_LOWEST: Final[dict[type, Any]] = {str: "", int: -(2**63), bytes: b""}
"""The least value of each type: a bound that every value keeps, by which a query says that there is one."""


class MongoOperations(Operations):
    """Operations on a database, in the transaction of a session where there is one."""

    def __init__(
        self, database: MongoDatabase, collections: frozenset[Collection], session: MongoSession = None
    ) -> None:
        """Use an open database."""
        self._database = database
        self._collections = collections
        self._session = session

    @override
    @answering
    async def get_all(self, collection: Collection, keys: Sequence[str], *, bodies: bool = True) -> list[Document]:
        stored = await self._stored(collection)
        projection = None if bodies else {"body": 0}
        found = stored.find({"_id": {"$in": list(keys)}}, projection, session=self._session)
        return [_document(row, collection.fields) async for row in found]

    @override
    @answering
    async def find(self, collection: Collection, query: Query, limit: int) -> list[Document]:
        stored = await self._stored(collection)
        wanted = _filter(collection, query)
        if limit < 1:
            return []
        direction = DESCENDING if query.descending else ASCENDING
        found = stored.find(
            wanted,
            None if query.bodies else dict.fromkeys(("_id", *query.index), 1),
            sort=[(_stored_name(name), direction) for name in query.free],
            limit=limit,
            hint=_hint(collection, query),
            session=self._session,
        )
        return [_document(row, collection.fields) async for row in found]

    @override
    @answering
    async def count(self, collection: Collection, query: Query, limit: int) -> int:
        stored = await self._stored(collection)
        wanted = _filter(collection, query)
        if limit < 1:
            return 0
        hint = _hint(collection, query)
        return int(await stored.count_documents(wanted, limit=limit, hint=hint, session=self._session))

    @override
    @answering
    async def insert(self, collection: Collection, document: Document) -> bool:
        stored = await self._stored(collection)
        row = row_of(collection, document, 1)
        if self._session is not None:
            # A duplicate that the server meets would end the transaction.
            if await stored.find_one({"_id": document.key}, {"_id": 1}, session=self._session) is not None:
                return False
            if await self._clashes(stored, collection, row):
                return False
        try:
            await stored.insert_one(row, session=self._session)
        except DuplicateKeyError:
            if self._session is not None:
                raise
            return False
        return True

    @override
    @answering
    async def replace(self, collection: Collection, document: Document) -> Document | None:
        stored = await self._stored(collection)
        row = row_of(collection, document, document.version + 1)
        clash = ConflictError(f"another document of {collection.name} has what may be there once")
        wanted = {"_id": document.key, "version": document.version}
        if self._session is not None:
            if await stored.find_one(wanted, {"_id": 1}, session=self._session) is None:
                return None
            if await self._clashes(stored, collection, row):
                raise clash
        try:
            result = await stored.replace_one(wanted, row, session=self._session)
        except DuplicateKeyError:
            if self._session is not None:
                raise
            raise clash from None
        return _document(row, collection.fields) if result.matched_count else None

    @override
    async def update(self, collection: Collection, key: str, change: Change) -> Document | None:
        pause = _FIRST_PAUSE
        for _ in range(_ATTEMPTS):
            before = await self.get(collection, key)
            after = change(before)
            if after is before:
                return before
            if before is None and after is not None:
                row = row_of(collection, replace(after, key=key), 1)
                if await self.insert(collection, replace(after, key=key)):
                    return _document(row, collection.fields)
                if await self._clashes(await self._stored(collection), collection, row):
                    raise ConflictError(f"another document of {collection.name} has what may be there once")
            elif before is not None and after is not None:
                kept = await self.replace(collection, replace(after, key=key, version=before.version))
                if kept is not None:
                    return kept
            elif before is not None and await self.delete(collection, key, before.version):
                return None
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - spreads retries, keeps no secret
            pause = min(2 * pause, _LONGEST_PAUSE)
        raise OverloadedError("others change the same in the store all the time; send it again")

    @override
    @answering
    async def put_all(self, collection: Collection, documents: Sequence[Document]) -> None:
        stored = await self._stored(collection)
        if any(index.unique for index in collection.indexes):
            raise ValueError(f"{collection.name} has a unique index: its documents are put one by one")
        writes = [_put(collection, document) for document in documents]
        for attempt in range(1, _ATTEMPTS + 1):
            if not writes:
                return
            try:
                await stored.bulk_write(writes, ordered=self._session is not None, session=self._session)
            except BulkWriteError as error:
                # Two first writes of a key may both find no document; the second one then finds the first's.
                if self._session is not None or not met_another(error) or attempt == _ATTEMPTS:
                    raise
            else:
                return

    @override
    @answering
    async def delete(self, collection: Collection, key: str, version: int | None = None) -> bool:
        stored = await self._stored(collection)
        wanted = {"_id": key} | ({} if version is None else {"version": version})
        return bool((await stored.delete_one(wanted, session=self._session)).deleted_count)

    @override
    @answering
    async def delete_all(self, collection: Collection, keys: Sequence[str]) -> int:
        stored = await self._stored(collection)
        return int((await stored.delete_many({"_id": {"$in": list(keys)}}, session=self._session)).deleted_count)

    @override
    @answering
    async def delete_found(self, collection: Collection, query: Query, limit: int) -> int:
        found = await self.find(collection, replace(query, bodies=False), limit)
        stored = await self._stored(collection)
        # Asked again: a document may have been changed since it was found.
        wanted = {"$and": [{"_id": {"$in": [document.key for document in found]}}, _filter(collection, query)]}
        return int((await stored.delete_many(wanted, session=self._session)).deleted_count)

    async def _stored(self, collection: Collection) -> Any:
        if collection not in self._collections:
            raise ValueError(f"the collection {collection.name} was not declared when the store was opened")
        return self._database[collection.table]

    async def _clashes(self, stored: Any, collection: Collection, row: dict[str, Any]) -> bool:
        """Tell whether another document has what must be unique of this one."""
        for index in collection.indexes:
            if index.unique and all(name in row for name in index.fields):
                wanted = {"_id": {"$ne": row["_id"]}, **{name: row[name] for name in index.fields}}
                if await stored.find_one(wanted, {"_id": 1}, session=self._session) is not None:
                    return True
        return False


class MongoDocuments(MongoOperations, Documents):
    """`Documents` on one database of a replica set.

    What the server can do is looked at, and indexes are made, at the first operation, so that a service can start
    while the server is away.
    """

    def __init__(
        self, database: MongoDatabase, collections: Several[Collection], prepare: Preparation | None = None
    ) -> None:
        """Use an open database; `prepare` is waited for once, before the first operation."""
        super().__init__(database, frozenset(collections))
        self._prepare = prepare
        self._preparing = asyncio.Lock()
        self._prepared = False

    @override
    async def transaction(self, work: Callable[[Operations], Awaitable[Result]]) -> Result:
        await self._ready()

        async def attempt(session: MongoSession) -> Result:
            return await work(MongoOperations(self._database, self._collections, session))

        return await in_transaction(self._database, attempt)

    @override
    @answering
    async def check_ready(self) -> None:
        await self._ready()
        await self._database.command("ping")

    @override
    async def scrub(self) -> None:
        """Leave it to the server, which uses the space of what was deleted again and cannot be told when."""

    @override
    async def _stored(self, collection: Collection) -> Any:
        stored = await super()._stored(collection)
        await self._ready()
        return stored

    @answering
    async def _ready(self) -> None:
        if not self._prepared:
            async with self._preparing:
                await self._make_ready()

    async def _make_ready(self) -> None:
        if self._prepared:
            return
        await check_replica_set(self._database)
        for collection in self._collections:
            if collection.indexes:
                await self._database[collection.table].create_indexes(_indexes(collection))
        if self._prepare is not None:
            await self._prepare(self._database)
        self._prepared = True


def _indexes(collection: Collection) -> list[IndexModel]:
    return [
        IndexModel(
            [(name, ASCENDING) for name in (*index.fields, *(() if index.unique else ("_id",)))],
            name=collection.index_name(index.fields),
            unique=index.unique,
            partialFilterExpression={name: {"$exists": True} for name in index.fields},
        )
        for index in collection.indexes
    ]


def _hint(collection: Collection, query: Query) -> str:
    return collection.index_name(query.index) if query.index else "_id_"


def _filter(collection: Collection, query: Query) -> dict[str, Any]:
    """Return the conditions of a query."""
    query.check(collection)
    conditions: list[dict[str, Any]] = [
        {name: {"$in": list(value)} if isinstance(value, tuple) else value}
        for name, value in zip(query.index, query.equal, strict=False)
    ]
    conditions += [{name: {"$gte": _LOWEST[collection.fields[name]]}} for name in query.index[len(query.equal) :]]
    for bound, operator in ((query.low, "$gte"), (query.high, "$lte")):
        if bound is not None:
            conditions.append({_stored_name(query.ranged): {operator: bound}})
    if query.after is not None:
        conditions += _behind(query, query.after)
    return {"$and": conditions} if conditions else {}


def _behind(query: Query, after: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the conditions of lying behind a place: a bound for the index, then what compares the fields in turn."""
    names = [_stored_name(name) for name in query.free]
    beyond, bound = ("$lt", "$lte") if query.descending else ("$gt", "$gte")
    turns = [
        {**dict(zip(names[:turn], after[:turn], strict=True)), names[turn]: {beyond: after[turn]}}
        for turn in range(len(names))
    ]
    return turns if len(turns) == 1 else [{names[0]: {bound: after[0]}}, {"$or": turns}]


def _stored_name(name: str) -> str:
    return "_id" if name == KEY else name


def row_of(collection: Collection, document: Document, version: int) -> dict[str, Any]:
    """Return a document as MongoDB has it."""
    fields = {name: value for name, value in collection.values(document).items() if value is not None}
    return {"_id": document.key, "version": version, **fields, "body": document.body}


def _put(collection: Collection, document: Document) -> UpdateOne:
    row = row_of(collection, document, 0)
    del row["version"]
    absent = {name: "" for name in collection.fields if name not in row}
    change = {"$set": {name: value for name, value in row.items() if name != "_id"}, "$inc": {"version": 1}}
    return UpdateOne({"_id": document.key}, change | ({"$unset": absent} if absent else {}), upsert=True)


def _document(row: dict[str, Any], names: Several[str]) -> Document:
    fields = {name: row[name] for name in names if row.get(name) is not None}
    return Document(row["_id"], row.get("body", ""), fields, row.get("version", 0))
