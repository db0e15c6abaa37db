"""Tickets as the courier carries them: where each goes, and what is said there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.ingest.replies.stores.base import ReplyStore
from services.ingest.replies.ticket import Delivery, Desk
from services.ingest.replies.ticketing import Ticketing
from services.ingest.replies.webhooks.address import Address
from services.ingest.vault.cipher import UnopenableError
from shared.webhooks.delivery import Outcome, Parcel, Unsendable


@dataclass(frozen=True)
class TicketDeliveries:
    """The `Deliveries` of tickets to the desks that are set up."""

    store: ReplyStore
    ticketing: Ticketing
    addresses: Mapping[Desk, Address]

    async def lease(self, now: datetime, until: datetime) -> Delivery | None:
        """See `Deliveries.lease`."""
        return await self.store.lease_delivery(now, until)

    async def parcel(self, leased: Delivery) -> Parcel | Unsendable:
        """See `Deliveries.parcel`: a ticket without its text is not sent, one whose text cannot be read now waits."""
        address = self.addresses.get(leased.desk)
        try:
            ticket = await self.ticketing.ticket(leased.ticket)
            text = await self.ticketing.text(leased.ticket)
        except UnopenableError as error:
            return Unsendable(error.detail, later=True)
        if address is None:
            return Unsendable(f"{leased.desk} is not set up any more")
        if ticket is None or text is None:
            return Unsendable("the text was erased or has expired")
        return Parcel(leased.desk, address.url(), address.shape(ticket, text), address.headers())

    async def settle(self, leased: Delivery, outcome: Outcome, now: datetime) -> None:
        """See `Deliveries.settle`."""
        change = {
            "state": outcome.state,
            "known": outcome.known,
            "due_at": outcome.due_at or leased.due_at,
            "leased_until": now,
        }
        await self.store.settle_delivery(leased.model_copy(update=change))
