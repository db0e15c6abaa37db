"""The way of a removal: out of what waits to be answered, then pseudonymised and sent to profiles."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from services.ingest.coarsening import full_hour
from services.ingest.identity import Pseudonymizer
from services.ingest.sources.base import AFTER_THEIR_POSTS, Removal
from shared.analyzed_post import Platform
from shared.clock import Clock
from shared.profiles_peer import ProfilesPeer
from shared.removal import MAX_REMOVALS, KeyedRemoval, RemovalAnswer

Withdraw = Callable[[Platform, Sequence[str], Sequence[str]], Awaitable[object]]
"""Closes what waits to be answered of a platform's posts and authors, which are given by raw ids."""


class RemovalSender:
    """Sends removals to profiles; what was sent before may be sent again and changes nothing."""

    def __init__(
        self, pseudonymizer: Pseudonymizer, profiles: ProfilesPeer, clock: Clock, withdraw: Withdraw | None = None
    ) -> None:
        """Make keys by `pseudonymizer`; `clock` says up to which hour an author's posts are gone.

        `withdraw` runs first, so that no reply is sent to a post that is known to be gone while profiles is away.
        """
        self._pseudonymizer = pseudonymizer
        self._profiles = profiles
        self._clock = clock
        self._withdraw = withdraw

    async def send(self, brand: str, removals: Sequence[Removal]) -> RemovalAnswer:
        """Take what the removals name out of the brand's profiles, durably, and return what became of them.

        Send the posts of a delivery before its removals. A removal that names neither a post nor an author is
        passed over. A post that is not known yet is refused when it comes, but for platforms whose
        sources tell of everyone's removals. Raises PeerUnavailableError where profiles is away (some of the
        removals may have been made: send all of them again), PeerRefusedError where it answers nonsense, and what
        `withdraw` raises.
        """
        await self._withdraw_replies(removals)
        removed = unknown = 0
        for early in (True, False):
            keyed = list(self._keyed(item for item in removals if early != (item.platform in AFTER_THEIR_POSTS)))
            for start in range(0, len(keyed), MAX_REMOVALS):
                answer = await self._profiles.remove(brand, keyed[start : start + MAX_REMOVALS], early=early)
                removed, unknown = removed + answer.removed, unknown + answer.unknown
        return RemovalAnswer(removed=removed, unknown=unknown)

    async def remove(self, brand: str, removals: Sequence[Removal]) -> int:
        """Send removals and return how many posts were taken out of the profiles."""
        return (await self.send(brand, removals)).removed

    async def _withdraw_replies(self, removals: Sequence[Removal]) -> None:
        if self._withdraw is None:
            return
        for platform in {removal.platform for removal in removals}:
            named = [removal for removal in removals if removal.platform == platform]
            posts = [removal.post_id for removal in named if removal.post_id is not None]
            accounts = [removal.author_id for removal in named if removal.post_id is None]
            await self._withdraw(platform, posts, [author_id for author_id in accounts if author_id is not None])

    def _keyed(self, removals: Iterable[Removal]) -> Iterable[KeyedRemoval]:
        through = full_hour(self._clock.now())
        for removal in removals:
            if removal.post_id is not None:
                post_key = self._pseudonymizer.post_key(removal.platform, removal.post_id)
                yield KeyedRemoval(post_key=post_key, reason=removal.reason)
            elif removal.author_id is not None:
                author_key = self._pseudonymizer.author_key(removal.platform, removal.author_id)
                yield KeyedRemoval(author_key=author_key, through=through, reason=removal.reason)
