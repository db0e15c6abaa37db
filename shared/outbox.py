"""Rows to deliver to systems outside: each with an id of its own, retried under a lease until it has ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue

from shared.analysis import Frozen
from shared.documents.base import MOST_DOCUMENTS, Operations
from shared.documents.collection import Collection, Document, Index
from shared.documents.query import Query
from shared.documents.unreadable_row import read_document, readable
from shared.leases import LEASE_FIELDS, LEASE_INDEX, Lease, LeaseLostError, Leases, freed

OutboxState = Literal["waiting", "delivered", "failed", "unknown"]

_DUE: Final = ("state", "due_ms")
_SUBJECT: Final = ("subject",)
_WAITING: Final = Query(_DUE, ("waiting",), bodies=False)
LONGEST_WAIT: Final = timedelta(hours=6)
"""How long a delivery waits at the most for its next attempt."""
FULL: Final = "not delivered: too many deliveries were waiting"


def outbox_of(name: str) -> Collection:
    """Return the collection of an outbox; services that share a database have one each."""
    return Collection(name, {"state": str, "subject": str, **LEASE_FIELDS}, (Index(_DUE), Index(_SUBJECT), LEASE_INDEX))


class OutboxRow(Frozen):
    """One delivery: `id` is the idempotency key of every attempt, `subject` what it is about.

    It is `waiting` until it was `delivered`, has `failed` for good, or is `unknown`: perhaps delivered, and not to be
    sent again by itself. `attempts` counts those begun; `known` says what the last one came to; `body` is what the
    delivery takes with it, where that is not looked up by the subject.
    """

    id: str
    subject: str
    destination: str
    body: JsonValue = None
    state: OutboxState = "waiting"
    attempts: Annotated[int, Field(ge=0)] = 0
    known: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an attempt came to; a delivery that waits again is due at `due_at`, which is None in the other states."""

    state: OutboxState
    known: str
    due_at: datetime | None = None


class Outbox:
    """The deliveries of one service, in a collection of `outbox_of`; within a transaction by the operations of that.

    The caller tells the time. Operations raise as those of documents do.
    """

    def __init__(self, documents: Operations, collection: Collection) -> None:
        """Use an open database, or a transaction."""
        self._documents = documents
        self._collection = collection
        self._leases = Leases(documents, collection, LONGEST_WAIT, _DUE, ("waiting",))

    async def add(self, rows: Sequence[OutboxRow], due: datetime, most_waiting: int | None = None) -> None:
        """Keep new deliveries; one whose id is there stays as it is.

        While `most_waiting` wait, further ones are kept as failed, with a sentence. (The bound is a guard for the disk:
        those added at one moment may exceed it by their number.)
        """
        room = None
        if most_waiting is not None:
            room = most_waiting - await self._documents.count(self._collection, _WAITING, most_waiting)
        for place, row in enumerate(rows):
            is_full = room is not None and place >= room
            kept = row.model_copy(update={"state": "failed", "known": FULL}) if is_full else row
            await self._documents.insert(self._collection, freed(_document(kept), None if is_full else due))

    async def keep(self, row: OutboxRow, due: datetime) -> None:
        """Keep a delivery of another store as it stands, due at a moment where it waits; one that is here stays."""
        await self._documents.insert(self._collection, freed(_document(row), due if row.state == "waiting" else None))

    async def take(self, owner: str, now: datetime, until: datetime) -> tuple[Lease, OutboxRow] | None:
        """Take the waiting delivery that is due longest, for one attempt more; None where none is due.

        No delivery is taken by two at a time; one that is not settled is taken again after `until`.
        """

        def begun(document: Document) -> Document:
            row = read_document(self._collection, document, _row)
            return _document(row.model_copy(update={"attempts": row.attempts + 1}), document)

        taken = await self._leases.take(owner, now, until, begun)
        return (taken[0], _row(taken[1])) if taken is not None else None

    async def settle(self, lease: Lease, outcome: Outcome) -> bool:
        """Keep what an attempt came to; tell whether the lease was still held, else nothing is changed."""

        def settled(document: Document) -> Document:
            change = {"state": outcome.state, "known": outcome.known}
            return _document(_row(document).model_copy(update=change), document)

        try:
            await self._leases.release(lease, outcome.due_at, settled)
        except LeaseLostError:
            return False
        return True

    async def of_subjects(self, subjects: Sequence[str]) -> list[OutboxRow]:
        """Return the deliveries about these subjects (1,000 at the most), by subject and id."""
        query = Query(_SUBJECT, (tuple(subjects),))
        found = page = await self._documents.find(self._collection, query, MOST_DOCUMENTS)
        while len(page) == MOST_DOCUMENTS:
            page = await self._documents.find(self._collection, query.behind(page[-1]), MOST_DOCUMENTS)
            found = [*found, *page]
        return readable(self._collection, found, _row)

    async def delete_subjects(self, subjects: Sequence[str]) -> None:
        """Remove the deliveries about these subjects (1,000 at the most)."""
        query = Query(_SUBJECT, (tuple(subjects),))
        while await self._documents.delete_found(self._collection, query, MOST_DOCUMENTS) == MOST_DOCUMENTS:
            pass


def _document(row: OutboxRow, before: Document | None = None) -> Document:
    fields = {**(before.fields if before is not None else {}), "state": row.state, "subject": row.subject}
    return Document(row.id, row.model_dump_json(), fields, before.version if before is not None else 0)


def _row(document: Document) -> OutboxRow:
    return OutboxRow.model_validate_json(document.body)
