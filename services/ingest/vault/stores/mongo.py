"""Sealed rows in MongoDB, a standalone server included: every row is a document of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import ReplaceOne

from services.ingest.vault.stores.base import MOST_ROWS, SealedRow
from shared.mongo import MongoDatabase, answering


class MongoVaultStore:
    """`VaultStore` on the collection `vault`. Expiry is by `sweep` alone: a server's own may be inert."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database."""
        self._rows = database["vault"]

    @answering
    async def prepare(self) -> None:
        """Make the indexes."""
        await self._rows.create_index([("expires_at", 1)])
        await self._rows.create_index([("author_key", 1)], sparse=True)

    @answering
    async def put(self, rows: Sequence[SealedRow]) -> None:
        """See `VaultStore.put`."""
        if rows:
            writes = [ReplaceOne({"_id": _place(row.purpose, row.row)}, _document(row), upsert=True) for row in rows]
            await self._rows.bulk_write(writes, ordered=True)

    @answering
    async def find(self, purpose: str, rows: Sequence[str], now: datetime) -> dict[str, bytes]:
        """See `VaultStore.find`."""
        places = [_place(purpose, row) for row in rows]
        found = self._rows.find({"_id": {"$in": places}, "expires_at": {"$gt": now}}, {"sealed": 1})
        return {_row(document): bytes(document["sealed"]) async for document in found}

    @answering
    async def page(self, purpose: str, after: str, limit: int, now: datetime) -> list[SealedRow]:
        """See `VaultStore.page`."""
        query = {"_id": {"$gt": _place(purpose, after), "$lt": f"{purpose};"}, "expires_at": {"$gt": now}}
        found = self._rows.find(query).sort("_id", 1).limit(limit)
        return [
            SealedRow(
                purpose,
                _row(document),
                bytes(document["sealed"]),
                document["expires_at"],
                document.get("author_key"),
            )
            async for document in found
        ]

    @answering
    async def delete(self, purpose: str, rows: Sequence[str]) -> int:
        """See `VaultStore.delete`."""
        gone = await self._rows.delete_many({"_id": {"$in": [_place(purpose, row) for row in rows]}})
        return int(gone.deleted_count)

    @answering
    async def of_author(self, author_key: str, limit: int) -> list[tuple[str, str]]:
        """See `VaultStore.of_author`."""
        found = self._rows.find({"author_key": author_key}, {"_id": 1}).sort("_id", 1).limit(limit)
        return [(str(document["_id"]).partition(":")[0], _row(document)) async for document in found]

    @answering
    async def delete_author(self, author_key: str) -> int:
        """See `VaultStore.delete_author`."""
        gone = await self._rows.delete_many({"author_key": author_key})
        return int(gone.deleted_count)

    @answering
    async def sweep(self, now: datetime) -> int:
        """See `VaultStore.sweep`."""
        expired = self._rows.find({"expires_at": {"$lte": now}}, {"_id": 1}).sort("expires_at", 1).limit(MOST_ROWS)
        places = [document["_id"] async for document in expired]
        # Asked again: a row that was put anew meanwhile is not expired any more.
        gone = await self._rows.delete_many({"_id": {"$in": places}, "expires_at": {"$lte": now}})
        return int(gone.deleted_count)


def _place(purpose: str, row: str) -> str:
    """Return the place as one key; a purpose has no colon, and ";" is the character after it."""
    return f"{purpose}:{row}"


def _row(document: Any) -> str:
    return str(document["_id"]).partition(":")[2]


def _document(row: SealedRow) -> dict[str, Any]:
    document: dict[str, Any] = {"sealed": row.sealed, "expires_at": row.expires_at}
    if row.author_key is not None:
        document["author_key"] = row.author_key
    return document
