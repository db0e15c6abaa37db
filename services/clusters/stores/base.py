"""What a store of runs must do, in prose; `tests/contract/test_run_registry.py` holds every store to it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from services.clusters.run import Basis, Run, RunStatus
from shared.errors import ConflictError

Clock = Callable[[], datetime]

INTERRUPTED = "the run was interrupted: the process that trained it went away; train again"


class RunStore(Protocol):
    """Runs, the lease of each active run, and which run is current.

    One run at a time is active (queued or running) for each brand and basis. It is held by a lease: the
    owner that submitted it, renewed by every `record`. A lease that was not renewed for the store's
    lease time has lapsed: its run counts as failed, and the place is free. A run never changes hands, so
    its id is the fencing token: what an owner writes for a run that lapsed or ended is refused with
    LeaseLostError, however late it comes. Ended runs are immutable. Every operation is all or
    nothing, also between processes that share the store.

    Operations raise PeerUnavailableError where the database is a server and does not answer.
    """

    async def submit(self, run: Run, owner: str) -> Run:
        """Take the lease for a queued run and keep it; return it.

        Where a run of the same brand and basis is active, return that one if it was asked for with the
        same parameters, else raise ConflictError.
        """

    async def record(self, run: Run, owner: str) -> bool:
        """Keep the active run as it now is and renew its lease; return whether cancelling was asked for.

        Raises LeaseLostError.
        """

    async def finish(self, run: Run, owner: str) -> None:
        """Keep the ended run for good and free its lease; one that succeeded is current from then on.

        Raises LeaseLostError.
        """

    async def ask_cancel(self, run_id: str) -> Run:
        """Note that an active run should be cancelled, for its owner to see; return the run.

        A cancelled run is returned as it is. Raises NotFoundError, ConflictError for any other ended run.
        """

    async def fail_lapsed(self) -> int:
        """Mark every active run whose lease has lapsed as failed; return how many."""

    async def find(self, run_id: str) -> Run:
        """Return one run; raises NotFoundError."""

    async def runs(self, brand: str, limit: int, before: str | None = None) -> list[Run]:
        """Return a brand's runs, newest first (by id), those after the run id `before` in that order."""

    async def current(self, brand: str, basis: Basis) -> Run | None:
        """Return the run that succeeded last for a brand and basis."""

    async def check_ready(self) -> None:
        """Return where the store answers; raises where it does not."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def slot_of(run: Run) -> str:
    """Return the place that an active run of this brand and basis holds; an ended run holds its own id."""
    return f"{run.brand}|{run.request.basis}"


def admitted(active: Run, wanted: Run) -> Run:
    """Return the active run where it is what is wanted; raises ConflictError."""
    if active.request == wanted.request:
        return active
    raise ConflictError(
        f"run {active.run_id} of this brand and basis is {active.status} with k {active.request.k} and seed "
        f"{active.request.seed}; wait for its end or cancel it"
    )


def cancellable(run: Run) -> bool:
    """Tell whether the run is active; a cancelled one is not, any other ended one raises ConflictError."""
    if run.ended and run.status is not RunStatus.CANCELLED:
        raise ConflictError(f"run {run.run_id} has already ended: {run.status}")
    return not run.ended
