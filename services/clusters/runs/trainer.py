"""The runs of this process: their tasks, their leases, their ends."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from services.clusters.bases.basis import CannotTrainError
from services.clusters.runs.active_run import ActiveRun
from services.clusters.runs.ended_runs import EndedRuns
from services.clusters.runs.metrics import RunMetrics
from services.clusters.runs.run import Run, RunKind, RunRequest, RunStatus, Stage, new_run_id
from services.clusters.runs.run_steps import RunSteps, overall, succeeded
from services.clusters.runs.run_store import INTERRUPTED, RunStore
from services.clusters.runs.topic_steps import TopicSteps
from services.clusters.runs.trained_clusters import TrainedClusters
from services.clusters.topics.topic import TopicRequest
from services.clusters.worker import ComputationError, WorkerLostError
from shared.clock import Clock
from shared.errors import OverloadedError, PeerError
from shared.leases import LeaseLostError

log = structlog.get_logger(__name__)

RETRY_AFTER = 30
DISCARD_SECONDS = 5.0


class Trainer:
    """Takes runs in and brings each to its end in a task of its own, at most `concurrent` at a time."""

    def __init__(
        self,
        store: RunStore,
        steps: RunSteps,
        topics: TopicSteps,
        ended: EndedRuns,
        metrics: RunMetrics,
        *,
        owner: str,
        dead: Sequence[str],
        concurrent: int,
        queued: int,
        beat: timedelta,
        clock: Clock,
    ) -> None:
        """Take up to `queued` waiting runs; every lease is renewed each `beat`, well within the lease time.

        Runs of the owners that are `dead` are failed without waiting for their leases.
        """
        self._store = store
        self._steps = steps
        self._topics = topics
        self._ended = ended
        self._metrics = metrics
        self._owner = owner
        self._dead = dead
        self._turns = asyncio.Semaphore(concurrent)
        self._most = concurrent + queued
        self._beat = beat.total_seconds()
        self._clock = clock
        self._active: dict[str, ActiveRun] = {}

    async def submit(self, brand: str, request: RunRequest | TopicRequest) -> Run:
        """Queue a run, or return the active one with the same parameters.

        Raises ConflictError where one with other parameters is active, OverloadedError where too many
        runs wait here.
        """
        if len(self._active) >= self._most and not self._has(brand, request):
            raise OverloadedError("too many runs are waiting; try again after a while", RETRY_AFTER)
        await self._store.fail_lapsed(self._ended.take_back, self._dead)
        now = self._clock.now()
        kind = RunKind.TOPICS if isinstance(request, TopicRequest) else RunKind.CLUSTERS
        run = Run(run_id=new_run_id(now), brand=brand, kind=kind, request=request, submitted_at=now)
        active = self._active[run.run_id] = ActiveRun(run)
        try:
            admitted = await self._store.submit(run, self._owner)
        except BaseException:
            del self._active[run.run_id]
            raise
        if admitted.run_id != run.run_id:
            del self._active[run.run_id]
            return admitted
        active.work = asyncio.create_task(self._finish_run(active), name=f"run {run.run_id}")
        await asyncio.sleep(0)  # a task cancelled before its first step would never tell the store
        return run

    async def cancel(self, run_id: str) -> Run:
        """Ask for a run's end, here or in the process that has it; a run that is being published still succeeds.

        Raises NotFoundError, ConflictError where it has ended otherwise.
        """
        run = await self._store.ask_cancel(run_id)
        if run_id in self._active:
            self._active[run_id].cancel()
        return run

    async def ended(self, run_id: str) -> Run:
        """Wait until a run of this process has ended and return it; raises NotFoundError."""
        active = self._active.get(run_id)
        if active is not None and active.work is not None:
            await asyncio.wait([active.work])
        return await self._store.find(run_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch for lapsed leases meanwhile; at the end every run of this process is marked as interrupted."""
        watch = asyncio.create_task(self._watch(), name="lapsed runs")
        try:
            yield
        finally:
            watch.cancel()
            for active in self._active.values():
                active.interrupt()
            works = [active.work for active in self._active.values() if active.work is not None]
            await asyncio.gather(watch, *works, return_exceptions=True)

    def active(self, run_id: str) -> ActiveRun | None:
        """Return a run of this process that has not ended."""
        return self._active.get(run_id)

    def _has(self, brand: str, request: RunRequest | TopicRequest) -> bool:
        runs = (active.run for active in self._active.values())
        return any(run.brand == brand and run.request.subject == request.subject for run in runs)

    async def _watch(self) -> None:
        while True:
            try:
                failed = await self._store.fail_lapsed(self._ended.take_back, self._dead)
                if failed:
                    log.warning("runs.lapsed", runs=failed)
            except Exception as error:  # noqa: BLE001 - the store is away; the next look will tell
                log.warning("runs.unwatched", error=type(error).__name__)
            await asyncio.sleep(self._beat)

    async def _finish_run(self, active: ActiveRun) -> None:
        """Bring one run to its end, whatever that is."""
        beating = asyncio.create_task(self._keep(active), name=f"lease {active.run.run_id}")
        try:
            ended = await self._end_of(active)
            active.settle()
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            if ended is not None:
                await self._close(ended)
                await self._discard(ended)
            elif active.lost:
                log.warning("run.lost", run_id=active.run.run_id)
                await self._discard(active.run)
        finally:
            beating.cancel()
            del self._active[active.run.run_id]
            active.tell()

    async def _taken_back(self, ended: Run) -> bool:
        """Tell whether profiles shows what it should; where that is not known now, the lease's lapse will see to it."""
        if ended.status is RunStatus.SUCCEEDED:
            return True
        try:
            await self._ended.take_back(ended)
        except PeerError as error:
            log.warning("run.not_taken_back", run_id=ended.run_id, error=type(error).__name__)
            return False
        return True

    async def _discard(self, run: Run) -> None:
        """Remove what a run that did not succeed has written by then, as far as that can be done now."""
        try:
            async with asyncio.timeout(DISCARD_SECONDS):
                await self._ended.discard(run)
        except Exception as error:  # noqa: BLE001 - deleting the run does it, too
            log.warning("run.undiscarded", run_id=run.run_id, error=type(error).__name__)

    async def _end_of(self, active: ActiveRun) -> Run | None:
        """Return the run as it ended; None where it is stored already or no longer ours."""
        try:
            async with self._turns:
                active.begin(self._clock.now())
                current = await self._store.current(active.run.brand, active.run.request.subject)
                if active.run.kind is RunKind.TOPICS:
                    return await self._topics.find(active.run, current, active.report)
                trained = await self._steps.train(active.run, current, active.report)
                await self._keep_artifacts(active.run, trained)
                staged = await self._steps.stage(active.run, trained, active.report)
                active.report(Stage.PUBLISHING, overall(Stage.PUBLISHING, 0.0))
                await _to_the_end(asyncio.create_task(self._publish(active, trained, staged)))
        except asyncio.CancelledError:
            return self._stopped(active)
        except LeaseLostError:
            active.lost = True
            return None
        except Exception as error:  # noqa: BLE001 - a run ends with a sentence, whatever the error was
            return active.run.ending(RunStatus.FAILED, self._clock.now(), _sentence(active.run, error))
        return None

    async def _keep_artifacts(self, run: Run, trained: TrainedClusters) -> None:
        """Write what the run leaves before it can succeed: no run is served that lacks any of it."""
        for name, content in (await asyncio.to_thread(trained.artifacts)).items():
            await self._store.artifacts.keep(run.run_id, name, content)

    async def _publish(self, active: ActiveRun, trained: TrainedClusters, staged: int) -> None:
        """Swap the clusters in: at profiles first, then here. Not interrupted, so that both tell the same."""
        await self._store.record(active.run, self._owner)
        await self._steps.publish(active.run, trained, staged, active.report)
        await self._close(succeeded(active.run, trained, self._clock.now()))

    async def _close(self, ended: Run) -> None:
        """Store a run's end; where that cannot be done now the lease lapses, and that ends the run."""
        try:
            await self._store.finish(ended, self._owner, free=await self._taken_back(ended))
        except Exception as error:
            log.warning("run.unfinished", run_id=ended.run_id, error=type(error).__name__)
            if ended.status is RunStatus.SUCCEEDED:
                raise
            return
        self._metrics.ended(ended)
        log.info("run.ended", run_id=ended.run_id, status=ended.status.value)

    def _stopped(self, active: ActiveRun) -> Run | None:
        if active.lost:
            return None
        if active.cancelled:
            return active.run.ending(RunStatus.CANCELLED, self._clock.now())
        return active.run.ending(RunStatus.FAILED, self._clock.now(), INTERRUPTED)

    async def _keep(self, active: ActiveRun) -> None:
        """Renew the lease each beat and whenever the run moved on; pass on that it should be cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._beat):
                    await active.changed.wait()
            active.changed.clear()
            try:
                if await self._store.record(active.run, self._owner):
                    active.cancel()
            except LeaseLostError:
                active.lose()
                return
            except Exception as error:  # noqa: BLE001 - the store may come back before the lease lapses
                log.warning("run.unrecorded", run_id=active.run.run_id, error=type(error).__name__)


async def _to_the_end(work: asyncio.Task[None]) -> None:
    """Wait for a task that a cancellation must not stop."""
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await work


def _sentence(run: Run, error: Exception) -> str:
    """Return what a failed run says; a defect is logged by its kind alone, since its words may hold rows."""
    if isinstance(error, (CannotTrainError, PeerError, WorkerLostError)):
        return error.detail
    if isinstance(error, OSError):
        return f"the folder for tables cannot be used ({error.strerror}); free its disk, then train again"
    kind, place = (error.kind, error.place) if isinstance(error, ComputationError) else (type(error).__name__, "")
    log.error("run.failed", run_id=run.run_id, error=kind, place=place)
    return "training failed unexpectedly; the log of clusters names the error by the run's id"
