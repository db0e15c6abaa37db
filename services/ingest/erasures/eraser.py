"""Erasures: asked for, then carried out wherever ingest and profiles keep something of an author."""

import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import structlog

from services.ingest.compliance import PURPOSE as RECENT_POSTS
from services.ingest.erasures.erasure import (
    LEASE,
    ErasedHere,
    Erasure,
    completed,
    postponed,
    removed_here,
    removed_there,
)
from services.ingest.erasures.store import ErasureStore
from services.ingest.identity import Pseudonymizer
from services.ingest.replies.candidate import author_key as reply_author_key
from services.ingest.replies.reply import Reply
from services.ingest.replies.store import ReplyStore
from services.ingest.replies.ticket_register import TICKET_TEXT
from services.ingest.vault.vault import Vault
from shared.analyzed_post import Platform
from shared.clock import Clock
from shared.errors import PeerError, VoxpopError
from shared.leases import Lease
from shared.profiles_peer import ProfilesPeer

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class AuthorData:
    """Replies with what holds their author, tickets with their deliveries, and the rows of the vault.

    Tickets are found by their texts in the vault, which last 30 days. A ticket that is older names no author: not even
    the pseudonym key leads from an author to it. Streams, brands, rounds and spend keep nothing of authors, but
    for a stream's sealed cursor, which may hold ids of the latest posts and moves on with the stream.
    """

    replies: ReplyStore
    vault: Vault
    clock: Clock

    async def forget(self, author_key: str, reply_author: str) -> ErasedHere:
        """Remove everything of an author and return what that was; may be repeated, and finds the rest then.

        From the first step on no reply is sent to the author: that they want no replies is kept for good, by the key
        of replies alone. Raises as the stores do.
        """
        await self.replies.opt_out([reply_author], self.clock.now())
        replies = await self.replies.forget_author(reply_author, self.clock.now())
        here = ErasedHere(
            drafts=len(replies),
            replies_on_platforms=Counter(reply.platform for reply in replies if _may_stand_there(reply)),
        )
        for owner in (reply_author, author_key):
            here = here.plus(await self._forget_rows(owner))
        return here

    async def under_way(self, reply_author: str) -> bool:
        """Tell whether a reply to the author is just being sent: it can only be removed afterwards."""
        return bool(await self.replies.of_authors([reply_author], _EVER))

    async def _forget_rows(self, owner: str) -> ErasedHere:
        """Remove rows, a thousand at a time, the tickets that they lead to before them."""
        here = ErasedHere()
        while rows := await self.vault.of_author(owner):
            by_purpose: dict[str, list[str]] = {}
            for purpose, row in rows:
                by_purpose.setdefault(purpose, []).append(row)
            here = here.plus(await self._forget_tickets(by_purpose.get(TICKET_TEXT, [])))
            for purpose, names in by_purpose.items():
                gone = await self.vault.forget(purpose, names)
                is_recent = purpose == RECENT_POSTS
                here = here.plus(ErasedHere(recent_posts=gone) if is_recent else ErasedHere(vault_rows=gone))
        return here

    async def _forget_tickets(self, tickets: Sequence[str]) -> ErasedHere:
        if not tickets:
            return ErasedHere()
        rows = await self.replies.deliveries(tickets)
        at_desks = Counter(row.destination for row in rows if row.state == "delivered")
        return ErasedHere(tickets=await self.replies.forget_tickets(tickets), tickets_at_desks=at_desks)


def _may_stand_there(reply: Reply) -> bool:
    """Tell whether a reply was published, or may have been."""
    return reply.state in {"sent", "unknown", "sending"} or reply.doubtful


_ID_BYTES: Final = 16


@dataclass(frozen=True)
class ErasureRequests:
    """What people do with erasures. A raw id comes in and is forgotten before anything is kept."""

    store: ErasureStore
    pseudonymizer: Pseudonymizer
    clock: Clock

    async def ask(self, platform: Platform, author_id: str) -> Erasure:
        """Keep the wish to erase an author, durably, and return it; from then on their posts are dropped.

        An author has one erasure. While it is under way, asking again returns it as it is. Once it is done, asking
        again carries it out once more, under the same id: an older copy of a store may have been brought back, and
        a caller that asks twice wants to know that nothing is left. Raises as the store does.
        """
        now = self.clock.now()
        wanted = Erasure(
            id=secrets.token_hex(_ID_BYTES),
            author_key=self.pseudonymizer.author_key(platform, author_id),
            reply_author=reply_author_key(self.pseudonymizer, platform, author_id),
            asked_at=now,
            due_at=now,
        )
        return await self.store.ask(wanted)

    async def find(self, erasure_id: str) -> Erasure:
        """Return an erasure; raises NotFoundError."""
        return await self.store.find(erasure_id)


POLL_SECONDS: Final = 2.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Eraser:
    """One replica's erasing; any number may run, a lease keeps an erasure with one of them, `owner`.

    Every step may be made again and finds what is left, so a crash anywhere is finished by the replica that takes the
    erasure next. What was removed is noted after it was: a crash between the two makes the report tell too little, and
    leaves nothing behind. `scrub` takes what was deleted out of the store's files.
    """

    store: ErasureStore
    places: AuthorData
    profiles: ProfilesPeer
    scrub: Callable[[], Awaitable[object]]
    clock: Clock
    owner: str = field(default_factory=lambda: secrets.token_hex(_ID_BYTES))

    async def run(self) -> None:
        """Carry out what is due until cancelled."""
        while True:
            try:
                if await self.turn():
                    continue
            except VoxpopError as error:
                log.warning("erasures.paused", error=type(error).__name__)
            await self.clock.sleep(POLL_SECONDS)

    async def turn(self) -> bool:
        """Carry out one erasure as far as it goes now; tell whether one was due. Raises as the store does."""
        now = self.clock.now()
        taken = await self.store.take(self.owner, now, now + LEASE)
        if taken is None:
            return False
        lease, erasure = taken
        settled = await self._carried(lease, erasure)
        await self.scrub()
        await self.store.settle(lease, settled)
        log.info("erasures.attempted", erasure=settled.id, state=settled.state, waiting_for=settled.waiting_for)
        return True

    async def _carried(self, lease: Lease, erasure: Erasure) -> Erasure:
        """Remove an author here first, so that no reply goes out though profiles is away, then there."""
        if erasure.reply_author is None:
            return completed(erasure, self.clock.now())
        erasure = removed_here(erasure, await self.places.forget(erasure.author_key, erasure.reply_author))
        await self.store.note(lease, erasure)
        try:
            erasure = removed_there(erasure, (await self.profiles.erase(erasure.author_key)).items)
        except PeerError as error:
            return postponed(erasure, self.clock.now(), error.peer, error.detail)
        if await self.places.under_way(erasure.reply_author or ""):
            sentence = "a reply is being sent; it is removed once its outcome is known"
            return postponed(erasure, self.clock.now(), "replies", sentence)
        return completed(erasure, self.clock.now())
