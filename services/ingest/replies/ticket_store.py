"""Tickets and their deliveries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from services.ingest.replies.ticket import StoredTicket
from shared.clock import milliseconds
from shared.documents.base import Documents, Operations
from shared.documents.collection import Collection, Document, Index, Value
from shared.documents.query import Query
from shared.documents.unreadable_row import find_readable, read_document
from shared.outbox import Outbox, OutboxRow, outbox_of

TICKETS: Final = Collection(
    "tickets", {"brand": str, "created_ms": int}, (Index(("created_ms",)), Index(("brand", "created_ms")))
)
TICKET_OUTBOX: Final = outbox_of("ticket_outbox")
TimePosition = tuple[int, str]
"""A row of a list in order of time: milliseconds since 1970 and id. A page begins after it; None is the front."""


class TicketStore:
    """The part of `ReplyStore` about tickets; deliveries are rows of the outbox, whose subject is the ticket's key."""

    def __init__(self, documents: Documents) -> None:
        """Use an open database."""
        self._documents = documents
        self.outbox = Outbox(documents, TICKET_OUTBOX)

    async def add_ticket(self, ticket: StoredTicket, systems: Sequence[str], due: datetime, most_waiting: int) -> bool:
        """Keep a ticket with a delivery to each ticket system; tell whether it was new.

        Adding again adds deliveries to further systems alone. While `most_waiting` deliveries wait, new ones are kept
        as failed, with a sentence.
        """
        rows = [OutboxRow(id=f"{ticket.id}:{system}", subject=ticket.id, destination=system) for system in systems]

        async def adding(operations: Operations) -> bool:
            added = await operations.insert(TICKETS, ticket_document(ticket))
            await Outbox(operations, TICKET_OUTBOX).add(rows, due, most_waiting)
            return added

        return await self._documents.transaction(adding)

    async def ticket(self, key: str) -> StoredTicket | None:
        """Return a ticket, None where there is none."""
        document = await self._documents.get(TICKETS, key)
        return read_document(TICKETS, document, _ticket) if document is not None else None

    async def tickets(self, brand: str | None, after: TimePosition | None, limit: int) -> list[StoredTicket]:
        """Return tickets in order of creation."""
        fields, equal = (("brand", "created_ms"), (brand,)) if brand is not None else (("created_ms",), ())
        return await find_readable(self._documents, TICKETS, Query(fields, equal, after=after), limit, _ticket)

    async def deliveries(self, tickets: Sequence[str]) -> list[OutboxRow]:
        """Return the deliveries of these tickets (1,000 at most), by ticket and system."""
        return await self.outbox.of_subjects(tickets)

    async def forget_tickets(self, tickets: Sequence[str]) -> int:
        """Remove these tickets (1,000 at most) with their deliveries and return how many tickets were there."""

        async def forgetting(operations: Operations) -> int:
            await Outbox(operations, TICKET_OUTBOX).delete_subjects(tickets)
            return await operations.delete_all(TICKETS, tickets)

        return await self._documents.transaction(forgetting)


def ticket_document(ticket: StoredTicket) -> Document:
    """Return a ticket as it is kept."""
    fields: dict[str, Value] = {"brand": ticket.brand, "created_ms": milliseconds(ticket.created_at)}
    return Document(ticket.id, ticket.model_dump_json(), fields)


def _ticket(document: Document) -> StoredTicket:
    return StoredTicket.model_validate_json(document.body)
