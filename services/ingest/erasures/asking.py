"""Asking for an erasure, and looking at how far it has come."""

import secrets
from dataclasses import dataclass
from typing import Final

from services.ingest.erasures.erasure import Erasure
from services.ingest.erasures.stores.base import ErasureStore
from services.ingest.identity import Pseudonymizer
from services.ingest.replies.candidate import author_key as reply_author_key
from shared.analyzed_post import Platform
from shared.clock import Clock

_ID_BYTES: Final = 16


@dataclass(frozen=True)
class Erasures:
    """What people do with erasures. A raw id comes in and is forgotten before anything is kept."""

    store: ErasureStore
    pseudonymizer: Pseudonymizer
    clock: Clock

    async def ask(self, platform: Platform, author_id: str) -> Erasure:
        """Keep the wish to erase an author, durably, and return it; from then on their posts are dropped.

        An author has one erasure. While it is under way, asking again returns it as it is. Once it is done, asking
        again carries it out once more, under the same id: an older copy of a store may have been brought back, and
        whoever asks twice wants to know that nothing is left. Raises as the store does.
        """
        now = self.clock.now()
        wanted = Erasure(
            id=secrets.token_hex(_ID_BYTES),
            author_key=self.pseudonymizer.author_key(platform, author_id),
            reply_author=reply_author_key(self.pseudonymizer, platform, author_id),
            asked_at=now,
            due_at=now,
            leased_until=now,
        )
        return await self.store.ask(wanted)

    async def find(self, erasure_id: str) -> Erasure:
        """Return an erasure; raises NotFoundError."""
        return await self.store.find(erasure_id)
