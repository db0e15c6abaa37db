"""Streams and backfills: which replica runs each, and how far each has come."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from services.ingest.streams.run_outcome import SELDOM_AT_MOST
from services.ingest.streams.stream import DesiredState, Stream, StreamKind, StreamProgress, StreamState
from shared.clock import milliseconds
from shared.documents.base import MOST_DOCUMENTS, Documents
from shared.documents.collection import Collection, Document, Index
from shared.documents.query import Query
from shared.documents.unreadable_row import find_readable, read_document
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
WITHDRAWING: Final = "withdrawing"
"""What `wanted` is kept as where a stream is paused or deleted and has left something at its network."""
_DELETED: Final = "deleted|"
"""What the slot of a deleted stream begins with, as long as it has left something; it has no kind and no brand."""
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
    has its lease, and its time to be tried (again) has come. One that is paused or deleted and has left something at
    its network is due in another list, `withdrawals`, until what it left is gone. Every operation is all or nothing,
    also between processes; moments are kept to the millisecond. Operations raise as those of documents do.
    """

    def __init__(self, documents: Documents) -> None:
        """Keep `STREAMS` in an open database."""
        self._documents = documents
        index = ("wanted", "due_ms")
        self._leases = Leases(documents, STREAMS, SELDOM_AT_MOST, index, (DesiredState.RUNNING.value,))
        self._withdrawing = Leases(documents, STREAMS, SELDOM_AT_MOST, index, (WITHDRAWING,))

    async def add(self, stream: Stream) -> Stream:
        """Keep a new stream, due at once, and return it.

        Where one with the same slot is there, return that one as it is. A backfill that has finished frees its slot,
        and so does a deleted stream.
        """
        document = freed(document_of(stream), stream.created_at)
        for _ in range(_ATTEMPTS):
            if await self._documents.insert(STREAMS, document):
                await self._take_over_from_deleted(stream)
                return stream
            there = await self._documents.find(STREAMS, Query(("slot",), (stream.slot,)), 1)
            if there:
                return _stream(there[0])
        raise OverloadedError("others ask for this stream and take it away at the same moment; try again")

    async def _take_over_from_deleted(self, stream: Stream) -> None:
        """End the withdrawals of deleted streams of the same slot: what they left is the new stream's.

        While a replica still holds one of them, the new stream waits for the end of that lease.
        """
        query = Query(("slot",), low=f"{_DELETED}{stream.slot}|", high=f"{_DELETED}{stream.slot}|~")
        before = await self._documents.find(STREAMS, query, MOST_DOCUMENTS)
        if not before:
            return
        await self._documents.delete_all(STREAMS, [document.key for document in before])
        held = [due for document in before if lease_of(document) and (due := due_of(document)) is not None]

        def waiting(document: Document | None) -> Document | None:
            if document is None or lease_of(document) or not held:
                return document
            return freed(document, max(stream.created_at, *held))

        await self._documents.update(STREAMS, stream.stream_id, waiting)

    async def find(self, stream_id: str) -> Stream:
        """Return one; raises NotFoundError."""
        document = await self._documents.get(STREAMS, stream_id)
        if document is None or _is_deleted(document):
            raise NotFoundError(missing(stream_id))
        return read_document(STREAMS, document, _stream)

    async def page(self, kind: StreamKind, brand: str | None, after: str, limit: int) -> list[Stream]:
        """Return up to `limit` of a kind (of one brand) by id, those after the id `after`; "" begins."""
        index, equal = (("kind",), (kind.value,)) if brand is None else (("kind", "brand"), (kind.value, brand))
        return await find_readable(self._documents, STREAMS, Query(index, equal, after=(after,)), limit, _stream)

    async def want(self, stream_id: str, wanted: DesiredState, now: datetime, *, leaves: bool = False) -> Stream:
        """Note what people want, for the owner to see, and return the stream.

        Wanting it running makes it due at once, also where it failed; so does wanting it paused where it `leaves`
        something, in `withdrawals`. Raises NotFoundError, ConflictError for one that has finished.
        """
        told = WITHDRAWING if leaves and wanted is DesiredState.PAUSED else wanted.value

        def wanting(document: Document | None) -> Document:
            if document is None or _is_deleted(document):
                raise NotFoundError(missing(stream_id))
            if _stream(document).progress.state is StreamState.FINISHED:
                raise ConflictError(f"{stream_id} has finished; ask for a new one")
            is_due = told != DesiredState.PAUSED and not lease_of(document)
            due = {"due_ms": milliseconds(now)} if is_due else {}
            return replace(document, fields={**document.fields, "wanted": told, **due})

        document = await self._documents.update(STREAMS, stream_id, wanting)
        if document is None:
            raise NotFoundError(missing(stream_id))
        return _stream(document)

    async def delete(self, stream_id: str, now: datetime, *, leaves: bool = False) -> None:
        """Remove it with its cursor; its owner's next writing fails.

        One that `leaves` something can be found no more, and frees its slot; its owner is told that it is paused, and
        it stays in `withdrawals` until what it left is gone. Raises NotFoundError.
        """

        def deleting(document: Document | None) -> Document | None:
            if document is None or _is_deleted(document):
                raise NotFoundError(missing(stream_id))
            if not leaves:
                return None
            slot = f"{_DELETED}{_stream(document).slot}|{stream_id}"
            gone = {"kind": None, "brand": None, "slot": slot, "cursor": None, "wanted": WITHDRAWING}
            due = {} if lease_of(document) else {"due_ms": milliseconds(now)}
            return replace(document, fields={**document.fields, **gone, **due})

        await self._documents.update(STREAMS, stream_id, deleting)

    async def due(self, now: datetime, limit: int, ttl: timedelta = LEASE) -> list[str]:
        """Return the ids of up to `limit` due streams, those due longest first; leases last `ttl`."""
        return await self._leases.due(now, limit, ttl)

    async def withdrawals(self, now: datetime, limit: int, ttl: timedelta = LEASE) -> list[str]:
        """Return, as `due` does, streams that are paused or deleted and have left something at their network."""
        return await self._withdrawing.due(now, limit, ttl)

    async def is_made_anew(self, stream: Stream) -> bool:
        """Tell whether there is another stream by now that asks the same, so that what was left is that one's."""
        found = await self._documents.find(STREAMS, Query(("slot",), (stream.slot,), bodies=False), 1)
        return bool(found) and found[0].key != stream.stream_id

    async def acquire(self, stream_id: str, owner: str, now: datetime, ttl: timedelta) -> LeasedStream | None:
        """Lease a stream that is due, in either list, until `now + ttl`; None where it is not (any more).

        Of several takers one gets it.
        """
        taken = await self._leases.take_key(stream_id, owner, now, now + ttl)
        if taken is None:
            taken = await self._withdrawing.take_key(stream_id, owner, now, now + ttl)
        return (
            None
            if taken is None
            else LeasedStream(taken[0], read_document(STREAMS, taken[1], _stream), cursor_of(taken[1]))
        )

    async def record(
        self, lease: Lease, progress: StreamProgress, cursor: bytes | None, lapses_at: datetime
    ) -> DesiredState:
        """Keep the progress, and the cursor where one is given; renew the lease; return what people want.

        Raises LeaseLostError.
        """
        document = await self._leases.write(lease, _progressing(progress, cursor), lapses_at)
        return _stream(document).wanted

    async def release(
        self,
        lease: Lease,
        progress: StreamProgress,
        cursor: bytes | None,
        due: datetime | None,
        *,
        withdrawn: bool | None = None,
    ) -> None:
        """Keep how it ended, as `record` does, and release it; due again at `due`, never for None.

        `withdrawn` tells whether what it left at its network is gone (a deleted stream goes with it) or still there,
        None where that was not tried: then it is due at once where people want it paused or deleted. Raises
        LeaseLostError.
        """
        progressing = _progressing(progress, cursor)

        def changed(document: Document) -> Document:
            kept = progressing(document)
            if not withdrawn or kept.fields["wanted"] != WITHDRAWING:
                return kept
            if _is_deleted(kept):
                raise _WithdrawnError
            return replace(kept, fields={**kept.fields, "wanted": DesiredState.PAUSED.value})

        try:
            released = await self._leases.release(lease, due, changed)
        except _WithdrawnError:
            await self._leases.remove(lease)
            return
        if withdrawn is None and released.fields["wanted"] == WITHDRAWING:
            await self._documents.update(STREAMS, lease.key, lambda found: _due_at(found, progress.updated_at))


class _WithdrawnError(Exception):
    """A deleted stream has left nothing any more."""


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


def _is_deleted(document: Document) -> bool:
    return document.fields.get("kind") is None


def _due_at(document: Document | None, now: datetime) -> Document | None:
    if document is None or lease_of(document):
        return document
    return replace(document, fields={**document.fields, "due_ms": milliseconds(now)})


def _stream(document: Document) -> Stream:
    lease, wanted = lease_of(document), document.fields["wanted"]
    mutable: dict[str, Any] = {"wanted": DesiredState.PAUSED if wanted == WITHDRAWING else wanted}
    if lease is not None:
        mutable |= {"owner": lease.owner, "lapses_at": due_of(document)}
    return Stream.model_validate(json.loads(document.body) | mutable)


def _progressing(progress: StreamProgress, cursor: bytes | None) -> Callable[[Document], Document]:
    def changed(document: Document) -> Document:
        kept = document_of(_stream(document).model_copy(update={"progress": progress}))
        fields = dict(document.fields if _is_deleted(document) else kept.fields) | {"wanted": document.fields["wanted"]}
        if not _is_deleted(document):
            fields["cursor"] = cursor if cursor is not None else cursor_of(document)
        return replace(kept, fields=fields)

    return changed
