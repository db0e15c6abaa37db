"""Opening of tickets: kept once, handed to every desk that is set up."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from services.ingest.replies.stores.base import ReplyStore
from services.ingest.replies.ticket import Delivery, Desk, KeptTicket, Routed, Ticket, delivery_id
from services.ingest.vault.cipher import Cipher, UnopenableError
from services.ingest.vault.vault import Vault
from shared.clock import Clock

TICKET_TEXT: Final = "ticket"
"""The purpose of texts of tickets in the vault."""
_PUBLIC_ID: Final = "ticket id"
"""The purpose of sealed ticket ids."""
TEXT_LASTING: Final = timedelta(days=30)
"""How long a ticket's text is kept: as long as profiles keeps texts."""


@dataclass(frozen=True)
class Ticketing:
    """Keeps tickets by their keys, with their public ids sealed, and their texts apart from them in the vault."""

    store: ReplyStore
    vault: Vault
    cipher: Cipher
    clock: Clock
    desks: Sequence[Desk]
    most_waiting: int

    async def open(self, key: str, ticket: Ticket, text: str, author: str) -> None:
        """Keep a ticket with the post's cleaned text, to be delivered to each desk once; opening it again adds nothing.

        `key` is the ticket's (`ticket_key`), `author` the one by which an erasure finds the text.
        """
        await self.vault.keep(TICKET_TEXT, {key: text}, TEXT_LASTING, {key: author})
        now = self.clock.now()
        deliveries = [
            Delivery(id=delivery_id(key, desk), ticket=key, desk=desk, due_at=now, leased_until=now)
            for desk in self.desks
        ]
        sealed = self.cipher.seal(_PUBLIC_ID, key, ticket.id).hex()
        kept = KeptTicket(**_routed(ticket), id=key, sealed_id=sealed)
        await self.store.add_ticket(kept, deliveries, self.most_waiting)

    async def ticket(self, key: str) -> Ticket | None:
        """Return a ticket, None where there is none; raises UnopenableError."""
        kept = await self.store.ticket(key)
        return Ticket(**_routed(kept), id=self._public_id(kept)) if kept is not None else None

    async def shown(self, tickets: Sequence[KeptTicket]) -> list[Ticket]:
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

    def _public_id(self, kept: KeptTicket) -> str:
        return self.cipher.open_(_PUBLIC_ID, kept.id, bytes.fromhex(kept.sealed_id))


def _routed(ticket: Routed) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in Routed.model_fields}
