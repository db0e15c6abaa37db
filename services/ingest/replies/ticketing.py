"""Opening of tickets: kept once, handed to every desk that is set up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.ingest.replies.stores.base import ReplyStore
from services.ingest.replies.ticket import Delivery, Desk, Ticket, delivery_id
from services.ingest.vault.vault import Vault
from shared.clock import Clock

TICKET_TEXT: Final = "ticket"
"""The purpose of texts of tickets in the vault."""
TEXT_LASTING: Final = timedelta(days=30)
"""How long a ticket's text is kept: as long as profiles keeps texts."""


@dataclass(frozen=True)
class Ticketing:
    """Keeps tickets, their texts apart from them in the vault."""

    store: ReplyStore
    vault: Vault
    clock: Clock
    desks: Sequence[Desk]
    most_waiting: int

    async def open(self, ticket: Ticket, text: str, author: str) -> None:
        """Keep a ticket with the post's cleaned text, to be delivered to each desk once; opening it again adds nothing.

        `author` is the key by which an erasure finds the text.
        """
        await self.vault.keep(TICKET_TEXT, {ticket.id: text}, TEXT_LASTING, {ticket.id: author})
        now = self.clock.now()
        deliveries = [
            Delivery(id=delivery_id(ticket.id, desk), ticket=ticket.id, desk=desk, due_at=now, leased_until=now)
            for desk in self.desks
        ]
        await self.store.add_ticket(ticket, deliveries, self.most_waiting)

    async def text(self, ticket: str) -> str | None:
        """Return a ticket's text, None where it has expired or was erased."""
        return await self.vault.read(TICKET_TEXT, ticket)
