"""One stream, from its source into the profiles, as long as this replica has its lease."""

import asyncio
import traceback
from contextlib import aclosing
from datetime import timedelta
from typing import Final

import structlog

from services.ingest.brands.brand_query import BrandQuery
from services.ingest.brands.query_plan import query_for
from services.ingest.sources.base import LeftBehindError, SourceError
from services.ingest.streams.progress import ProgressRecorder
from services.ingest.streams.run_outcome import HANDED_ON, PAUSED, RunOutcome, outcome_of_end, outcome_of_error
from services.ingest.streams.runtime import StreamRuntime
from services.ingest.streams.store import LeasedStream
from services.ingest.streams.stream import DesiredState, StreamState
from services.ingest.streams.stream_delivery import StopRequestedError, StreamDelivery
from shared.errors import OverloadedError, PeerUnavailableError, VoxpopError
from shared.leases import LeaseLostError

RECORD_SECONDS: Final = 1.0
"""How often at most a cursor is written: what was delivered since comes again after a crash, and is known."""
WELL_AFTER: Final = 60.0
"""Seconds that a run must last for the failures before it to be forgotten."""
PURPOSE: Final = "cursor"

log = structlog.get_logger(__name__)


class StreamRunner:
    """Runs one leased stream to its end.

    The lease is renewed beside the work. A runner that cannot renew it for two thirds of its time closes the source,
    before another replica may open it. A cursor is written with the lease's token once its delivery is stored.
    """

    def __init__(self, leased: LeasedStream, runtime: StreamRuntime, asked_at: float) -> None:
        """Go on with `leased`, asked for at `asked_at` of the clock's seconds."""
        self._leased = leased
        self._runtime = runtime
        self._clock = runtime.clock
        self._recorder = ProgressRecorder(leased.stream.progress, leased.stream.source, runtime.metrics, runtime.clock)
        self._stop = asyncio.Event()
        self._asked: RunOutcome = HANDED_ON
        self._listening: asyncio.Task[RunOutcome] | None = None
        self._can_be_cut = False
        self._withdrawn: bool | None = None
        self._cursor: str | None = None
        self._is_cursor_new = False
        self._brand_version: int | None = None
        self._recording = asyncio.Lock()
        self._began_at = self._recorded_at = self._renewed_at = asked_at

    @property
    def stream_id(self) -> str:
        """Return the stream's id."""
        return self._leased.lease.key

    def stop(self, outcome: RunOutcome = HANDED_ON) -> None:
        """Ask for an end: a delivery that has begun is finished, and the source is closed."""
        if self._stop.is_set():
            return
        self._asked = outcome
        self._stop.set()
        if self._listening is not None and self._can_be_cut:
            self._listening.cancel()

    async def run(self) -> None:
        """Return once the stream has ended and its lease is released, or lost. Raises what the store does."""
        outcome: RunOutcome | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(self._renew()), tasks.create_task(self._watch())]
                self._listening = tasks.create_task(self._listen())
                outcome = await self._listening
                for task in beside:
                    task.cancel()
        except* LeaseLostError as lost:
            log.warning("stream.lost", stream=self.stream_id, reason=str(lost.exceptions[0]))
            outcome = None
        if outcome is not None:
            await self._release(outcome)

    async def _listen(self) -> RunOutcome:
        if self._stop.is_set():
            return self._asked
        if self._leased.stream.wanted is DesiredState.PAUSED:
            return await self._withdraw()
        self._can_be_cut = True
        try:
            await self._deliver_all()
        except asyncio.CancelledError:
            if not self._stop.is_set():
                raise
        except StopRequestedError:
            pass
        except LeaseLostError:
            raise
        except Exception as error:  # noqa: BLE001 - any error of a source ends its stream alone, in words
            return self._failed(error)
        if self._stop.is_set():
            return await self._withdraw() if self._asked is PAUSED else self._asked
        return outcome_of_end(self._leased.stream.kind, self._failures())

    async def _deliver_all(self) -> None:
        stream = self._leased.stream
        platform = self._runtime.sources.platform(stream.source)
        brand = await self._runtime.brands.find(stream.brand)
        self._brand_version = brand.version
        query: BrandQuery = await asyncio.to_thread(query_for, brand, platform)
        if self._leased.cursor is not None:
            self._cursor = self._runtime.cipher.open_(PURPOSE, self.stream_id, self._leased.cursor)
        source = self._runtime.sources.build(stream, query, self._recorder, self._recorder.spent)
        delivering = StreamDelivery(self._runtime, query, self._recorder, self._stop)
        async with aclosing(source.batches(self._cursor)) as batches:
            async for delivery in batches:
                self._can_be_cut = False
                await delivering.take(delivery)
                if delivery.cursor is not None:
                    self._cursor, self._is_cursor_new = delivery.cursor, True
                if self._clock.monotonic() - self._recorded_at >= RECORD_SECONDS:
                    await self._try_to_record()
                if self._stop.is_set():
                    return
                self._can_be_cut = True

    async def _renew(self) -> None:
        """Renew the lease every sixth of its time; see what people want, and whether the brand has changed."""
        while True:
            await self._clock.sleep(self._runtime.lease.total_seconds() / 6)
            if await self._try_to_record() and await self._is_brand_changed():
                self.stop()

    async def _watch(self) -> None:
        """Raise LeaseLostError once the lease is close to lapsing, for any reason."""
        longest = self._runtime.lease.total_seconds() * 2 / 3
        while (left := self._renewed_at + longest - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)
        raise LeaseLostError("the lease could not be renewed in time")

    async def _is_brand_changed(self) -> bool:
        brand = self._leased.stream.brand
        try:
            versions = await self._runtime.brands.versions([brand])
        except (PeerUnavailableError, OverloadedError):
            return False
        return self._brand_version is not None and versions.get(brand) != self._brand_version

    async def _try_to_record(self) -> bool:
        """Record; a store that is away is asked again later, until `_watch` ends the run."""
        try:
            await self._record()
        except (PeerUnavailableError, OverloadedError) as error:
            log.warning("stream.not_recorded", stream=self.stream_id, error=type(error).__name__)
            return False
        return True

    async def _record(self) -> None:
        async with self._recording:
            asked_at, now = self._clock.monotonic(), self._clock.now()
            sealed = self._sealed()
            try:
                wanted = await self._runtime.streams.record(
                    self._leased.lease, self._recorder.snapshot(), sealed, now + self._runtime.lease
                )
            except (PeerUnavailableError, OverloadedError):
                self._is_cursor_new = self._is_cursor_new or sealed is not None
                raise
            self._recorded_at = self._renewed_at = asked_at
        if wanted is DesiredState.PAUSED:
            self.stop(PAUSED)

    def _sealed(self) -> bytes | None:
        if not self._is_cursor_new or self._cursor is None:
            return None
        self._is_cursor_new = False
        return self._runtime.cipher.seal(PURPOSE, self.stream_id, self._cursor)

    def _failed(self, error: Exception) -> RunOutcome:
        outcome = outcome_of_error(error, self._failures())
        if not isinstance(error, VoxpopError):
            frames = traceback.extract_tb(error.__traceback__)[-6:]
            where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
            log.error("stream.failed", stream=self.stream_id, error=type(error).__name__, frames=where)
        return outcome

    def _failures(self) -> int:
        """Return how many runs in a row failed before this one."""
        if self._clock.monotonic() - self._began_at >= WELL_AFTER:
            self._recorder.failures = 0
        return self._recorder.failures

    async def _withdraw(self) -> RunOutcome:
        """Take away what the stream left at its network, under its lease: no replica can go on with it meanwhile.

        What stays there is tried again, by whichever replica takes the stream then.
        """
        stream, sources = self._leased.stream, self._runtime.sources
        if not sources.leaves(stream.source):
            return PAUSED
        self._withdrawn = False
        try:
            if not await self._runtime.streams.is_made_anew(stream):
                await sources.withdraw(stream)
        except SourceError as error:
            ended = outcome_of_error(error, self._failures())
            asked = timedelta(seconds=error.wait if isinstance(error, LeftBehindError) else 0)
            log.warning("stream.not_withdrawn", stream=self.stream_id, source=stream.source)
            return RunOutcome(StreamState.PAUSED, max(ended.after or asked, asked), error.detail, is_failure=True)
        self._withdrawn, self._recorder.failures = True, 0
        return PAUSED

    async def _release(self, outcome: RunOutcome) -> None:
        if outcome.sentence is not None:
            self._recorder.error(outcome.sentence)
        if outcome.is_failure:
            self._recorder.failures += 1
            self._runtime.metrics.failed.labels(self._leased.stream.source).inc()
        due = None if outcome.after is None else self._clock.now() + outcome.after
        progress = self._recorder.snapshot(outcome.state)
        try:
            await self._runtime.streams.release(
                self._leased.lease, progress, self._sealed(), due, withdrawn=self._withdrawn
            )
        except LeaseLostError:
            log.warning("stream.lost", stream=self.stream_id, reason="it was taken or removed meanwhile")
            return
        log.info("stream.ended", stream=self.stream_id, state=outcome.state.value)
