"""What a store of replies must do, in prose; `tests/contract/test_reply_store.py` holds every store to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from services.ingest.replies.reply import Reply, ReplyState
from services.ingest.replies.rule import ReplyRule
from services.ingest.replies.ticket import StoredTicket, TicketDelivery

GONE_DAYS: Final = 31
"""As long as a post may be answered at the most (`REPLIES_POST_HOURS`), and a day."""
TimePosition = tuple[int, str]
"""A row of a list in order of time: milliseconds since 1970 and id. A page begins after it; None is the front."""


@dataclass(frozen=True)
class SendClaim:
    """Who asks for a place: one attempt of one reply. A reply never stands in its own way."""

    reply: str
    attempt: int


class ReplyStore(Protocol):
    """Rules, replies, tickets, and the claims that keep replies few; shared by all replicas.

    Every operation is atomic by itself, between processes too, and leans on no other: what follows in prose
    holds with operations of several replicas in any order and with any of them dying between two. Moments are kept to
    the millisecond. Operations raise PeerUnavailableError where the database is a server and does not answer; then
    the operation has happened or not, and whoever repeats it must be ready for both.
    """

    async def put_rule(self, rule: ReplyRule) -> None:
        """Keep a rule in place of what its name had."""
        ...

    async def delete_rule(self, name: str) -> bool:
        """Remove a rule; tell whether it was there."""
        ...

    async def rules(self) -> list[ReplyRule]:
        """Return every rule by name; there are 200 at the most, which the caller keeps to."""
        ...

    async def add(self, reply: Reply) -> bool:
        """Keep a reply, unless one with its id was ever there; tell which."""
        ...

    async def find(self, reply_id: str) -> Reply:
        """Return a reply; raises NotFoundError."""
        ...

    async def known(self, reply_ids: Sequence[str]) -> set[str]:
        """Return those ids (1,000 at the most) that have a reply, whatever became of it."""
        ...

    async def swap(self, before: Reply, after: Reply) -> bool:
        """Put `after` in place of `before` where the reply is still at the version of `before`; tell whether it was.

        Of several swaps from one version one succeeds. This is the step that every change of a reply is made by.
        """
        ...

    async def page(
        self, state: ReplyState | None, brand: str | None, after: TimePosition | None, limit: int
    ) -> list[Reply]:
        """Return replies in order of creation, those of a state or brand where one is given."""
        ...

    async def due(self, now: datetime, limit: int) -> list[Reply]:
        """Return approved replies that are due, those due longest first."""
        ...

    async def overdue(self, now: datetime, limit: int) -> list[Reply]:
        """Return replies whose claim ran out while sending."""
        ...

    async def stale(self, now: datetime, limit: int) -> list[Reply]:
        """Return drafts and approved replies whose time is over."""
        ...

    async def of_authors(self, authors: Sequence[str], since: datetime) -> list[Reply]:
        """Return the replies to these authors (1,000 at the most) that were made since a moment."""
        ...

    async def forget_author(self, author: str, now: datetime) -> list[Reply]:
        """Remove an author's replies for good, with what holds the author and the days, and return what was removed.

        One that is being sent, by a claim that has not run out by `now`, stays with what it holds. Days keep their
        counts without telling of what. Who wants no replies is still known.
        """
        ...

    async def ours(self, sent_keys: Sequence[str]) -> set[str]:
        """Return those keys (1,000 at the most) that are of posts which we published as replies."""
        ...

    async def take_author(self, author: str, claim: SendClaim, now: datetime, until: datetime) -> bool:
        """Hold an author for a reply until a moment; False where another reply holds them beyond `now`."""
        ...

    async def release_author(self, author: str, claim: SendClaim) -> None:
        """Let go of an author, where exactly this claim holds them."""
        ...

    async def take_day(self, day: str, claim: SendClaim, most: int) -> bool:
        """Count a reply into a day; False where it is not counted yet and `most` are. Counting again adds nothing."""
        ...

    async def release_day(self, day: str, claim: SendClaim) -> None:
        """Take a reply out of a day's count, where exactly this claim was the last to be counted for it."""
        ...

    async def opt_out(self, authors: Sequence[str], now: datetime) -> None:
        """Remember for good that these authors want no replies."""
        ...

    async def opted_out(self, authors: Sequence[str]) -> set[str]:
        """Return those of the authors (1,000 at the most) that want no replies."""
        ...

    async def note_gone(self, keys: Sequence[str], through: datetime) -> None:
        """Remember that what these authors posted up to a moment is gone, or these posts are (1,000 keys at the most).

        The latest moment counts. Marks are dropped `GONE_DAYS` days before `through`: older posts get no answer.
        """
        ...

    async def gone(self, keys: Sequence[str]) -> dict[str, datetime]:
        """Return for those of the keys (1,000 at the most) that were noted up to when."""
        ...

    async def add_ticket(self, ticket: StoredTicket, deliveries: Sequence[TicketDelivery], most_waiting: int) -> bool:
        """Keep a ticket and its deliveries, unless a ticket with that id was there; tell which.

        Adding again after a crash adds what was missing. While `most_waiting` deliveries wait, new ones are kept as
        failed, with a sentence. (The bound is a guard for the disk: adds at one moment may exceed it by their number.)
        """
        ...

    async def ticket(self, key: str) -> StoredTicket | None:
        """Return a ticket, None where there is none."""
        ...

    async def tickets(self, brand: str | None, after: TimePosition | None, limit: int) -> list[StoredTicket]:
        """Return tickets in order of creation."""
        ...

    async def deliveries(self, tickets: Sequence[str]) -> list[TicketDelivery]:
        """Return the deliveries of these tickets (1,000 at the most)."""
        ...

    async def forget_tickets(self, tickets: Sequence[str]) -> int:
        """Remove these tickets (1,000 at the most) with their deliveries and return how many tickets were there."""
        ...

    async def lease_delivery(self, now: datetime, until: datetime) -> TicketDelivery | None:
        """Take a waiting delivery that is due and not leased, the one due longest; its token and attempts rise by one.

        No delivery is leased to two at a time.
        """
        ...

    async def settle_delivery(self, settled: TicketDelivery) -> bool:
        """Put a delivery in its new state where `settled.token` still is the latest; tell whether it was."""
        ...
