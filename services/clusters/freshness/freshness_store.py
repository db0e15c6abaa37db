"""Where the freshness of current runs, and the schedules of trainings, are kept."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from services.clusters.bases.basis import Basis
from services.clusters.freshness.run_freshness import RunFreshness
from services.clusters.freshness.schedule import Schedule
from shared.documents.base import Documents
from shared.documents.collection import Collection, Document, Index
from shared.documents.query import Query
from shared.documents.unreadable_row import find_readable, read_document
from shared.errors import NotFoundError

FRESHNESS: Final = Collection("freshness")
SCHEDULES: Final = Collection("schedules", {"brand": str}, (Index(("brand",)),))
FOLLOWED: Final = Collection("followed", {"next": int})
_FOLLOWED: Final = "profiles"
MOST_SCHEDULES: Final = 1000


class FreshnessStore:
    """One freshness for each brand and basis, of the run that is current there. Raises as documents do."""

    def __init__(self, documents: Documents) -> None:
        """Use an open database with `FRESHNESS` and `FOLLOWED`."""
        self._documents = documents

    async def of(self, brand: str, basis: Basis) -> RunFreshness | None:
        """Return the freshness that was kept last, of whichever run."""
        found = await self._documents.get(FRESHNESS, _key(brand, basis))
        return None if found is None else read_document(FRESHNESS, found, _freshness)

    async def put(self, brand: str, basis: Basis, freshness: RunFreshness) -> None:
        """Keep a freshness in place of the one before."""
        await self._documents.put_all(FRESHNESS, [Document(_key(brand, basis), freshness.model_dump_json())])

    async def followed(self) -> int:
        """Return the `next` of the last answer about changes whose brands were all looked at; nought at first."""
        found = await self._documents.get(FOLLOWED, _FOLLOWED)
        number = found.fields["next"] if found is not None else 0
        return number if isinstance(number, int) else 0

    async def follow(self, following: int) -> None:
        """Say from where changes are asked for the next time."""
        await self._documents.put_all(FOLLOWED, [Document(_FOLLOWED, "", {"next": following})])


class ScheduleStore:
    """One schedule for each brand and basis. Raises as documents do."""

    def __init__(self, documents: Documents) -> None:
        """Use an open database with `SCHEDULES`."""
        self._documents = documents

    async def put(self, schedule: Schedule) -> None:
        """Keep a schedule in place of the one before."""
        await self._documents.put_all(SCHEDULES, [_document(schedule)])

    async def find(self, brand: str, basis: Basis) -> Schedule:
        """Return a schedule; raises NotFoundError."""
        found = await self._documents.get(SCHEDULES, _key(brand, basis))
        if found is None:
            raise NotFoundError(f"clusters of {brand} by {basis} have no schedule; PUT one at the same address")
        return read_document(SCHEDULES, found, _schedule)

    async def delete(self, brand: str, basis: Basis) -> None:
        """Forget a schedule; raises NotFoundError."""
        if not await self._documents.delete(SCHEDULES, _key(brand, basis)):
            raise NotFoundError(f"clusters of {brand} by {basis} have no schedule")

    async def all(self) -> list[Schedule]:
        """Return up to 1,000 schedules, by brand and basis."""
        return await find_readable(self._documents, SCHEDULES, Query(("brand",)), MOST_SCHEDULES, _schedule)

    async def change(self, schedule: Schedule, change: Callable[[Schedule], Schedule]) -> None:
        """Change a schedule where it is still what it was but for what runs became of it; else nothing happens."""

        def changed(kept: Document | None) -> Document | None:
            if kept is None or _terms(_schedule(kept)) != _terms(schedule):
                return kept
            return _document(change(_schedule(kept)))

        await self._documents.update(SCHEDULES, _key(schedule.brand, schedule.basis), changed)


def _terms(schedule: Schedule) -> tuple[str | None, float | None, datetime | None]:
    return schedule.cron, schedule.max_drift, schedule.next_at


def _key(brand: str, basis: Basis) -> str:
    return f"{brand}|{basis.value}"


def _document(schedule: Schedule) -> Document:
    return Document(_key(schedule.brand, schedule.basis), schedule.model_dump_json(), {"brand": schedule.brand})


def _freshness(document: Document) -> RunFreshness:
    return RunFreshness.model_validate_json(document.body)


def _schedule(document: Document) -> Schedule:
    return Schedule.model_validate_json(document.body)
