"""The way of a removal: pseudonymised, and sent to profiles."""

from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import ValidationError

from services.ingest.coarsening import full_hour
from services.ingest.identity import Pseudonymizer
from services.ingest.sources.base import Removal
from shared.clock import Clock
from shared.errors import PeerRefusedError
from shared.peers import Peer
from shared.removal import MAX_REMOVALS, REMOVALS_SCHEMA_VERSION, KeyedRemoval, RemovalAnswer

AFTER_THEIR_POSTS: Final = frozenset({"bluesky", "mastodon"})
"""Platforms whose sources tell what everybody removes, each removal after its post in the same row.

A mark for each that nobody here knows would fill the store of profiles with other people's posts.
"""


class RemovalSender:
    """Sends removals to profiles; what was sent before may be sent again and changes nothing."""

    def __init__(self, pseudonymizer: Pseudonymizer, profiles: Peer, clock: Clock) -> None:
        """Make keys by `pseudonymizer`; `clock` says up to which hour an author's posts are gone."""
        self._pseudonymizer = pseudonymizer
        self._profiles = profiles
        self._clock = clock

    async def send(self, brand: str, removals: Sequence[Removal]) -> RemovalAnswer:
        """Take what the removals name out of the brand's profiles, durably, and return what became of them.

        Send the posts of a delivery before its removals. A removal that names neither a post nor an author is
        passed over. A post that is not known yet is refused when it comes, but for platforms whose
        sources tell what everybody removes. Raises PeerUnavailableError where profiles is away (some of the
        removals may have been made: send all of them again), PeerRefusedError where it answers nonsense.
        """
        removed = unknown = 0
        for early in (True, False):
            keyed = list(self._keyed(item for item in removals if early != (item.platform in AFTER_THEIR_POSTS)))
            for start in range(0, len(keyed), MAX_REMOVALS):
                answer = await self._post(brand, keyed[start : start + MAX_REMOVALS], early=early)
                removed, unknown = removed + answer.removed, unknown + answer.unknown
        return RemovalAnswer(removed=removed, unknown=unknown)

    def _keyed(self, removals: Iterable[Removal]) -> Iterable[KeyedRemoval]:
        through = full_hour(self._clock.now())
        for removal in removals:
            if removal.post_id is not None:
                post_key = self._pseudonymizer.post_key(removal.platform, removal.post_id)
                yield KeyedRemoval(post_key=post_key, reason=removal.reason)
            elif removal.author_id is not None:
                author_key = self._pseudonymizer.author_key(removal.platform, removal.author_id)
                yield KeyedRemoval(author_key=author_key, through=through, reason=removal.reason)

    async def _post(self, brand: str, removals: Sequence[KeyedRemoval], *, early: bool) -> RemovalAnswer:
        body = {
            "schema_version": REMOVALS_SCHEMA_VERSION,
            "removals": [removal.model_dump(mode="json", exclude_none=True) for removal in removals],
            "early": early,
        }
        response = await self._profiles.call("POST", f"/v1/brands/{brand}/removals", json=body)
        try:
            return RemovalAnswer.model_validate_json(response.content)
        except ValidationError:
            raise PeerRefusedError("profiles", "profiles gave an answer without counts", 200) from None
