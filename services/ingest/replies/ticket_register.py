"""Tickets: each is kept once, and delivered to every ticket system that is configured."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.ingest.replies.store import ReplyStore
from services.ingest.replies.ticket import Complaint, StoredTicket, Ticket, TicketSystem
from services.ingest.replies.ticket_system import TicketEndpoint
from services.ingest.vault.cipher import Cipher, UnopenableError
from services.ingest.vault.vault import Vault
from shared import outbox
from shared.clock import Clock
from shared.leases import Lease
from shared.outbox import Outbox, OutboxRow
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
        sealed = self.cipher.seal(_PUBLIC_ID, key, ticket.id).hex()
        kept = StoredTicket(**_routed(ticket), id=key, sealed_id=sealed)
        await self.store.add_ticket(kept, self.systems, self.clock.now(), self.most_waiting)

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
class LeasedTicketDelivery:
    """A ticket's row of the outbox, leased for one attempt."""

    lease: Lease
    row: OutboxRow

    @property
    def id(self) -> str:
        """Return the idempotency key."""
        return self.row.id

    @property
    def attempts(self) -> int:
        """Return which attempt this is, from 1."""
        return self.row.attempts


@dataclass(frozen=True)
class TicketDeliveries:
    """The `Deliveries` of tickets to the ticket systems that are configured."""

    outbox: Outbox
    tickets: TicketRegister
    endpoints: Mapping[TicketSystem, TicketEndpoint]
    owner: str

    async def lease(self, now: datetime, until: datetime) -> LeasedTicketDelivery | None:
        """See `Deliveries.lease`."""
        taken = await self.outbox.take(self.owner, now, until)
        return LeasedTicketDelivery(*taken) if taken is not None else None

    async def parcel(self, leased: LeasedTicketDelivery) -> Parcel | Unsendable:
        """See `Deliveries.parcel`: a ticket without its text is not sent, one whose text cannot be read now waits."""
        row = leased.row
        endpoint = next((self.endpoints[system] for system in self.endpoints if system == row.destination), None)
        try:
            ticket = await self.tickets.ticket(row.subject)
            text = await self.tickets.text(row.subject)
        except UnopenableError as error:
            return Unsendable(error.detail, later=True)
        if endpoint is None:
            return Unsendable(f"{row.destination} is not configured any more")
        if ticket is None or text is None:
            return Unsendable("the text was erased or has expired")
        return Parcel(row.destination, endpoint.url(), endpoint.body(ticket, text), endpoint.headers())

    async def settle(self, leased: LeasedTicketDelivery, outcome: Outcome, now: datetime) -> None:  # noqa: ARG002
        """See `Deliveries.settle`."""
        await self.outbox.settle(leased.lease, outbox.Outcome(outcome.state, outcome.known, outcome.due_at))
