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


def ticket_key(pseudonymizer: Pseudonymizer, brand: Brand, platform: Platform, post_id: str) -> str:
    """Return the key that a post's ticket is stored by, which without the secret leads to no ticket id.

    A search for a ticket id finds the reply it stands in, and the author who is answered there.
    """
    return pseudonymizer.own_key(f"ticket row:{brand}", platform, post_id)


class Routed(BaseModel):
    """What is known of a routed complaint, wherever it is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    brand: Brand
    platform: Platform
    rule: str
    score: float | None = None
    category: str | None = None
    language: str | None = None
    created_at: AwareDatetime


class Ticket(Routed):
    """One ticket under its public id, as a reply and a desk show it."""

    id: str


class KeptTicket(Routed):
    """One ticket as stores have it: `id` is its key, `sealed_id` the public id in the vault's cipher, in hex digits.

    Its text lies in the vault, under the same key, until it expires.
    """

    id: str
    sealed_id: str


class Delivery(BaseModel):
    """One ticket, by its key, on its way to one desk. `id` is the idempotency key of every attempt.

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
    """Return the id of the delivery of a ticket, given by its key."""
    return f"{ticket}:{desk}"
