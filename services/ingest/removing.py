"""What is gone at a platform goes here too: out of the profiles, and out of what waits to be answered."""

from collections.abc import Sequence

from services.ingest.identity import Pseudonymizer
from services.ingest.removal import RemovalSender
from services.ingest.replies.withdrawing import Withdrawing
from services.ingest.sources.base import Removal
from shared.clock import Clock
from shared.peers import Peer
from shared.removal import RemovalAnswer


class Removing(RemovalSender):
    """A `RemovalSender` that withdraws replies first; making removals again changes nothing."""

    def __init__(self, pseudonymizer: Pseudonymizer, profiles: Peer, clock: Clock, withdrawing: Withdrawing) -> None:
        """Send as `RemovalSender` does, and have `withdrawing` close what waits."""
        super().__init__(pseudonymizer, profiles, clock)
        self._withdrawing = withdrawing

    async def send(self, brand: str, removals: Sequence[Removal]) -> RemovalAnswer:
        """See `RemovalSender.send`; raises as the store of replies does too.

        No reply is sent to a post that is known to be gone, even while profiles is away.
        """
        for platform in {removal.platform for removal in removals}:
            ours = [removal for removal in removals if removal.platform == platform]
            posts = [removal.post_id for removal in ours if removal.post_id is not None]
            accounts = [removal.author_id for removal in ours if removal.post_id is None]
            authors = [author_id for author_id in accounts if author_id is not None]
            await self._withdrawing.removed(platform, posts, authors)
        return await super().send(brand, removals)

    async def remove(self, brand: str, removals: Sequence[Removal]) -> int:
        """Send removals and return how many posts were taken out of the profiles."""
        return (await self.send(brand, removals)).removed
