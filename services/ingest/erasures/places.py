"""Where ingest keeps things of an author, and how they go."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.ingest.erasures.erasure import ErasedHere
from services.ingest.recent_posts import PURPOSE as RECENT_POSTS
from services.ingest.replies.reply import Reply
from services.ingest.replies.stores.base import ReplyStore
from services.ingest.replies.ticketing import TICKET_TEXT
from services.ingest.vault.vault import Vault
from shared.clock import Clock

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Places:
    """Replies with what holds their author, tickets with their deliveries, and the rows of the vault.

    Tickets are found by their texts in the vault, which last 30 days. A ticket that is older names nobody: not even
    the pseudonym key leads from an author to it. Streams, brands, rounds and spend keep nothing of authors, but
    for a stream's sealed cursor, which may hold ids of the latest posts and moves on with the stream.
    """

    replies: ReplyStore
    vault: Vault
    clock: Clock

    async def forget(self, author_key: str, reply_author: str) -> ErasedHere:
        """Remove everything of an author and return what that was; may be repeated, and finds the rest then.

        From the first step on nobody answers the author: that they want no replies is kept for good, by the key
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
        at_desks = Counter(one.desk for one in await self.replies.deliveries(tickets) if one.state == "delivered")
        return ErasedHere(tickets=await self.replies.forget_tickets(tickets), tickets_at_desks=at_desks)


def _may_stand_there(reply: Reply) -> bool:
    """Tell whether a reply was published, or may have been."""
    return reply.state in {"sent", "unknown", "sending"} or reply.doubtful
