"""The right to do something alone: taken when it is due, renewed, fenced by a token, taken over once it has lapsed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.clock import milliseconds, moment
from shared.documents.base import Operations
from shared.documents.collection import Collection, Document, Value
from shared.documents.query import Query
from shared.errors import VoxpopError

LEASE_FIELDS: Final[Mapping[str, type[str] | type[int]]] = {"due_ms": int, "owner": str, "token": int}
"""What a collection whose documents are leased declares."""
_CANDIDATES: Final = 16
_LOOKS: Final = 8

LeasedChange = Callable[[Document], Document]


class LeaseLostError(VoxpopError):
    """Another owner has the lease by now, or what was leased is gone: the caller stops, and has written nothing."""


@dataclass(frozen=True)
class Lease:
    """The right to work on one document.

    `token` is the fence: it rises with each taking, and only the latest writes.
    """

    key: str
    owner: str
    token: int


def _same(document: Document) -> Document:
    return document


def freed(document: Document, due: datetime | None) -> Document:
    """Return a document without an owner, due at a moment or (None) never; a lease of before is lost."""
    return _with(document, None if due is None else milliseconds(due), None, token_of(document) + 1)


def leased(document: Document, owner: str, until: datetime) -> Document:
    """Return a document under a new lease of `owner`, of which `lease_of` tells."""
    return _with(document, milliseconds(until), owner, token_of(document) + 1)


def lease_of(document: Document) -> Lease | None:
    """Return the latest lease of a document, which may have lapsed; None where it was given back, or never taken."""
    owner = document.fields.get("owner")
    return Lease(document.key, owner, token_of(document)) if isinstance(owner, str) else None


def due_of(document: Document) -> datetime | None:
    """Return when a document is due, which is when its lease lapses where it has one; None for never."""
    due = document.fields.get("due_ms")
    return moment(due) if isinstance(due, int) else None


def token_of(document: Document) -> int:
    """Return the token of the latest lease, 0 before the first."""
    token = document.fields.get("token")
    return token if isinstance(token, int) else 0


@dataclass(frozen=True)
class Leases:
    """Documents of a collection that one owner at a time works on.

    A document is due at its `due_ms`, which for a leased one is when its lease lapses; without one it is never due. So
    one index finds what is due and what has lapsed: `index` names it, `due_ms` last, and `equal` has the values of the
    fields before, of the documents that may be taken at all. Other fields and the body may be changed by others through
    `Operations.update`, also while the document is leased; `freed` takes a lease away.

    The caller tells the time, so the clocks of replicas may differ by a part of the lease: an owner stops a good while
    before its lease lapses. Moments are kept to the millisecond. Operations raise as those of documents do.
    """

    documents: Operations
    collection: Collection
    index: tuple[str, ...] = ("due_ms",)
    equal: tuple[Value, ...] = ()

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Return the keys of up to `limit` documents that are due, those due longest first."""
        query = Query(self.index, self.equal, high=milliseconds(now), bodies=False)
        return [document.key for document in await self.documents.find(self.collection, query, limit)]

    async def take(
        self, owner: str, now: datetime, until: datetime, change: LeasedChange = _same
    ) -> tuple[Lease, Document] | None:
        """Take the document that is due longest until a moment; None where none is due.

        `change` returns it as it should be from now on. No document is taken by two at a time; where others take at the
        same moment, None may be returned though another one is due.
        """
        for _ in range(_LOOKS):
            keys = await self.due(now, _CANDIDATES)
            for key in keys:
                taken = await self.take_key(key, owner, now, until, change)
                if taken is not None:
                    return taken
            if len(keys) < _CANDIDATES:
                break
        return None

    async def take_key(
        self,
        key: str,
        owner: str,
        now: datetime,
        until: datetime,
        change: LeasedChange = _same,
        missing: Document | None = None,
    ) -> tuple[Lease, Document] | None:
        """Take one document until a moment, `missing` where there is none of its key; None where it is not due."""
        at = milliseconds(now)

        def taking(before: Document | None) -> Document:
            found = missing if before is None else before
            if found is None or not (before is None or self._is_due(found, at)):
                raise _NotDueError
            return leased(change(found), owner, until)

        try:
            document = await self.documents.update(self.collection, key, taking)
        except _NotDueError:
            return None
        return (Lease(key, owner, token_of(document)), document) if document is not None else None

    async def write(self, lease: Lease, change: LeasedChange = _same, until: datetime | None = None) -> Document:
        """Keep what `change` makes of a leased document, renew the lease where `until` is given, return the document.

        Raises LeaseLostError.
        """

        def writing(before: Document | None) -> Document:
            held = self._held(before, lease)
            due = held.fields.get("due_ms") if until is None else milliseconds(until)
            return _with(change(held), due, lease.owner, lease.token)

        return self._held(await self.documents.update(self.collection, lease.key, writing), lease)

    async def release(self, lease: Lease, due: datetime | None, change: LeasedChange = _same) -> Document:
        """Keep what `change` makes of a leased document and give it back, due again at a moment or (None) never.

        Returns the document. Raises LeaseLostError.
        """

        def releasing(before: Document | None) -> Document:
            held = self._held(before, lease)
            return _with(change(held), None if due is None else milliseconds(due), None, lease.token)

        document = await self.documents.update(self.collection, lease.key, releasing)
        return document if document is not None else self._held(None, lease)

    def _is_due(self, document: Document, at: int) -> bool:
        due = document.fields.get("due_ms")
        matches = all(document.fields.get(name) == value for name, value in zip(self.index, self.equal, strict=False))
        return matches and isinstance(due, int) and due <= at

    def _held(self, document: Document | None, lease: Lease) -> Document:
        if document is None or lease_of(document) != lease:
            raise LeaseLostError(f"a lease of {self.collection.name} is lost: another owner has it, or it is gone")
        return document


class _NotDueError(Exception):
    """Leaves a document as it is."""


def _with(document: Document, due_ms: Value, owner: str | None, token: int) -> Document:
    return replace(document, fields={**document.fields, "due_ms": due_ms, "owner": owner, "token": token})
