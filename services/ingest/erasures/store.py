"""Erasures as they are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.ingest.erasures.erasure import LONGEST_WAIT, Erasure, asked_again, taken
from shared.documents.base import Documents
from shared.documents.collection import Collection, Document, Index
from shared.documents.query import Query
from shared.documents.unreadable_row import read_document
from shared.errors import NotFoundError
from shared.leases import LEASE_FIELDS, LEASE_INDEX, Lease, Leases, freed

_ID: Final = ("erasure_id",)
ERASURES: Final = Collection(
    "erasures", {"erasure_id": str, **LEASE_FIELDS}, (Index(_ID, unique=True), Index(("due_ms",)), LEASE_INDEX)
)


class ErasureStore:
    """Authors to be erased, and how far that has come; shared by all replicas.

    There is one erasure an author, for good: it is the tombstone by which later posts are known. Every operation is
    atomic by itself, between processes too. The caller tells the time; moments are kept to the millisecond.
    Operations raise as those of documents do.
    """

    def __init__(self, documents: Documents) -> None:
        """Use an open database with `ERASURES`."""
        self._documents = documents
        self._leases = Leases(documents, ERASURES, LONGEST_WAIT)

    async def ask(self, wanted: Erasure) -> Erasure:
        """Keep an erasure and return it; where the author has one, that one is returned instead.

        It is queued once more where it is done (see `asked_again`), and a lease on it is lost. From when this returns,
        `erased` knows the author.
        """

        def asked(before: Document | None) -> Document:
            if before is None:
                return freed(document_of(wanted), wanted.due_at)
            known = read_document(ERASURES, before, _erasure)
            again = asked_again(known, wanted)
            return before if again == known else freed(document_of(again, before), again.due_at)

        kept = await self._documents.update(ERASURES, wanted.author_key, asked)
        return _erasure(kept) if kept is not None else wanted

    async def find(self, erasure_id: str) -> Erasure:
        """Return one; raises NotFoundError."""
        found = await self._documents.find(ERASURES, Query(_ID, (erasure_id,)), 1)
        if not found:
            raise NotFoundError(f"there is no erasure '{erasure_id}'; POST /v1/erasures says the id of each")
        return read_document(ERASURES, found[0], _erasure)

    async def erased(self, author_keys: Sequence[str]) -> set[str]:
        """Return those of the authors (1,000 at the most) that were ever to be erased, done or not."""
        return {found.key for found in await self._documents.get_all(ERASURES, author_keys, bodies=False)}

    async def take(self, owner: str, now: datetime, until: datetime) -> tuple[Lease, Erasure] | None:
        """Take the erasure that is due longest and that no replica works on (see `taken`); None where there is none."""
        found = await self._leases.take(
            owner, now, until, lambda one: document_of(taken(read_document(ERASURES, one, _erasure)), one)
        )
        return (found[0], _erasure(found[1])) if found is not None else None

    async def note(self, lease: Lease, erasure: Erasure) -> None:
        """Keep how far an erasure has come; raises LeaseLostError."""
        await self._leases.write(lease, lambda before: document_of(erasure, before))

    async def settle(self, lease: Lease, erasure: Erasure) -> None:
        """Keep an erasure in its new state and give it back, due when that says; raises LeaseLostError."""
        await self._leases.release(lease, erasure.due_at, lambda before: document_of(erasure, before))


def document_of(erasure: Erasure, before: Document | None = None) -> Document:
    """Return an erasure as it is kept, with the lease that the document has."""
    fields = {**(before.fields if before is not None else {}), "erasure_id": erasure.id}
    return Document(erasure.author_key, erasure.model_dump_json(), fields)


def _erasure(document: Document) -> Erasure:
    return Erasure.model_validate_json(document.body)
