"""Tickets: each is kept once, and delivered to every ticket system that is configured."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.ingest.replies.store import ReplyStore
from services.ingest.replies.ticket import StoredTicket, Ticket
from services.ingest.replies.ticket_system import TicketEndpoint
from services.ingest.vault.cipher import Cipher, UnopenableError
from services.ingest.vault.vault import Vault
from shared.clock import Clock
from shared.outbox import OutboxRow
from shared.webhooks.sender import Unsendable, WebhookRequest

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
    endpoints: Mapping[str, TicketEndpoint]
    """The ticket systems that are configured, by name."""
    most_waiting: int

    async def open(self, key: str, ticket: Ticket, text: str, author: str) -> None:
        """Keep a ticket with the post's cleaned text, to be delivered to each ticket system once.

        Opening it again adds nothing. `key` is the ticket's (`ticket_key`); an erasure finds the text by `author`.
        """
        await self.vault.keep(TICKET_TEXT, {key: text}, TEXT_LASTING, {key: author})
        sealed = self.cipher.seal(_PUBLIC_ID, key, ticket.id).hex()
        kept = StoredTicket.model_validate({**ticket.model_dump(), "id": key, "sealed_id": sealed})
        await self.store.add_ticket(kept, sorted(self.endpoints), self.clock.now(), self.most_waiting)

    async def shown(self, tickets: Sequence[StoredTicket]) -> list[Ticket]:
        """Return tickets under their public ids, "" where today's keys do not open one."""

        def opened() -> list[Ticket]:
            found = []
            for kept in tickets:
                public = ""
                with suppress(UnopenableError):
                    public = self._public_id(kept)
                found.append(_shown(kept, public))
            return found

        return await asyncio.to_thread(opened)

    async def request_of(self, row: OutboxRow) -> WebhookRequest | Unsendable:
        """Return what is sent of a row of the outbox.

        A ticket without its text is not sent, one whose text cannot be read now waits.
        """
        endpoint = self.endpoints.get(row.destination)
        if endpoint is None:
            return Unsendable(f"{row.destination} is not configured any more")
        try:
            kept, text = await self.store.ticket(row.subject), await self.vault.read(TICKET_TEXT, row.subject)
            if kept is None or text is None:
                return Unsendable("the text was erased or has expired")
            ticket = _shown(kept, self._public_id(kept))
        except UnopenableError as error:
            return Unsendable(error.detail, later=True)
        return WebhookRequest(row.destination, endpoint.url(), endpoint.body(ticket, text), endpoint.headers())

    def _public_id(self, kept: StoredTicket) -> str:
        return self.cipher.open_(_PUBLIC_ID, kept.id, bytes.fromhex(kept.sealed_id))


def _shown(kept: StoredTicket, public_id: str) -> Ticket:
    return Ticket.model_validate({**kept.model_dump(), "id": public_id})
