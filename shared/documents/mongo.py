"""Documents in MongoDB: a collection each, with the fields beside the body."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Collection as Several
from dataclasses import replace
from typing import Any, Final, TypeVar

from pymongo.errors import BulkWriteError, DuplicateKeyError
from typing_extensions import override

from shared.documents.base import Change, Documents, Operations
from shared.documents.collection import Collection, Document
from shared.documents.mongo_query import document_of, filter_of, hint_of, indexes_of, order_of, put_of, row_of
from shared.documents.query import Query
from shared.errors import ConflictError, OverloadedError
from shared.mongo import MongoDatabase, MongoSession, answering, check_replica_set, in_transaction, met_another

Result = TypeVar("Result")
Preparation = Callable[[MongoDatabase], Awaitable[None]]

_ATTEMPTS: Final = 40
_FIRST_PAUSE: Final = 0.001
_LONGEST_PAUSE: Final = 0.05


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
        return [document_of(row, collection.fields) async for row in found]

    @override
    @answering
    async def find(self, collection: Collection, query: Query, limit: int) -> list[Document]:
        stored = await self._stored(collection)
        wanted = filter_of(collection, query)
        if limit < 1 or () in query.equal:
            return []
        found = stored.find(
            wanted,
            None if query.bodies else dict.fromkeys(("_id", *query.index), 1),
            sort=order_of(query),
            limit=limit,
            hint=hint_of(collection, query),
            session=self._session,
        )
        return [document_of(row, collection.fields) async for row in found]

    @override
    @answering
    async def count(self, collection: Collection, query: Query, limit: int) -> int:
        stored = await self._stored(collection)
        wanted = filter_of(collection, query)
        if limit < 1 or () in query.equal:
            return 0
        hint = hint_of(collection, query)
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
        return document_of(row, collection.fields) if result.matched_count else None

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
                    return document_of(row, collection.fields)
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
        writes = [put_of(collection, document) for document in documents]
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
        wanted = {"$and": [{"_id": {"$in": [document.key for document in found]}}, filter_of(collection, query)]}
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
                await self._database[collection.table].create_indexes(indexes_of(collection))
        if self._prepare is not None:
            await self._prepare(self._database)
        self._prepared = True
