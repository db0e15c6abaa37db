"""What people ask of streams: to make, pause, resume or delete one."""

from typing import Any, Protocol

from services.ingest.brands.store import BrandStore
from services.ingest.streams.store import StreamStore, missing
from services.ingest.streams.stream import DesiredState, Stream, StreamKind
from services.ingest.streams.supervisor import Supervisor
from shared.clock import Clock
from shared.errors import NotFoundError


class SourceCatalog(Protocol):
    """Knows which sources there are; the registry of sources does."""

    def checked(self, kind: StreamKind, source: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters in their canonical form; raises InputError, ConflictError."""
        ...

    def leaves(self, source: str) -> bool:
        """Tell whether streams of a source leave something at their network."""
        ...


class StreamControl:
    """The streams and backfills of all replicas, as people ask for them."""

    def __init__(
        self, streams: StreamStore, brands: BrandStore, offers: SourceCatalog, supervisor: Supervisor, clock: Clock
    ) -> None:
        """Keep in `streams`; `supervisor` is told what became due here."""
        self._streams = streams
        self._brands = brands
        self._offers = offers
        self._supervisor = supervisor
        self._clock = clock

    async def start(self, kind: StreamKind, brand: str, source: str, parameters: dict[str, Any]) -> tuple[Stream, bool]:
        """Make a stream and have it run; tell whether it is new.

        Where the same one is there, it is returned as it is: nothing is paid for twice. Raises InputError,
        NotFoundError where the brand is not declared, ConflictError where a setting is missing.
        """
        checked = self._offers.checked(kind, source, parameters)
        await self._brands.find(brand)
        wanted = Stream.made(kind, brand, source, checked, self._clock.now())
        kept = await self._streams.add(wanted)
        self._supervisor.look()
        return kept, kept.stream_id == wanted.stream_id

    async def find(self, kind: StreamKind, stream_id: str) -> Stream:
        """Return one; raises NotFoundError, also for one of the other kind."""
        stream = await self._streams.find(stream_id)
        if stream.kind is not kind:
            raise NotFoundError(missing(stream_id))
        return stream

    async def pause(self, stream_id: str) -> Stream:
        """Have a stream stop and keep its place; what it left at its network is taken away by any replica.

        Raises NotFoundError.
        """
        leaves = self._offers.leaves((await self.find(StreamKind.STREAM, stream_id)).source)
        stream = await self._streams.want(stream_id, DesiredState.PAUSED, self._clock.now(), leaves=leaves)
        self._supervisor.pause(stream_id)
        self._supervisor.look()
        return stream

    async def resume(self, stream_id: str) -> Stream:
        """Have a stream go on where it stopped, at once where it failed; raises NotFoundError."""
        await self.find(StreamKind.STREAM, stream_id)
        stream = await self._streams.want(stream_id, DesiredState.RUNNING, self._clock.now())
        self._supervisor.look()
        return stream

    async def delete(self, stream_id: str) -> None:
        """Stop a stream and forget its place; what it brought stays, what it left at its network goes as by `pause`.

        Raises NotFoundError.
        """
        leaves = self._offers.leaves((await self.find(StreamKind.STREAM, stream_id)).source)
        await self._streams.delete(stream_id, self._clock.now(), leaves=leaves)
        self._supervisor.pause(stream_id)
        self._supervisor.look()
