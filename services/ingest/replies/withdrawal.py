"""Withdrawal of replies when a post or an author is removed: what waits is not sent, and no text of theirs stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.ingest.coarsening import full_hour
from services.ingest.identity import Pseudonymizer
from services.ingest.replies.candidate import author_key, reply_key
from services.ingest.replies.content import ReplyContents
from services.ingest.replies.reply import WAITING, reject
from services.ingest.replies.store import ReplyStore
from services.ingest.replies.ticket import ticket_key
from services.ingest.replies.ticket_register import TICKET_TEXT
from services.ingest.sources.base import AFTER_THEIR_POSTS
from services.ingest.vault.vault import Vault
from shared.analyzed_post import Platform
from shared.clock import Clock

_ALWAYS: Final = timedelta(days=3650)
_MOST: Final = 1000
"""Keys of one call of the store."""


@dataclass(frozen=True)
class ReplyWithdrawal:
    """Closes replies by post or author. A reply that is being sent cannot be called back."""

    store: ReplyStore
    contents: ReplyContents
    vault: Vault
    pseudonymizer: Pseudonymizer
    clock: Clock

    async def withdraw(self, platform: Platform, post_ids: Sequence[str], author_ids: Sequence[str]) -> int:
        """Close what waits of removed posts and authors, forget every text of theirs; return how many were closed.

        For deletions that a platform tells of and for erasures; 1,000 of either at most. May be repeated.
        """
        posts = {reply_key(self.pseudonymizer, platform, post_id): post_id for post_id in post_ids}
        authors = [author_key(self.pseudonymizer, platform, author_id) for author_id in author_ids]
        await self._note_gone(platform, list(posts), authors)
        closed = await self.close(list(posts), authors, "the post was removed")
        for author in authors:
            await self.vault.forget_author(author)
        for known in await self.store.find_all(list(posts)):
            await self.contents.forget(known.content)
            ticket = ticket_key(self.pseudonymizer, known.brand, platform, posts[known.id])
            await self.vault.forget(TICKET_TEXT, [ticket])
        return closed

    async def _note_gone(self, platform: Platform, posts: Sequence[str], authors: Sequence[str]) -> None:
        """Let no post be answered that comes after its own or its author's removal, but was written before it."""
        marked = [*posts, *authors]
        if platform in AFTER_THEIR_POSTS:
            # Every removal on these platforms arrives here: no mark is kept of authors without a reply.
            known = await self.store.of_authors(authors, self.clock.now() - _ALWAYS) if authors else []
            marked = sorted({reply.author for reply in known})
        for start in range(0, len(marked), _MOST):
            await self.store.note_gone(marked[start : start + _MOST], full_hour(self.clock.now()))

    async def close(self, replies: Sequence[str], authors: Sequence[str], reason: str) -> int:
        """Close what waits of these replies and authors (by replies' own keys); return how many."""
        now = self.clock.now()
        found = await self.store.of_authors(authors, now - _ALWAYS) if authors else []
        found += await self.store.find_all(replies)
        closed = 0
        for reply in found:
            # Where the swap fails, another replica has closed the reply meanwhile, or sends it now.
            if reply.state in WAITING | {"refused"} and await self.store.swap(reply, reject(reply, now, reason)):
                closed += 1
                await self.contents.forget(reply.content)
        return closed
