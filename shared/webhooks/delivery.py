"""What the courier knows of a delivery, and what a service must offer to have its deliveries carried."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar

DeliveryState = Literal["waiting", "delivered", "failed"]


class Leased(Protocol):
    """A delivery that this replica holds: `id` is the idempotency key of every attempt, this one is `attempts`."""

    @property
    def id(self) -> str:
        """Return the id, the same for every attempt."""
        ...

    @property
    def attempts(self) -> int:
        """Return which attempt this is, from 1."""
        ...


@dataclass(frozen=True)
class Parcel:
    """What is sent: a JSON body to a URL. `to` names the receiver in sentences and logs; the URL may be a secret."""

    to: str
    url: str = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Unsendable:
    """There is nothing to send: for good, or (`later`) for now."""

    sentence: str
    later: bool = False


@dataclass(frozen=True)
class Outcome:
    """What an attempt came to; a delivery that waits again is due at `due_at`, which is None in the other states."""

    state: DeliveryState
    known: str
    due_at: datetime | None = None


Held = TypeVar("Held", bound=Leased)


class Deliveries(Protocol[Held]):
    """The deliveries of one service, as the courier sees them.

    Operations raise VoxpopError where the store cannot do its part now; the courier comes back.
    """

    async def lease(self, now: datetime, until: datetime) -> Held | None:
        """Take a waiting delivery that is due, the one due longest, with its attempts risen by one; None for none.

        No delivery is leased to two at a time; one that nobody settles is leased again after `until`.
        """
        ...

    async def parcel(self, leased: Held) -> Parcel | Unsendable:
        """Return what is to be sent."""
        ...

    async def settle(self, leased: Held, outcome: Outcome, now: datetime) -> None:
        """Record what an attempt came to; nothing where the lease went to somebody else meanwhile."""
        ...
