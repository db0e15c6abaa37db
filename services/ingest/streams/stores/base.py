"""What the stores of streams must do, in prose; `tests/contract` holds every store to it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.ingest.streams.stream import DesiredState, Stream, StreamKind, StreamProgress
from shared.errors import ConflictError, VoxpopError


class LeaseLostError(VoxpopError):
    """The stream is somebody else's by now, or gone: whoever held it stops, and has written nothing."""


@dataclass(frozen=True)
class Lease:
    """The right to run one stream. `token` is the fence: it rises with each taking, and only the latest writes."""

    stream_id: str
    owner: str
    token: int


@dataclass(frozen=True, repr=False)
class LeasedStream:
    """A stream just taken, with the sealed cursor where it goes on; None begins anew."""

    lease: Lease
    stream: Stream
    cursor: bytes | None


class StreamStore(Protocol):
    """Streams and backfills, who holds each, and how far each has come.

    A stream is held by one owner at a time, by a lease that lapses unless it is renewed. Every taking gives a
    higher token; what an older token writes is refused with LeaseLostError and changes nothing, however late it
    comes. The caller tells the time, so the clocks of replicas may differ by a part of the lease: an owner stops
    a good while before its lease lapses. Times are kept to the millisecond.

    A stream is *due* where it is wanted running, nobody holds it, and its time to be tried (again) has come.
    Every operation is all or nothing, also between processes that share the store.
    Operations raise PeerUnavailableError where the database is a server and does not answer.
    """

    async def add(self, stream: Stream) -> Stream:
        """Keep a new stream, due at once, and return it.

        Where one with the same slot is there, return that one as it is. A backfill that has finished gives its
        slot free, and so does a deleted stream.
        """
        ...

    async def find(self, stream_id: str) -> Stream:
        """Return one; raises NotFoundError."""
        ...

    async def page(self, kind: StreamKind, brand: str | None, after: str, limit: int) -> list[Stream]:
        """Return up to `limit` of a kind (of one brand) by id, those after the id `after`; "" begins."""
        ...

    async def want(self, stream_id: str, wanted: DesiredState, now: datetime) -> Stream:
        """Note what people want, for the owner to see, and return the stream.

        Wanting it running makes it due at once, also where it failed. Raises NotFoundError, ConflictError for
        one that has finished.
        """
        ...

    async def delete(self, stream_id: str) -> None:
        """Remove it with its cursor; its owner's next writing fails. Raises NotFoundError."""
        ...

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Return the ids of up to `limit` due streams, the longest due first."""
        ...

    async def acquire(self, stream_id: str, owner: str, now: datetime, ttl: timedelta) -> LeasedStream | None:
        """Take a due stream until `now + ttl`; None where it is not due (any more). Of several takers one gets it."""
        ...

    async def record(
        self, lease: Lease, progress: StreamProgress, cursor: bytes | None, lapses_at: datetime
    ) -> DesiredState:
        """Keep how it fares, and the cursor where one is given; renew the lease; return what people want.

        Raises LeaseLostError.
        """
        ...

    async def release(self, lease: Lease, progress: StreamProgress, cursor: bytes | None, due: datetime | None) -> None:
        """Keep how it ended, as `record` does, and give it free; due again at `due`, never for None.

        Raises LeaseLostError.
        """
        ...


def missing(stream_id: str) -> str:
    """Return the sentence for an id that is not there."""
    return f"there is no stream {stream_id!a}; GET /v1/streams and GET /v1/backfills list those there are"


def lost(lease: Lease) -> LeaseLostError:
    """Return the error for a lease that is no longer the latest."""
    return LeaseLostError(f"stream {lease.stream_id} is no longer held by this replica")


def finished(stream_id: str) -> ConflictError:
    """Return the error for wanting something of what has ended for good."""
    return ConflictError(f"{stream_id} has finished; ask for a new one")
