"""Tickets: each is kept once, and delivered to every ticket system that is configured."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.ingest.replies.stores.base import ReplyStore
from services.ingest.replies.ticket import Complaint, StoredTicket, Ticket, TicketDelivery, TicketSystem, delivery_id
from services.ingest.replies.ticket_system import TicketEndpoint
from services.ingest.vault.cipher import Cipher, UnopenableError
from services.ingest.vault.vault import Vault
from shared.clock import Clock
from shared.webhooks.delivery import Outcome, Parcel, Unsendable

TICKET_TEXT: Final = "ticket"
"""The purpose of texts of tickets in the vault."""
_PUBLIC_ID: Final = "ticket id"
"""The purpose of sealed ticket ids."""
TEXT_LASTING: Final = timedelta(days=30)
"""How long a ticket's text is kept: as long as profiles keeps texts."""


@dataclass(frozen=True)
class TicketRegister:
    """Keeps tickets by their keys, with their public ids sealed, and their texts apart from them in the vault."""

    store: ReplyStore
    vault: Vault
    cipher: Cipher
    clock: Clock
    systems: Sequence[TicketSystem]
    most_waiting: int

    async def open(self, key: str, ticket: Ticket, text: str, author: str) -> None:
        """Keep a ticket with the post's cleaned text, to be delivered to each ticket system once.

        Opening it again adds nothing. `key` is the ticket's (`ticket_key`); an erasure finds the text by `author`.
        """
        await self.vault.keep(TICKET_TEXT, {key: text}, TEXT_LASTING, {key: author})
        now = self.clock.now()
        deliveries = [
            TicketDelivery(id=delivery_id(key, system), ticket=key, desk=system, due_at=now, leased_until=now)
            for system in self.systems
        ]
        sealed = self.cipher.seal(_PUBLIC_ID, key, ticket.id).hex()
        kept = StoredTicket(**_routed(ticket), id=key, sealed_id=sealed)
        await self.store.add_ticket(kept, deliveries, self.most_waiting)

    async def ticket(self, key: str) -> Ticket | None:
        """Return a ticket, None where there is none; raises UnopenableError."""
        kept = await self.store.ticket(key)
        return Ticket(**_routed(kept), id=self._public_id(kept)) if kept is not None else None

    async def shown(self, tickets: Sequence[StoredTicket]) -> list[Ticket]:
        """Return tickets under their public ids, "" where today's keys do not open one."""

        def opened() -> list[Ticket]:
            found = []
            for kept in tickets:
                public = ""
                with suppress(UnopenableError):
                    public = self._public_id(kept)
                found.append(Ticket(**_routed(kept), id=public))
            return found

        return await asyncio.to_thread(opened)

    async def text(self, key: str) -> str | None:
        """Return a ticket's text, None where it has expired or was erased; raises UnopenableError."""
        return await self.vault.read(TICKET_TEXT, key)

    def _public_id(self, kept: StoredTicket) -> str:
        return self.cipher.open_(_PUBLIC_ID, kept.id, bytes.fromhex(kept.sealed_id))


def _routed(ticket: Complaint) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in Complaint.model_fields}


@dataclass(frozen=True)
class TicketDeliveries:
    """The `Deliveries` of tickets to the ticket systems that are configured."""

    store: ReplyStore
    tickets: TicketRegister
    endpoints: Mapping[TicketSystem, TicketEndpoint]

    async def lease(self, now: datetime, until: datetime) -> TicketDelivery | None:
        """See `Deliveries.lease`."""
        return await self.store.lease_delivery(now, until)

    async def parcel(self, leased: TicketDelivery) -> Parcel | Unsendable:
        """See `Deliveries.parcel`: a ticket without its text is not sent, one whose text cannot be read now waits."""
        endpoint = self.endpoints.get(leased.desk)
        try:
            ticket = await self.tickets.ticket(leased.ticket)
            text = await self.tickets.text(leased.ticket)
        except UnopenableError as error:
            return Unsendable(error.detail, later=True)
        if endpoint is None:
            return Unsendable(f"{leased.desk} is not configured any more")
        if ticket is None or text is None:
            return Unsendable("the text was erased or has expired")
        return Parcel(leased.desk, endpoint.url(), endpoint.body(ticket, text), endpoint.headers())

    async def settle(self, leased: TicketDelivery, outcome: Outcome, now: datetime) -> None:
        """See `Deliveries.settle`."""
        change = {
            "state": outcome.state,
            "known": outcome.known,
            "due_at": outcome.due_at or leased.due_at,
            "leased_until": now,
        }
        await self.store.settle_delivery(leased.model_copy(update=change))
