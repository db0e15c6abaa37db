"""Streams in MongoDB, a standalone server included: every step is atomic within one document."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from services.ingest.streams.stores.base import Lease, LeasedStream, finished, lost, missing
from services.ingest.streams.stream import DesiredState, Stream, StreamKind, StreamProgress, StreamState
from shared.errors import NotFoundError, OverloadedError
from shared.mongo import MongoDatabase, answering

ATTEMPTS = 5


class MongoStreamStore:
    """`StreamStore` on the collection `streams`.

    A unique index on `slot` keeps two streams with the same question apart; a finished backfill's slot is its id.
    """

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database; `prepare` is due first."""
        self._streams = database["streams"]

    @answering
    async def prepare(self) -> None:
        """Make the indexes."""
        await self._streams.create_index("slot", unique=True)
        await self._streams.create_index([("kind", 1), ("_id", 1)])
        await self._streams.create_index([("wanted", 1), ("due_ms", 1)])

    @answering
    async def add(self, stream: Stream) -> Stream:
        """See `StreamStore.add`."""
        document = {
            "_id": stream.stream_id,
            "kind": stream.kind.value,
            "brand": stream.brand,
            "slot": stream.slot,
            "wanted": stream.wanted.value,
            "due_ms": _ms(stream.created_at),
            "owner": None,
            "lapses_ms": 0,
            "token": 0,
            "body": stream.model_dump_json(exclude={"progress", "wanted", "owner", "lapses_at"}),
            "progress": stream.progress.model_dump_json(),
            "cursor": None,
            "finished": False,
        }
        for _ in range(ATTEMPTS):
            try:
                await self._streams.insert_one(document)
            except DuplicateKeyError:
                there = await self._streams.find_one({"slot": stream.slot})
                if there is not None:
                    return _stream(there)
            else:
                return stream
        raise OverloadedError("others ask for this stream and take it away at the same moment; try again")

    @answering
    async def find(self, stream_id: str) -> Stream:
        """See `StreamStore.find`."""
        document = await self._streams.find_one({"_id": stream_id})
        if document is None:
            raise NotFoundError(missing(stream_id))
        return _stream(document)

    @answering
    async def page(self, kind: StreamKind, brand: str | None, after: str, limit: int) -> list[Stream]:
        """See `StreamStore.page`."""
        query: dict[str, Any] = {"kind": kind.value, "_id": {"$gt": after}}
        if brand is not None:
            query["brand"] = brand
        return [_stream(document) async for document in self._streams.find(query).sort("_id", 1).limit(limit)]

    @answering
    async def want(self, stream_id: str, wanted: DesiredState, now: datetime) -> Stream:
        """See `StreamStore.want`."""
        change: dict[str, Any] = {"wanted": wanted.value}
        if wanted is DesiredState.RUNNING:
            change["due_ms"] = _ms(now)
        document = await self._streams.find_one_and_update(
            {"_id": stream_id, "finished": False}, {"$set": change}, return_document=ReturnDocument.AFTER
        )
        if document is None:
            await self.find(stream_id)
            raise finished(stream_id)
        return _stream(document)

    @answering
    async def delete(self, stream_id: str) -> None:
        """See `StreamStore.delete`."""
        result = await self._streams.delete_one({"_id": stream_id})
        if not result.deleted_count:
            raise NotFoundError(missing(stream_id))

    @answering
    async def due(self, now: datetime, limit: int) -> list[str]:
        """See `StreamStore.due`."""
        found = self._streams.find(_due(now), {"_id": 1}).sort([("due_ms", 1), ("_id", 1)]).limit(limit)
        return [document["_id"] async for document in found]

    @answering
    async def acquire(self, stream_id: str, owner: str, now: datetime, ttl: timedelta) -> LeasedStream | None:
        """See `StreamStore.acquire`."""
        document = await self._streams.find_one_and_update(
            {"_id": stream_id, **_due(now)},
            {"$set": {"owner": owner, "lapses_ms": _ms(now + ttl)}, "$inc": {"token": 1}},
            return_document=ReturnDocument.AFTER,
        )
        if document is None:
            return None
        return LeasedStream(Lease(stream_id, owner, document["token"]), _stream(document), document["cursor"])

    @answering
    async def record(
        self, lease: Lease, progress: StreamProgress, cursor: bytes | None, lapses_at: datetime
    ) -> DesiredState:
        """See `StreamStore.record`."""
        change = _change(progress, cursor) | {"lapses_ms": _ms(lapses_at)}
        document = await self._streams.find_one_and_update(_held(lease), {"$set": change}, {"wanted": 1})
        if document is None:
            raise lost(lease)
        return DesiredState(document["wanted"])

    @answering
    async def release(self, lease: Lease, progress: StreamProgress, cursor: bytes | None, due: datetime | None) -> None:
        """See `StreamStore.release`."""
        change = _change(progress, cursor) | {"due_ms": None if due is None else _ms(due), "owner": None}
        change["lapses_ms"] = 0
        if progress.state is StreamState.FINISHED:
            change |= {"finished": True, "slot": lease.stream_id}
        result = await self._streams.update_one(_held(lease), {"$set": change})
        if not result.matched_count:
            raise lost(lease)


def _held(lease: Lease) -> dict[str, Any]:
    return {"_id": lease.stream_id, "token": lease.token, "owner": lease.owner}


def _due(now: datetime) -> dict[str, Any]:
    # A number is compared with numbers alone: null is never due.
    return {"wanted": DesiredState.RUNNING.value, "due_ms": {"$lte": _ms(now)}, "lapses_ms": {"$lte": _ms(now)}}


def _change(progress: StreamProgress, cursor: bytes | None) -> dict[str, Any]:
    change: dict[str, Any] = {"progress": progress.model_dump_json()}
    if cursor is not None:
        change["cursor"] = cursor
    return change


def _stream(document: Any) -> Stream:
    lapses_at = datetime.fromtimestamp(document["lapses_ms"] / 1000, UTC) if document["owner"] is not None else None
    return Stream(
        **json.loads(document["body"]),
        wanted=DesiredState(document["wanted"]),
        progress=StreamProgress.model_validate_json(document["progress"]),
        owner=document["owner"],
        lapses_at=lapses_at,
    )


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
