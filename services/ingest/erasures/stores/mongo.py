"""Erasures in MongoDB, a standalone server included: a document each, every change one atomic step on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from services.ingest.erasures.erasure import Erasure, asked_again, taken
from services.ingest.erasures.stores.base import milliseconds, missing
from shared.errors import NotFoundError, OverloadedError
from shared.mongo import MongoDatabase, answering

_ATTEMPTS: Final = 8


class MongoErasureStore:
    """`ErasureStore` on the collection `erasures`; the author is the key, so there are no two of one."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database."""
        self._erasures = database["erasures"]

    @answering
    async def prepare(self) -> None:
        """Make the indexes."""
        await self._erasures.create_index([("erasure_id", 1)], unique=True)
        await self._erasures.create_index([("due_ms", 1)], sparse=True)

    @answering
    async def ask(self, wanted: Erasure) -> Erasure:
        """See `ErasureStore.ask`."""
        for _ in range(_ATTEMPTS):
            document = await self._erasures.find_one({"_id": wanted.author_key})
            if document is None:
                try:
                    await self._erasures.insert_one(_document(wanted))
                except DuplicateKeyError:
                    continue
                return wanted
            known = _erasure(document)
            kept = asked_again(known, wanted)
            if kept == known or await self._write(kept, known.token):
                return kept
        raise OverloadedError("this erasure changes all the time; ask again")

    @answering
    async def find(self, erasure_id: str) -> Erasure:
        """See `ErasureStore.find`."""
        document = await self._erasures.find_one({"erasure_id": erasure_id})
        if document is None:
            raise NotFoundError(missing(erasure_id))
        return _erasure(document)

    @answering
    async def erased(self, author_keys: Sequence[str]) -> set[str]:
        """See `ErasureStore.erased`."""
        found = self._erasures.find({"_id": {"$in": list(author_keys)}}, {"_id": 1})
        return {document["_id"] async for document in found}

    @answering
    async def lease(self, now: datetime, until: datetime) -> Erasure | None:
        """See `ErasureStore.lease`: who moves the token on from what was read has the lease."""
        at = milliseconds(now)
        due = {"due_ms": {"$lte": at}, "leased_ms": {"$lte": at}}
        for _ in range(_ATTEMPTS):
            document = await self._erasures.find_one(due, sort=[("due_ms", 1)])
            if document is None:
                return None
            found = _erasure(document)
            leased = taken(found, until)
            if await self._write(leased, found.token):
                return leased
        return None

    @answering
    async def record(self, erasure: Erasure) -> bool:
        """See `ErasureStore.record`."""
        return await self._write(erasure, erasure.token)

    async def _write(self, erasure: Erasure, at_token: int) -> bool:
        query = {"_id": erasure.author_key, "token": at_token}
        return int((await self._erasures.replace_one(query, _document(erasure))).matched_count) == 1


def _document(erasure: Erasure) -> dict[str, Any]:
    document: dict[str, Any] = {
        "_id": erasure.author_key,
        "erasure_id": erasure.id,
        "leased_ms": milliseconds(erasure.leased_until),
        "token": erasure.token,
        "body": erasure.model_dump_json(),
    }
    if erasure.due_at is not None:
        document["due_ms"] = milliseconds(erasure.due_at)
    return document


def _erasure(document: Any) -> Erasure:
    return Erasure.model_validate_json(document["body"])
