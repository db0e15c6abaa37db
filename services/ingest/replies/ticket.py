"""A complaint that was routed, and its deliveries to the systems that people work in."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.ingest.identity import Pseudonymizer
from shared.analyzed_post import Platform
from shared.brand import Brand

_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that reads as a digit."""
_LETTERS: Final = 12
TICKET_LENGTH: Final = len("VP-") + _LETTERS

Desk = Literal["zendesk", "jira", "slack"]
"""Where tickets can go."""
DeliveryState = Literal["waiting", "delivered", "failed"]


def ticket_id(pseudonymizer: Pseudonymizer, brand: Brand, platform: Platform, post_id: str) -> str:
    """Return the ticket id of a post towards a brand, always the same: `VP-` and 60 bits in base 32.

    Whoever lacks the pseudonym key cannot tell from a ticket, which is public once it stands in a reply, whose
    profile or post key belongs to it.
    """
    bits = int(pseudonymizer.own_key(f"ticket:{brand}", platform, post_id), 16)
    return "VP-" + "".join(_DIGITS[(bits >> 5 * place) & 31] for place in range(_LETTERS))


class Ticket(BaseModel):
    """One ticket; its text lies in the vault until it expires."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    brand: Brand
    platform: Platform
    rule: str
    score: float | None = None
    category: str | None = None
    language: str | None = None
    created_at: AwareDatetime


class Delivery(BaseModel):
    """One ticket on its way to one desk. `id` is the idempotency key of every attempt.

    While `leased_until` lies ahead, the holder of `token` alone works on it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    ticket: str
    desk: Desk
    state: DeliveryState = "waiting"
    attempts: Annotated[int, Field(ge=0)] = 0
    due_at: AwareDatetime
    leased_until: AwareDatetime
    token: Annotated[int, Field(ge=0)] = 0
    known: str = ""


def delivery_id(ticket: str, desk: Desk) -> str:
    """Return the id of a delivery."""
    return f"{ticket}:{desk}"
