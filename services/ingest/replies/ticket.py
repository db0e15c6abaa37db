"""A complaint that was routed to ticket systems, and its keys."""

from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.ingest.identity import Pseudonymizer
from shared.analyzed_post import Platform
from shared.brand import Brand

_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that reads as a digit."""
_LETTERS: Final = 12
TICKET_LENGTH: Final = len("VP-") + _LETTERS

TicketSystem = Literal["zendesk", "jira", "slack"]
"""Where tickets can go."""


def ticket_id(pseudonymizer: Pseudonymizer, brand: Brand, platform: Platform, post_id: str) -> str:
    """Return the ticket id of a post towards a brand, always the same: `VP-` and 60 bits in base 32.

    A ticket id is public once it stands in a reply: without the pseudonym key it leads to no profile and no post key.
    """
    bits = int(pseudonymizer.own_key(f"ticket:{brand}", platform, post_id), 16)
    return "VP-" + "".join(_DIGITS[(bits >> 5 * place) & 31] for place in range(_LETTERS))


def ticket_key(pseudonymizer: Pseudonymizer, brand: Brand, platform: Platform, post_id: str) -> str:
    """Return the key that a post's ticket is stored by, which without the secret leads to no ticket id.

    A search for a ticket id finds the reply it stands in, and the author who is answered there.
    """
    return pseudonymizer.own_key(f"ticket row:{brand}", platform, post_id)


class Complaint(BaseModel):
    """What is known of a routed complaint, wherever it is kept or shown."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    brand: Brand
    platform: Platform
    rule: str
    score: float | None = None
    category: str | None = None
    language: str | None = None
    created_at: AwareDatetime


class Ticket(Complaint):
    """One ticket under its public id, as a reply and a ticket system show it."""

    id: str


class StoredTicket(Complaint):
    """One ticket as stores have it: `id` is its key, `sealed_id` the public id in the vault's cipher, in hex digits.

    Its text is in the vault, under the same key, until it expires.
    """

    id: str
    sealed_id: str
