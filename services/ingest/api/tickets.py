"""The HTTP route of tickets."""

from collections import defaultdict
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from services.ingest.api.dependencies import Res
from services.ingest.replies.ticket import TicketSystem
from shared.access import Scope
from shared.analyzed_post import Platform
from shared.brand import Brand
from shared.clock import milliseconds
from shared.outbox import OutboxRow
from shared.pages import DEFAULT_LIMIT, Page, moment_after
from shared.web.auth import requires
from shared.web.dependencies import Cursor, Limit

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])


class DeliveryAnswer(BaseModel):
    """How the delivery to one ticket system stands; `known` says in words what happened last."""

    desk: TicketSystem
    state: Literal["waiting", "delivered", "failed"]
    attempts: int
    known: str

    @classmethod
    def of(cls, row: OutboxRow) -> Self:
        """Return what is shown of a delivery."""
        return cls.model_validate({"desk": row.destination, **row.model_dump(include=set(cls.model_fields))})


class TicketAnswer(BaseModel):
    """One ticket and how each of its deliveries stands. Its text went to the ticket systems and is not shown.

    `id` is "" where today's vault keys do not open it.
    """

    id: str
    brand: str
    platform: Platform
    rule: str
    score: float | None
    category: str | None
    language: str | None
    created_at: AwareDatetime
    deliveries: list[DeliveryAnswer]


@router.get("", dependencies=[requires(Scope.REPLY)])
async def list_tickets(
    resources: Res,
    brand: Annotated[Brand | None, Query(description="tickets of this brand alone")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[TicketAnswer]:
    """Tickets in order of creation."""
    found = await resources.replies.store.tickets(brand, moment_after(cursor), limit + 1)
    page = Page.of(found, limit, lambda ticket: [milliseconds(ticket.created_at), ticket.id])
    of_ticket: dict[str, list[DeliveryAnswer]] = defaultdict(list)
    for delivery in await resources.replies.store.deliveries([ticket.id for ticket in page.items]):
        of_ticket[delivery.subject].append(DeliveryAnswer.of(delivery))
    shown = await resources.replies.tickets.shown(page.items)
    return page.showing(
        [
            TicketAnswer(**ticket.model_dump(), deliveries=of_ticket[kept.id])
            for kept, ticket in zip(page.items, shown, strict=True)
        ]
    )
