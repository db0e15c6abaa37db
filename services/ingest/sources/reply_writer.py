"""What a platform must offer to be answered on; each platform's adapter implements it beside its sources."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, repr=False)
class OutgoingReply:
    """A reply to the post with the raw id `post_id`, on its way out.

    `key` (32 hex digits) and `drafted_at` are the same at every attempt: a platform that publishes one reply under one
    key is told it. The key tells nothing of the post.
    """

    post_id: str
    text: str
    key: str
    drafted_at: datetime


@dataclass(frozen=True, repr=False)
class Sent:
    """The platform said that it has published the reply; `reply_id` is the raw id of ours."""

    reply_id: str


@dataclass(frozen=True)
class NotSent:
    """It is certain that nothing was published: the platform refused, or the request never reached it.

    `sentence` says why, to a person, without ids, texts or secrets. `retry` tells that the same reply may well
    be taken later (a rate limit, no connection), in `wait` seconds at the earliest. `is_gone` tells that the platform
    says that the post is not there any more.
    """

    sentence: str
    retry: bool = False
    wait: float = 0.0
    is_gone: bool = False


@dataclass(frozen=True)
class Unknown:
    """It is not known whether it was published: no answer came, or one that says neither.

    Whatever is not certain is this: a time-out or a lost connection after the request began, a 5xx.
    """

    sentence: str


SendOutcome = Sent | NotSent | Unknown


class ReplyWriter(Protocol):
    """One account on one platform that can publish a reply.

    A call asks the platform once to publish: an adapter must not try again by itself, nor let its library do so,
    because a second request may publish a second reply. What it must know before, it may ask as often as it likes. It
    raises nothing of the network's; cancelling it leaves the outcome unknown.
    """

    async def reply(self, reply: OutgoingReply) -> SendOutcome:
        """Publish a reply."""
        ...
