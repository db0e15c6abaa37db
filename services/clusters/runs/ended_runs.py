"""What can be done with a run that has ended: served again, deleted, and taken back where it was cut off."""

import asyncio

import structlog

from services.clusters.lineage.run_diff import RunDiff, diff_files
from services.clusters.runs.assignments import assignment_pages
from services.clusters.runs.run import Run, RunKind, RunStatus, Stage
from services.clusters.runs.run_store import RunStore
from services.clusters.worker import TableFile, Worker
from shared.errors import ConflictError, InputError, PeerRefusedError
from shared.profiles_peer import ProfilesPeer

PUBLICATIONS = 3
"""How often a run is published again whose authors become fewer meanwhile."""

log = structlog.get_logger(__name__)


class EndedRuns:
    """Runs here and their assignments at profiles, which keeps those of several runs."""

    def __init__(self, store: RunStore, profiles: ProfilesPeer, worker: Worker, owner: str) -> None:
        """Hold runs as `owner`, compare them by `worker`."""
        self._worker = worker
        self._store = store
        self._profiles = profiles
        self._owner = owner

    async def restore(self, run_id: str) -> Run:
        """Serve a run's clusters and assignments again in place of the current one's, and return it.

        Raises NotFoundError, ConflictError where the run did not succeed, its assignments are not kept any more or a
        run of its brand and basis is on, PeerError.
        """
        run = await self._store.find(run_id)
        current = await self._store.current(run.brand, run.request.subject)
        if current is not None and current.run_id == run_id:
            return run
        run, lease = await self._store.hold(run_id, self._owner)
        published = False
        try:
            published = await self._publish(run)
        finally:
            await asyncio.shield(self._store.let_go(run, lease, current=published))
        if not published:
            raise ConflictError(f"profiles keeps no assignments of run {run_id} any more; train anew")
        return run

    async def delete(self, run_id: str) -> None:
        """Remove an ended run, what it left and its assignments at profiles.

        Raises NotFoundError, ConflictError where it is active or current, PeerError.
        """
        run = await self._store.check_deletable(run_id)
        if run.kind is RunKind.CLUSTERS:
            await self._profiles.forget_assignments(run.brand, run_id)
        await self._store.delete(run_id)

    async def diff(self, run_id: str, other_id: str) -> RunDiff:
        """Return what became of a run's clusters in another run of its brand and basis.

        Raises NotFoundError, InputError for runs of two brands or bases, ConflictError where one did not succeed or its
        assignments are not kept any more, PeerError, and what the worker raises.
        """
        one, other = await self._store.find(run_id), await self._store.find(other_id)
        _comparable(one, other)
        async with self._worker.table_file() as earlier, self._worker.table_file() as later:
            await self._write(one, earlier)
            await self._write(other, later)
            return await self._worker.run(diff_files, earlier, later)

    async def take_back(self, run: Run) -> None:
        """Have profiles show the current run again where `run` was cut off while it was published or restored.

        A refusal is left at that: asking again changes nothing. Raises PeerUnavailableError.
        """
        if run.stage is not Stage.PUBLISHING and run.status is not RunStatus.SUCCEEDED:
            return
        current = await self._store.current(run.brand, run.request.subject)
        try:
            if current is not None:
                await self._publish(current)
            elif run.status is not RunStatus.SUCCEEDED:
                await self._profiles.forget_assignments(run.brand, run.run_id)
        except PeerRefusedError as error:
            log.warning("run.not_taken_back", run_id=run.run_id, status=error.status)

    async def discard(self, run: Run) -> None:
        """Remove what a run that did not succeed has written; nothing of one that did. Raises PeerError."""
        if run.status is RunStatus.SUCCEEDED:
            return
        await self._store.artifacts.remove(run.run_id)
        if run.stage in {Stage.ASSIGNING, Stage.PUBLISHING}:
            await self._profiles.forget_assignments(run.brand, run.run_id)

    async def _publish(self, run: Run) -> bool:
        """Show the kept assignments of a run; False where there are none. An erasure meanwhile makes them fewer.

        Topics have none: they are shown from here.
        """
        if run.kind is RunKind.TOPICS:
            return True
        for _ in range(PUBLICATIONS):
            kept = await self._kept(run)
            if not kept:
                return False
            if await self._profiles.publish(run.brand, run.run_id, run.training.basis, kept):
                return True
        return False

    async def _kept(self, run: Run) -> int:
        """Return of how many authors profiles keeps an assignment of the run."""
        return sum([len(page) async for page in assignment_pages(self._profiles, run)])

    async def _write(self, run: Run, file: TableFile) -> None:
        async for page in assignment_pages(self._profiles, run):
            await asyncio.to_thread(file.append, page)
        if not file.close().rows:
            raise ConflictError(f"profiles keeps no assignments of run {run.run_id} any more; compare later runs")


def _comparable(one: Run, other: Run) -> None:
    """Raise where two runs have nothing to compare."""
    for run in (one, other):
        if run.kind is not RunKind.CLUSTERS:
            raise InputError(f"run {run.run_id} is of topics; compare runs of clusters", ("path", "other_id"))
        if run.status is not RunStatus.SUCCEEDED:
            raise ConflictError(f"run {run.run_id} is {run.status}; only runs that succeeded can be compared")
    bases = one.training.basis, other.training.basis
    if one.brand != other.brand or bases[0] is not bases[1]:
        raise InputError(
            f"run {one.run_id} is of {one.brand} by {bases[0]}, run {other.run_id} of {other.brand} by {bases[1]}; "
            "compare runs of one brand and basis",
            ("path", "other_id"),
        )
