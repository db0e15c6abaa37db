"""The way of what a store kept before there were documents: old tables and collections move, and are dropped."""

import asyncio
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Collection as Several
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
from pymongo.errors import BulkWriteError, DuplicateKeyError

from shared.clock import SKEW
from shared.documents import sqlite
from shared.documents.collection import Collection, Document
from shared.documents.mongo import Preparation
from shared.documents.mongo_query import row_of
from shared.errors import SettingsError
from shared.mongo import MongoDatabase, MongoSession, in_transaction
from shared.sqlite import Statement

Kept = tuple[Collection, Document]

BATCH: Final = 200
"""Old documents in memory at a time."""
LEASE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 1.0
_GUARD: Final = "document_moves"
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Move:
    """What becomes of the rows of an old table, or the documents of an old collection.

    `convert` is given each of them as names and values, and returns the documents to keep; their version is kept too
    where it is not 0. `rows` is a SELECT for those of a table where several rows become one document.
    """

    source: str
    convert: Callable[[Mapping[str, Any]], Iterable[Kept]]
    rows: str | None = None


def moved_tables(moves: Sequence[Move], collections: Several[Collection]) -> Statement[None]:
    """Return the migration that moves those of the tables that are there, in their order, for `open_sqlite`."""

    def migrate(connection: sqlite3.Connection) -> None:
        for statement in sqlite.schema_of(collections).split(";"):
            connection.execute(statement)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for move in moves:
            if move.source in tables:
                rows = connection.execute(move.rows or f'SELECT * FROM "{move.source}"')  # noqa: S608 - a name of ours
                for row in rows:
                    for collection, document in move.convert(dict(row)):
                        sqlite.keep(connection, collection, document)
                connection.execute(f'DROP TABLE "{move.source}"')

    return migrate


def moved_collections(moves: Sequence[Move]) -> Preparation:
    """Return what moves MongoDB collections in their order, for `MongoDocuments`.

    One replica moves, a batch in a transaction, while the others wait; where it dies, another one goes on. What is
    there already is never overwritten, and a collection is dropped once all that it has is kept; so it may be cut off
    anywhere. No replica of the earlier version may run meanwhile. Raises SettingsError where a document cannot be kept.
    """

    async def prepare(database: MongoDatabase) -> None:
        owner = secrets.token_hex(8)
        while sources := {move.source for move in moves} & set(await database.list_collection_names()):
            if not await _guarded(database, owner):
                await asyncio.sleep(LOOK_SECONDS)
                continue
            for move in moves:
                if move.source in sources:
                    await _move(database, move, owner)
        await database[_GUARD].delete_one({"_id": "moves", "owner": owner})

    return prepare


async def _guarded(database: MongoDatabase, owner: str) -> bool:
    """Take or renew the lease of moving; tell whether it is the caller's."""
    now = time.time()
    beyond = now + LEASE_SECONDS + SKEW.total_seconds()
    lapsed = [{"until": {"$lte": now}}, {"until": {"$gt": beyond}}]
    free = {"_id": "moves", "$or": [{"owner": owner}, *lapsed]}
    try:
        await database[_GUARD].update_one(free, {"$set": {"owner": owner, "until": now + LEASE_SECONDS}}, upsert=True)
    except DuplicateKeyError:
        return False
    return True


async def _move(database: MongoDatabase, move: Move, owner: str) -> None:
    """Keep what a collection has, batch by batch, then drop it; leave it where the lease is lost."""
    source, moved, last = database[move.source], 0, None
    while True:
        wanted: dict[str, Any] = {} if last is None else {"_id": {"$gt": last}}
        batch = await source.find(wanted, sort=[("_id", 1)], limit=BATCH).to_list(BATCH)
        if not batch:
            break
        kept = [one for row in batch for one in move.convert(row)]
        if not await in_transaction(database, partial(_keep, database, move, kept, owner)):
            return
        moved, last = moved + len(batch), batch[-1]["_id"]
    is_whole = await source.count_documents({}) == moved
    if not await _guarded(database, owner):
        return
    if not is_whole:
        raise SettingsError(f"the old collection {move.source} changed while it was moved: stop all old replicas first")
    await source.drop()
    log.info("documents.moved", source=move.source, documents=moved)


async def _keep(database: MongoDatabase, move: Move, kept: Sequence[Kept], owner: str, session: MongoSession) -> bool:
    """Keep what is not there yet, in a transaction that renews the lease; False where that is another replica's."""
    renewed = {"$set": {"until": time.time() + LEASE_SECONDS}}
    held = await database[_GUARD].update_one({"_id": "moves", "owner": owner}, renewed, session=session)
    if not held.matched_count:
        return False
    for collection in dict(kept):
        documents = [document for place, document in kept if place is collection]
        rows = {one.key: row_of(collection, one, max(1, one.version)) for one in documents}
        target = database[collection.table]
        there = target.find({"_id": {"$in": list(rows)}}, {"_id": 1}, session=session)
        for row in await there.to_list(None):
            del rows[row["_id"]]
        try:
            if rows:
                await target.insert_many(list(rows.values()), session=session)
        except BulkWriteError:
            # Another replica would have met the lease first.
            raise SettingsError(
                f"documents of the old collection {move.source} cannot be kept in {collection.table}, where others "
                "have what may be there once: restore the database and report this"
            ) from None
    return True
