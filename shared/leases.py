"""The right to do something alone: taken when it is due, renewed, fenced by a token, taken over once it has lapsed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from shared.clock import SKEW, is_due, milliseconds, moment
from shared.documents.base import MOST_DOCUMENTS, Operations
from shared.documents.collection import Collection, Document, Index, Value
from shared.documents.query import Query
from shared.documents.unreadable_row import UnreadableRowError
from shared.errors import VoxpopError

LEASE_FIELDS: Final[Mapping[str, type[str] | type[int]]] = {"due_ms": int, "owner": str, "token": int}
"""What a collection whose documents are leased declares."""
_HELD: Final = ("owner", "due_ms")
LEASE_INDEX: Final = Index(_HELD)
"""What it declares too, where leases are looked for: those that are held now."""
_CANDIDATES: Final = 16
_LOOKS: Final = 8

log = structlog.get_logger(__name__)

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
    `Operations.update`, also while the document is leased; `freed` takes a lease away. `longest` is how long a document
    that is not leased waits at the most.

    The caller tells the time, so the clocks of replicas may differ by a part of the lease: an owner stops a good while
    before its lease lapses. A clock that was wrong once delays nothing: what is due further ahead than `longest` is due
    now, and a lease that ends further ahead than leases last is taken over once this replica has seen it unchanged
    for as long as one lasts (an owner that lives renews it). Moments are kept to the millisecond. Operations raise as
    those of documents do.
    """

    documents: Operations
    collection: Collection
    longest: timedelta
    index: tuple[str, ...] = ("due_ms",)
    equal: tuple[Value, ...] = ()
    seen: dict[str, tuple[Value, Value, datetime]] = field(default_factory=dict, repr=False, compare=False)
    """Leases that end too far ahead: by key owner and end, and since when they are known."""

    async def due(self, now: datetime, limit: int, lasting: timedelta) -> list[str]:
        """Return the keys of up to `limit` documents that are due, those due longest first; leases last `lasting`."""
        query = Query(self.index, self.equal, high=milliseconds(now), bodies=False)
        keys = [document.key for document in await self.documents.find(self.collection, query, limit)]
        return keys if len(keys) == limit else [*keys, *await self._due_ahead(now, limit - len(keys), lasting)]

    async def _due_ahead(self, now: datetime, limit: int, lasting: timedelta) -> list[str]:
        """Return what only a wrong clock made wait until later."""
        beyond = milliseconds(now + self.longest + SKEW) + 1
        query = Query(self.index, self.equal, low=beyond, bodies=False)
        far = [document.key for document in await self.documents.find(self.collection, query, limit)]
        held = await self.documents.find(self.collection, Query(_HELD, low="", bodies=False), MOST_DOCUMENTS)
        by_key = {document.key: document for document in held}
        for key in self.seen.keys() - by_key.keys():
            self.seen.pop(key, None)
        ahead = (document for document in held if (due_of(document) or now) > now)
        lapsed = [document.key for document in ahead if self._has_lapsed(document, now, lasting)]
        return list(dict.fromkeys([*(key for key in far if key not in by_key), *lapsed]))[:limit]

    async def take(
        self, owner: str, now: datetime, until: datetime, change: LeasedChange = _same
    ) -> tuple[Lease, Document] | None:
        """Take the document that is due longest until a moment; None where none is due.

        `change` returns it as it should be from now on. No document is taken by two at a time; where others take at the
        same moment, None may be returned though another one is due. One that `change` cannot read is passed over.
        """
        for _ in range(_LOOKS):
            keys = await self.due(now, _CANDIDATES, until - now)
            for key in keys:
                try:
                    taken = await self.take_key(key, owner, now, until, change)
                except UnreadableRowError as error:
                    log.warning("store.row_unreadable", table=error.table, row=error.row)
                    continue
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

        def taking(before: Document | None) -> Document:
            found = missing if before is None else before
            if found is None or not (before is None or self._may_be_taken(found, now, until - now)):
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

    async def remove(self, lease: Lease) -> None:
        """Remove a leased document for good; raises LeaseLostError."""

        def removing(before: Document | None) -> None:
            self._held(before, lease)

        await self.documents.update(self.collection, lease.key, removing)

    def _may_be_taken(self, document: Document, now: datetime, lasting: timedelta) -> bool:
        due = due_of(document)
        matches = all(document.fields.get(name) == value for name, value in zip(self.index, self.equal, strict=False))
        if due is None or not matches:
            return False
        is_leased = lease_of(document) is not None
        return self._has_lapsed(document, now, lasting) if is_leased else is_due(due, now, self.longest)

    def _has_lapsed(self, document: Document, now: datetime, lasting: timedelta) -> bool:
        """Tell whether a lease is over by its end or, where that is too far ahead, by what was seen of it."""
        due = due_of(document)
        if due is None or not is_due(due, now, lasting) or due <= now:
            self.seen.pop(document.key, None)
            return due is not None and due <= now
        owner, end = document.fields["owner"], document.fields["due_ms"]
        known_owner, known_end, since = self.seen.get(document.key, (None, None, now))
        if (owner, end) != (known_owner, known_end) or now < since:
            since = now
        self.seen[document.key] = owner, end, since
        return now - since >= lasting

    def _held(self, document: Document | None, lease: Lease) -> Document:
        if document is None or lease_of(document) != lease:
            raise LeaseLostError(f"a lease of {self.collection.name} is lost: another owner has it, or it is gone")
        return document


class _NotDueError(Exception):
    """Leaves a document as it is."""


def _with(document: Document, due_ms: Value, owner: str | None, token: int) -> Document:
    return replace(document, fields={**document.fields, "due_ms": due_ms, "owner": owner, "token": token})
