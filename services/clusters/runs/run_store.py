"""Runs in the store: one active at a time for each brand and basis, which one is current, and what became of each."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.clusters.bases.basis import Basis
from services.clusters.runs.run import Run, RunStatus
from shared.clock import Clock
from shared.documents.base import Documents
from shared.documents.collection import Collection, Document, Index, Value
from shared.documents.migration import Kept, Move
from shared.documents.query import Query
from shared.documents.unreadable_row import find_readable, read_document, readable
from shared.errors import ConflictError, NotFoundError, OverloadedError
from shared.leases import LEASE_FIELDS, LEASE_INDEX, Lease, Leases, freed, leased

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
"""An active run has a `slot`, its brand and basis, which lets one in; `served` numbers what became current."""
_ATTEMPTS: Final = 10
_LAPSED: Final = 1000
_TOKEN: Final = 1
"""Of every lease: a run never changes hands."""


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
        self.check_ready = documents.check_ready

    async def submit(self, run: Run, owner: str) -> Run:
        """Take the lease for a queued run and keep it; return it.

        Where a run of the same brand and basis is active, return that one if it was asked for with the
        same parameters, else raise ConflictError.
        """
        await self.fail_lapsed()
        slot = _slot(run)
        for _ in range(_ATTEMPTS):
            if await self._documents.insert(RUNS, leased(_document(run, slot=slot), owner, self._lapse())):
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

    async def finish(self, run: Run, owner: str) -> None:
        """Keep the ended run for good and free its lease; one that succeeded is current from then on.

        Raises LeaseLostError. No other run is numbered as current meanwhile: the slot is still this one's.
        """
        served: int | None = None
        if run.status is RunStatus.SUCCEEDED:
            latest = await self._latest(run.brand, run.request.basis)
            served = _served(latest) + 1
        ended = _document(run, served=served)
        await self._leases.release(_lease(run, owner), None, lambda kept: replace(ended, version=kept.version))

    async def ask_cancel(self, run_id: str) -> Run:
        """Note that an active run should be cancelled, for its owner to see; return the run.

        A cancelled run is returned as it is. Raises NotFoundError, ConflictError for any other ended run.
        """

        def wish(kept: Document | None) -> Document:
            found = _found(kept)
            return replace(found, fields={**found.fields, "cancel": 1}) if _cancellable(_run(found)) else found

        return _run(_found(await self._documents.update(RUNS, run_id, wish)))

    async def fail_lapsed(self) -> int:
        """Mark every active run whose lease has lapsed as failed; return how many."""
        now = self._clock.now()
        failed = 0
        for run_id in await self._leases.due(now, _LAPSED, self._lease):
            kept = await self._documents.get(RUNS, run_id)
            if kept is None or kept.fields.get("slot") is None:
                continue
            for run in readable(RUNS, [kept], _run):
                ended = _document(run.ending(RunStatus.FAILED, now, INTERRUPTED), token=kept.fields["token"])
                lost = freed(replace(ended, version=kept.version), None)
                failed += await self._documents.replace(RUNS, lost) is not None
        return failed

    async def find(self, run_id: str) -> Run:
        """Return one run; raises NotFoundError."""
        return read_document(RUNS, _found(await self._documents.get(RUNS, run_id)), _run)

    async def runs(self, brand: str, limit: int, before: str | None = None) -> list[Run]:
        """Return a brand's runs, newest first (by id), those after the run id `before` in that order."""
        after = None if before is None else (before,)
        query = Query(("brand",), (brand,), after=after, descending=True)
        return await find_readable(self._documents, RUNS, query, limit, _run)

    async def current(self, brand: str, basis: Basis) -> Run | None:
        """Return the run that succeeded last for a brand and basis."""
        latest = await self._latest(brand, basis)
        return read_document(RUNS, latest, _run) if latest is not None else None

    async def _latest(self, brand: str, basis: Basis) -> Document | None:
        query = Query(("brand", "basis", "served"), (brand, basis.value), descending=True)
        found = await self._documents.find(RUNS, query, 1)
        return found[0] if found else None

    def _lapse(self) -> datetime:
        return self._clock.now() + self._lease


def moves_of_earlier(lease: timedelta) -> list[Move]:
    """Return what becomes of the runs that an earlier voxpop kept; a lease lapses `lease` after its last renewal."""
    return [
        Move(source, lambda row: _of_earlier(row, lease))
        for source in ("run", "runs")  # the table in SQLite, the collection in MongoDB
    ]


def _slot(run: Run) -> str:
    return f"{run.brand}|{run.request.basis}"


def _lease(run: Run, owner: str) -> Lease:
    return Lease(run.run_id, owner, _TOKEN)


def _document(run: Run, **fields: Value) -> Document:
    looked_up: dict[str, Value] = {"brand": run.brand, "basis": run.request.basis.value, **fields}
    return Document(run.run_id, run.model_dump_json(), looked_up)


def _run(document: Document) -> Run:
    return Run.model_validate_json(document.body)


def _found(document: Document | None) -> Document:
    if document is None:
        raise NotFoundError("there is no such run")
    return document


def _served(document: Document | None) -> int:
    served = document.fields["served"] if document is not None else 0
    return served if isinstance(served, int) else 0


def _admitted(active: Run, wanted: Run) -> Run:
    """Return the active run where it is what is wanted; raises ConflictError."""
    if active.request == wanted.request:
        return active
    raise ConflictError(
        f"run {active.run_id} of this brand and basis is {active.status} with k {active.request.k} and seed "
        f"{active.request.seed}; wait for its end or cancel it"
    )


def _cancellable(run: Run) -> bool:
    """Tell whether the run is active; a cancelled one is not, any other ended one raises ConflictError."""
    if run.ended and run.status is not RunStatus.CANCELLED:
        raise ConflictError(f"run {run.run_id} has already ended: {run.status}")
    return not run.ended


def _of_earlier(row: Mapping[str, Any], lease: timedelta) -> Iterable[Kept]:
    """Return the document of a row of SQLite's old table, or of a document of MongoDB's old collection."""
    body = row["body"]
    run = Run.model_validate_json(body) if isinstance(body, str) else Run.model_validate(body)
    if not row["active"]:
        return [(RUNS, _document(run, served=row["served"] or None))]
    lapse = datetime.fromtimestamp(row["renewed"], UTC) + lease
    return [(RUNS, leased(_document(run, slot=_slot(run), cancel=int(row["cancel"]) or None), row["owner"], lapse))]
