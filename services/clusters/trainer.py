"""Owns the runs of this process: their tasks, their leases, their ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from services.clusters.course import Course
from services.clusters.failures import CannotTrainError, LeaseLostError
from services.clusters.learning import Learned
from services.clusters.metrics import RunMetrics
from services.clusters.pipeline import Pipeline, overall, succeeded
from services.clusters.run import Run, RunRequest, RunStatus, Stage, new_run_id
from services.clusters.stores.base import INTERRUPTED, Clock, RunStore, utc_now
from shared.errors import OverloadedError, PeerError

log = structlog.get_logger(__name__)

RETRY_AFTER = 30


class Trainer:
    """Takes runs in, carries each in a task of its own, at most `concurrent` at a time, and answers for its end."""

    def __init__(
        self,
        store: RunStore,
        pipeline: Pipeline,
        metrics: RunMetrics,
        *,
        owner: str,
        concurrent: int,
        queued: int,
        beat: timedelta,
        clock: Clock = utc_now,
    ) -> None:
        """Hold up to `queued` waiting runs; every lease is renewed each `beat`, well within the lease time."""
        self._store = store
        self._pipeline = pipeline
        self._metrics = metrics
        self._owner = owner
        self._turns = asyncio.Semaphore(concurrent)
        self._most = concurrent + queued
        self._beat = beat.total_seconds()
        self._clock = clock
        self._courses: dict[str, Course] = {}

    async def submit(self, brand: str, request: RunRequest) -> Run:
        """Queue a run, or return the active one with the same parameters.

        Raises ConflictError where one with other parameters is active, OverloadedError where too many
        runs wait here.
        """
        if len(self._courses) >= self._most and not self._has(brand, request):
            raise OverloadedError("too many runs are waiting; try again after a while", RETRY_AFTER)
        now = self._clock()
        run = Run(run_id=new_run_id(now), brand=brand, request=request, submitted_at=now)
        course = self._courses[run.run_id] = Course(run)
        try:
            admitted = await self._store.submit(run, self._owner)
        except BaseException:
            del self._courses[run.run_id]
            raise
        if admitted.run_id != run.run_id:
            del self._courses[run.run_id]
            return admitted
        course.work = asyncio.create_task(self._carry(course), name=f"run {run.run_id}")
        await asyncio.sleep(0)  # a task cancelled before its first step would never tell the store
        return run

    async def cancel(self, run_id: str) -> Run:
        """Ask for a run's end, here or in the process that has it; a run that is being published still succeeds.

        Raises NotFoundError, ConflictError where it has ended otherwise.
        """
        run = await self._store.ask_cancel(run_id)
        if run_id in self._courses:
            self._courses[run_id].cancel()
        return run

    async def ended(self, run_id: str) -> Run:
        """Wait until a run of this process has ended and return it; raises NotFoundError."""
        course = self._courses.get(run_id)
        if course is not None and course.work is not None:
            await asyncio.wait([course.work])
        return await self._store.find(run_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch for lapsed leases meanwhile; at the end every run of this process is marked as interrupted."""
        watch = asyncio.create_task(self._watch(), name="lapsed runs")
        try:
            yield
        finally:
            watch.cancel()
            courses = list(self._courses.values())
            for course in courses:
                course.interrupt()
            works = [course.work for course in courses if course.work is not None]
            await asyncio.gather(watch, *works, return_exceptions=True)

    def _has(self, brand: str, request: RunRequest) -> bool:
        runs = (course.run for course in self._courses.values())
        return any(run.brand == brand and run.request.basis is request.basis for run in runs)

    async def _watch(self) -> None:
        while True:
            try:
                failed = await self._store.fail_lapsed()
                if failed:
                    log.warning("runs.lapsed", runs=failed)
            except Exception as error:  # noqa: BLE001 - the store is away; the next look will tell
                log.warning("runs.unwatched", error=type(error).__name__)
            await asyncio.sleep(self._beat)

    async def _carry(self, course: Course) -> None:
        """Bring one run to its end, whatever that is."""
        beating = asyncio.create_task(self._keep(course), name=f"lease {course.run.run_id}")
        try:
            ended = await self._end_of(course)
            course.settle()
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            if ended is not None:
                await self._close(ended)
        finally:
            beating.cancel()
            del self._courses[course.run.run_id]

    async def _end_of(self, course: Course) -> Run | None:
        """Return the run as it ended; None where it is stored already or no longer ours."""
        try:
            async with self._turns:
                course.begin(self._clock())
                current = await self._store.current(course.run.brand, course.run.request.basis)
                learned = await self._pipeline.learn(course.run, current, course.report)
                staged = await self._pipeline.stage(course.run, learned, course.report)
                course.report(Stage.PUBLISHING, overall(Stage.PUBLISHING, 0.0))
                await _to_the_end(asyncio.create_task(self._publish(course, learned, staged)))
        except asyncio.CancelledError:
            return self._stopped(course)
        except LeaseLostError:
            log.warning("run.lost", run_id=course.run.run_id)
            return None
        except (CannotTrainError, PeerError) as error:
            return course.run.ending(RunStatus.FAILED, self._clock(), error.detail)
        except Exception as error:  # noqa: BLE001 - a run ends with a sentence, whatever befell it
            log.error("run.failed", run_id=course.run.run_id, error=type(error).__name__)  # noqa: TRY400 - a traceback may hold rows
            sentence = "training failed unexpectedly; the log of clusters names the error by the run's id"
            return course.run.ending(RunStatus.FAILED, self._clock(), sentence)
        return None

    async def _publish(self, course: Course, learned: Learned, staged: int) -> None:
        """Swap the clusters in: at profiles first, then here. Not interrupted, so that both tell the same."""
        await self._store.record(course.run, self._owner)
        await self._pipeline.publish(course.run, learned, staged, course.report)
        await self._close(succeeded(course.run, learned, self._clock()))

    async def _close(self, ended: Run) -> None:
        """Store a run's end; where the store is away the lease lapses, and that ends the run."""
        try:
            await self._store.finish(ended, self._owner)
        except Exception as error:
            log.warning("run.unfinished", run_id=ended.run_id, error=type(error).__name__)
            if ended.status is RunStatus.SUCCEEDED:
                raise
            return
        self._metrics.ended(ended)
        log.info("run.ended", run_id=ended.run_id, status=ended.status.value)

    def _stopped(self, course: Course) -> Run | None:
        if course.lost:
            return None
        if course.cancelled:
            return course.run.ending(RunStatus.CANCELLED, self._clock())
        return course.run.ending(RunStatus.FAILED, self._clock(), INTERRUPTED)

    async def _keep(self, course: Course) -> None:
        """Renew the lease each beat and whenever the run moved on; pass on that somebody wants it cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._beat):
                    await course.changed.wait()
            course.changed.clear()
            try:
                if await self._store.record(course.run, self._owner):
                    course.cancel()
            except LeaseLostError:
                course.lose()
                return
            except Exception as error:  # noqa: BLE001 - the store may come back before the lease lapses
                log.warning("run.unrecorded", run_id=course.run.run_id, error=type(error).__name__)


async def _to_the_end(work: asyncio.Task[None]) -> None:
    """Wait for a task that a cancellation must not stop."""
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await work
