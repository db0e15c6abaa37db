"""Runs in the store: one active at a time for each brand and basis, which one is current, and what became of each."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.clusters.runs.artifacts import RunArtifacts
from services.clusters.runs.run import Run, RunStatus
from shared.clock import Clock
from shared.documents.base import Documents, Operations
from shared.documents.collection import Collection, Document, Index, Value
from shared.documents.query import Query
from shared.documents.unreadable_row import find_readable, read_document, readable
from shared.errors import ConflictError, NotFoundError, OverloadedError, PeerError
from shared.leases import LEASE_FIELDS, LEASE_INDEX, Lease, Leases, freed, leased, token_of

INTERRUPTED: Final = "the run was interrupted: the process that trained it went away; train again"
RUNS: Final = Collection(
    "runs",
    {**LEASE_FIELDS, "brand": str, "basis": str, "slot": str, "cancel": int, "served": int},
    (
        Index(("slot",), unique=True),
        Index(("brand",)),
        Index(("brand", "basis", "served")),
        Index(("due_ms",)),
        LEASE_INDEX,
    ),
)
"""An active run has a `slot`, its brand and subject, which lets one in; `served` numbers what became current.

`basis` is the subject: of clusters their basis, of topics their method and whose they are.
"""
_ATTEMPTS: Final = 10
_LAPSED: Final = 1000
_RECENT: Final = 30
_TOKEN: Final = 1
"""Of every lease: a run never changes hands."""

log = structlog.get_logger(__name__)


async def _nothing(_: Run) -> None:
    return


class RunStore:
    """Runs, the lease of each active run, and which run is current.

    One run at a time is active (queued or running) for each brand and basis. It is held by a lease: the
    owner that submitted it, renewed by every `record`. A lease that was not renewed for the store's
    lease time has lapsed: its run counts as failed, and the place is free. A run never changes hands:
    what an owner writes for a run that lapsed or ended is refused with LeaseLostError, however late it
    comes. Ended runs are immutable.

    Operations raise as those of documents do.
    """

    def __init__(self, documents: Documents, clock: Clock, lease: timedelta) -> None:
        """Use an open database with `RUNS`; a lease lapses `lease` after its last renewal."""
        self._documents = documents
        self._clock = clock
        self._lease = lease
        self._leases = Leases(documents, RUNS, lease)
        self.artifacts = RunArtifacts(documents)
        self.check_ready = documents.check_ready

    async def submit(self, run: Run, owner: str) -> Run:
        """Take the lease for a queued run and keep it; return it.

        Where a run of the same brand and basis is active, return that one if it was asked for with the
        same parameters, else raise ConflictError.
        """
        slot = slot_of(run)
        for _ in range(_ATTEMPTS):
            if await self._documents.insert(RUNS, leased(document_of(run, slot=slot), owner, self._lapse())):
                return run
            active = await self._documents.find(RUNS, Query(("slot",), (slot,)), 1)
            if active:
                return _admitted(_run(active[0]), run)
        raise OverloadedError("runs of this brand come and go too fast; try again")

    async def record(self, run: Run, owner: str) -> bool:
        """Keep the active run as it now is and renew its lease; return whether cancelling was asked for.

        Raises LeaseLostError.
        """
        body = run.model_dump_json()
        written = await self._leases.write(_lease(run, owner), lambda kept: replace(kept, body=body), self._lapse())
        return bool(written.fields.get("cancel"))

    async def finish(self, run: Run, owner: str, *, free: bool = True) -> None:
        """Keep the ended run for good and free its lease; one that succeeded is current from then on.

        What another one left in artifacts is removed. One that is not `free` keeps its place until `fail_lapsed`, for
        which it is due at once, mends what it left undone. Raises LeaseLostError. No other run is numbered as current
        meanwhile: the slot is still this one's.
        """
        if not free:
            body = run.model_dump_json()
            await self._leases.write(_lease(run, owner), lambda kept: replace(kept, body=body), self._clock.now())
            return
        served = await self._next_served(run) if run.status is RunStatus.SUCCEEDED else None
        ended = document_of(run, served=served)
        await self._leases.release(_lease(run, owner), None, lambda kept: replace(ended, version=kept.version))
        if run.status is not RunStatus.SUCCEEDED:
            await self.artifacts.remove(run.run_id)

    async def ask_cancel(self, run_id: str) -> Run:
        """Note that an active run should be cancelled, for its owner to see; return the run.

        A cancelled run is returned as it is. Raises NotFoundError, ConflictError for any other ended run.
        """

        def wish(kept: Document | None) -> Document:
            found = _found(kept)
            return replace(found, fields={**found.fields, "cancel": 1}) if _cancellable(_run(found)) else found

        return _run(_found(await self._documents.update(RUNS, run_id, wish)))

    async def fail_lapsed(self, mend: Callable[[Run], Awaitable[None]] = _nothing, dead: Sequence[str] = ()) -> int:
        """Mark every active run whose lease has lapsed, or whose owner is `dead`, as failed; return how many.

        A run that was being restored stays as it was. `mend` is called with each of them before; where it raises a
        PeerError the run keeps its place, so that no other one begins, until the next time.
        """
        now = self._clock.now()
        owned = Query(LEASE_INDEX.fields, (tuple(dead),), bodies=False)
        lost = [document.key for document in await self._documents.find(RUNS, owned, _LAPSED)] if dead else []
        failed = 0
        for run_id in dict.fromkeys([*lost, *await self._leases.due(now, _LAPSED, self._lease)]):
            kept = await self._documents.get(RUNS, run_id)
            if kept is None or kept.fields.get("slot") is None:
                continue
            for run in readable(RUNS, [kept], _run):
                failed += await self._fail(kept, run, mend)
        return failed

    async def _fail(self, kept: Document, run: Run, mend: Callable[[Run], Awaitable[None]]) -> bool:
        mended = True
        try:
            await mend(run)
        except PeerError as error:
            log.warning("run.unmended", run_id=run.run_id, error=type(error).__name__)
            mended = False
        ended = run if run.ended else run.ending(RunStatus.FAILED, self._clock.now(), INTERRUPTED)
        changed = replace(kept, body=ended.model_dump_json())
        if mended:
            changed = freed(replace(changed, fields={**kept.fields, "slot": None, "cancel": None}), None)
        if await self._documents.replace(RUNS, changed) is None:
            return False
        if ended.status is not RunStatus.SUCCEEDED:
            await self.artifacts.remove(run.run_id)
        return not run.ended

    async def hold(self, run_id: str, owner: str) -> tuple[Run, Lease]:
        """Take a succeeded run to restore it: no run of its brand and basis is active meanwhile.

        Raises NotFoundError, ConflictError where it did not succeed or another one is active.
        """

        def taking(kept: Document | None) -> Document:
            found = _found(kept)
            run = _run(found)
            if run.status is not RunStatus.SUCCEEDED:
                raise ConflictError(f"run {run_id} is {run.status}; only a run that succeeded can be restored")
            if found.fields.get("slot") is not None:
                raise ConflictError(f"run {run_id} is being restored already")
            held = leased(found, owner, self._lapse())
            return replace(held, fields={**held.fields, "slot": slot_of(run)})

        run = await self.find(run_id)
        try:
            document = _found(await self._documents.update(RUNS, run_id, taking))
        except ConflictError as error:
            active = await self._documents.find(RUNS, Query(("slot",), (slot_of(run),)), 1)
            if active and active[0].key != run_id:
                sentence = f"run {active[0].key} of this brand and basis is on; wait for its end or cancel it"
                raise ConflictError(sentence) from error
            raise
        return _run(document), Lease(run_id, owner, token_of(document))

    async def let_go(self, run: Run, lease: Lease, *, current: bool) -> None:
        """Free a run that was held; where it is `current` from now on, no other one is. Raises LeaseLostError."""
        changed = {"slot": None} | ({"served": await self._next_served(run)} if current else {})
        await self._leases.release(lease, None, lambda kept: replace(kept, fields={**kept.fields, **changed}))

    async def delete(self, run_id: str) -> None:
        """Remove an ended run with all that it left.

        Raises NotFoundError, ConflictError where it is active, being restored or current.
        """

        async def removing(operations: Operations) -> None:
            await self._check_deletable(operations, run_id)
            await operations.delete(RUNS, run_id)
            await self.artifacts.remove(run_id, operations)

        await self._documents.transaction(removing)

    async def check_deletable(self, run_id: str) -> Run:
        """Return a run that may be deleted; raises as `delete` does."""
        return await self._check_deletable(self._documents, run_id)

    async def _check_deletable(self, operations: Operations, run_id: str) -> Run:
        kept = _found(await operations.get(RUNS, run_id))
        run = read_document(RUNS, kept, _run)
        if not run.ended:
            raise ConflictError(f"run {run_id} is {run.status}; cancel it with POST /v1/runs/{run_id}/cancel first")
        if kept.fields.get("slot") is not None:
            raise ConflictError(f"run {run_id} is being restored; wait for that")
        latest = await _latest(operations, run.brand, run.request.subject)
        if latest is not None and latest.key == run_id:
            raise ConflictError(
                f"run {run_id} is the current one of {run.brand} for {run.request.subject}: what it found is "
                "served; train a new one, or restore another with POST /v1/runs/{id}/restore, then delete it"
            )
        return run

    async def find(self, run_id: str) -> Run:
        """Return one run; raises NotFoundError."""
        return read_document(RUNS, _found(await self._documents.get(RUNS, run_id)), _run)

    async def runs(self, brand: str, limit: int, before: str | None = None) -> list[Run]:
        """Return a brand's runs, newest first (by id), those after the run id `before` in that order."""
        after = None if before is None else (before,)
        query = Query(("brand",), (brand,), after=after, descending=True)
        return await find_readable(self._documents, RUNS, query, limit, _run)

    async def latest(self, brand: str, subject: str) -> Run | None:
        """Return the newest run of a brand for a subject, whatever became of it; None where the newest lack it."""
        recent = await self.runs(brand, _RECENT)
        return next((run for run in recent if run.request.subject == subject), None)

    async def current(self, brand: str, subject: str) -> Run | None:
        """Return the run that is served for a brand and a request's subject: what succeeded or was restored last."""
        latest = await _latest(self._documents, brand, subject)
        return read_document(RUNS, latest, _run) if latest is not None else None

    async def _next_served(self, run: Run) -> int:
        latest = await _latest(self._documents, run.brand, run.request.subject)
        served = latest.fields["served"] if latest is not None else 0
        return served + 1 if isinstance(served, int) else 1

    def _lapse(self) -> datetime:
        return self._clock.now() + self._lease


def slot_of(run: Run) -> str:
    """Return what one active run at a time has."""
    return f"{run.brand}|{run.request.subject}"


def _lease(run: Run, owner: str) -> Lease:
    return Lease(run.run_id, owner, _TOKEN)


def document_of(run: Run, **fields: Value) -> Document:
    """Return a run as it is kept."""
    looked_up: dict[str, Value] = {"brand": run.brand, "basis": run.request.subject, **fields}
    return Document(run.run_id, run.model_dump_json(), looked_up)


def _run(document: Document) -> Run:
    return Run.model_validate_json(document.body)


def _found(document: Document | None) -> Document:
    if document is None:
        raise NotFoundError("there is no such run")
    return document


async def _latest(operations: Operations, brand: str, subject: str) -> Document | None:
    query = Query(("brand", "basis", "served"), (brand, subject), descending=True)
    found = await operations.find(RUNS, query, 1)
    return found[0] if found else None


def _admitted(active: Run, wanted: Run) -> Run:
    """Return the active run where it is what is wanted; raises ConflictError."""
    if active.ended:
        raise ConflictError(f"run {active.run_id} of this brand and basis is being put back; try again in a moment")
    if active.request == wanted.request:
        return active
    raise ConflictError(
        f"run {active.run_id} of this brand for {active.request.subject} is {active.status} with "
        f"{active.request.words}; wait for its end or cancel it"
    )


def _cancellable(run: Run) -> bool:
    """Tell whether the run is active; a cancelled one is not, any other ended one raises ConflictError."""
    if run.ended and run.status is not RunStatus.CANCELLED:
        raise ConflictError(f"run {run.run_id} has already ended: {run.status}")
    return not run.ended
