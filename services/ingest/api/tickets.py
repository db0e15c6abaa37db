"""The HTTP route of tickets."""

from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from services.ingest.api.dependencies import Cursor, Limit
from services.ingest.api.replies import Opened, place
from services.ingest.replies.stores.columns import milliseconds
from services.ingest.replies.ticket import Delivery, DeliveryState, Desk
from shared.access import Scope
from shared.analyzed_post import Platform
from shared.brand import Brand
from shared.paging import DEFAULT_LIMIT, Page, encode_cursor
from shared.web.auth import requires

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])


class DeliveryAnswer(BaseModel):
    """How one desk's copy fares; `known` says in words what happened last."""

    desk: Desk
    state: DeliveryState
    attempts: int
    known: str


class TicketAnswer(BaseModel):
    """One ticket and what became of it at each desk. Its text went to the desks and is not shown.

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


@router.get("", dependencies=[requires(Scope.WRITE)])
async def list_tickets(
    opened: Opened,
    brand: Annotated[Brand | None, Query(description="tickets of this brand alone")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[TicketAnswer]:
    """Tickets in order of creation."""
    found = await opened.store.tickets(brand, place(cursor), limit + 1)
    shown = found[:limit]
    of_ticket: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in await opened.store.deliveries([ticket.id for ticket in shown]):
        of_ticket[delivery.ticket].append(delivery)
    items = [
        TicketAnswer(
            **ticket.model_dump(),
            deliveries=[
                DeliveryAnswer(**one.model_dump(include=set(DeliveryAnswer.model_fields))) for one in of_ticket[kept.id]
            ],
        )
        for kept, ticket in zip(shown, await opened.ticketing.shown(shown), strict=True)
    ]
    more = encode_cursor([milliseconds(shown[-1].created_at), shown[-1].id]) if len(found) > limit else None
    return Page[TicketAnswer](items=items, next_cursor=more)
