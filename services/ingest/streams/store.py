"""Streams and backfills: which replica runs each, and how far each has come."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from services.ingest.streams.run_outcome import SELDOM_AT_MOST
from services.ingest.streams.stream import DesiredState, Stream, StreamKind, StreamProgress, StreamState
from shared.clock import milliseconds
from shared.documents.base import Documents
from shared.documents.collection import Collection, Document, Index
from shared.documents.query import Query
from shared.errors import ConflictError, NotFoundError, OverloadedError
from shared.leases import LEASE_FIELDS, LEASE_INDEX, Lease, Leases, due_of, freed, lease_of

STREAMS: Final = Collection(
    "streams",
    {"kind": str, "brand": str, "slot": str, "wanted": str, "cursor": bytes, **LEASE_FIELDS},
    (
        Index(("kind",)),
        Index(("kind", "brand")),
        Index(("slot",), unique=True),
        Index(("wanted", "due_ms")),
        LEASE_INDEX,
    ),
)
LEASE: Final = timedelta(seconds=30)
_MUTABLE: Final = {"wanted", "owner", "lapses_at"}
_ATTEMPTS: Final = 5


@dataclass(frozen=True, repr=False)
class LeasedStream:
    """A stream just leased, with the sealed cursor where it goes on; None begins anew."""

    lease: Lease
    stream: Stream
    cursor: bytes | None


class StreamStore:
    """Streams and backfills, shared by all replicas.

    A stream has one owner at a time, by a lease (`shared.leases`): what an owner of before writes is refused with
    LeaseLostError and changes nothing, however late it comes. A stream is *due* where it is wanted running, no replica
    has its lease, and its time to be tried (again) has come. Every operation is all or nothing, also between
    processes; moments are kept to the millisecond. Operations raise as those of documents do.
    """

    def __init__(self, documents: Documents) -> None:
        """Keep `STREAMS` in an open database."""
        self._documents = documents
        self._leases = Leases(documents, STREAMS, SELDOM_AT_MOST, ("wanted", "due_ms"), (DesiredState.RUNNING.value,))

    async def add(self, stream: Stream) -> Stream:
        """Keep a new stream, due at once, and return it.

        Where one with the same slot is there, return that one as it is. A backfill that has finished frees its slot,
        and so does a deleted stream.
        """
        document = freed(document_of(stream), stream.created_at)
        for _ in range(_ATTEMPTS):
            if await self._documents.insert(STREAMS, document):
                return stream
            there = await self._documents.find(STREAMS, Query(("slot",), (stream.slot,)), 1)
            if there:
                return _stream(there[0])
        raise OverloadedError("others ask for this stream and take it away at the same moment; try again")

    async def find(self, stream_id: str) -> Stream:
        """Return one; raises NotFoundError."""
        document = await self._documents.get(STREAMS, stream_id)
        if document is None:
            raise NotFoundError(missing(stream_id))
        return _stream(document)

    async def page(self, kind: StreamKind, brand: str | None, after: str, limit: int) -> list[Stream]:
        """Return up to `limit` of a kind (of one brand) by id, those after the id `after`; "" begins."""
        index, equal = (("kind",), (kind.value,)) if brand is None else (("kind", "brand"), (kind.value, brand))
        found = await self._documents.find(STREAMS, Query(index, equal, after=(after,)), limit)
        return [_stream(document) for document in found]

    async def want(self, stream_id: str, wanted: DesiredState, now: datetime) -> Stream:
        """Note what people want, for the owner to see, and return the stream.

        Wanting it running makes it due at once, also where it failed. Raises NotFoundError, ConflictError for
        one that has finished.
        """

        def wanting(document: Document | None) -> Document:
            if document is None:
                raise NotFoundError(missing(stream_id))
            if _stream(document).progress.state is StreamState.FINISHED:
                raise ConflictError(f"{stream_id} has finished; ask for a new one")
            due = {"due_ms": milliseconds(now)} if wanted is DesiredState.RUNNING and not lease_of(document) else {}
            return replace(document, fields={**document.fields, "wanted": wanted.value, **due})

        document = await self._documents.update(STREAMS, stream_id, wanting)
        if document is None:
            raise NotFoundError(missing(stream_id))
        return _stream(document)

    async def delete(self, stream_id: str) -> None:
        """Remove it with its cursor; its owner's next writing fails. Raises NotFoundError."""
        if not await self._documents.delete(STREAMS, stream_id):
            raise NotFoundError(missing(stream_id))

    async def due(self, now: datetime, limit: int, ttl: timedelta = LEASE) -> list[str]:
        """Return the ids of up to `limit` due streams, those due longest first; leases last `ttl`."""
        return await self._leases.due(now, limit, ttl)

    async def acquire(self, stream_id: str, owner: str, now: datetime, ttl: timedelta) -> LeasedStream | None:
        """Lease a due stream until `now + ttl`; None where it is not due (any more). Of several takers one gets it."""
        taken = await self._leases.take_key(stream_id, owner, now, now + ttl)
        return None if taken is None else LeasedStream(taken[0], _stream(taken[1]), cursor_of(taken[1]))

    async def record(
        self, lease: Lease, progress: StreamProgress, cursor: bytes | None, lapses_at: datetime
    ) -> DesiredState:
        """Keep the progress, and the cursor where one is given; renew the lease; return what people want.

        Raises LeaseLostError.
        """
        document = await self._leases.write(lease, _progressing(progress, cursor), lapses_at)
        return _stream(document).wanted

    async def release(self, lease: Lease, progress: StreamProgress, cursor: bytes | None, due: datetime | None) -> None:
        """Keep how it ended, as `record` does, and release it; due again at `due`, never for None.

        Raises LeaseLostError.
        """
        await self._leases.release(lease, due, _progressing(progress, cursor))


def missing(stream_id: str) -> str:
    """Return the sentence for an id that is not there."""
    return f"there is no stream {stream_id!a}; GET /v1/streams and GET /v1/backfills list those there are"


def document_of(stream: Stream) -> Document:
    """Return a stream as it is kept, without lease and cursor; a finished one leaves its slot free."""
    fields = {"kind": stream.kind.value, "brand": stream.brand, "wanted": stream.wanted.value}
    if stream.progress.state is not StreamState.FINISHED:
        fields["slot"] = stream.slot
    return Document(stream.stream_id, stream.model_dump_json(exclude=_MUTABLE), fields)


def cursor_of(document: Document) -> bytes | None:
    """Return the sealed cursor of a kept stream."""
    cursor = document.fields.get("cursor")
    return cursor if isinstance(cursor, bytes) else None


def _stream(document: Document) -> Stream:
    lease = lease_of(document)
    mutable: dict[str, Any] = {"wanted": document.fields["wanted"]}
    if lease is not None:
        mutable |= {"owner": lease.owner, "lapses_at": due_of(document)}
    return Stream.model_validate(json.loads(document.body) | mutable)


def _progressing(progress: StreamProgress, cursor: bytes | None) -> Callable[[Document], Document]:
    def changed(document: Document) -> Document:
        kept = document_of(_stream(document).model_copy(update={"progress": progress}))
        return replace(kept, fields={**kept.fields, "cursor": cursor if cursor is not None else cursor_of(document)})

    return changed
