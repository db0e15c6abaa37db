"""The daily round: which of the posts that were delivered lately are gone at their platform, and out with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from services.ingest.recent_posts import RecentPost, RecentPosts
from services.ingest.removal import RemovalSender
from services.ingest.sources.base import Removal
from shared.analyzed_post import Platform
from shared.removal import RemovalReason

_OF_ACCOUNTS: Final = frozenset({"protected", "account deleted"})


class Compliance(Protocol):
    """A platform that tells which posts are gone."""

    most_ids: int
    """Ids of one question."""

    async def gone(self, post_ids: Sequence[str]) -> Mapping[str, RemovalReason]:
        """Return those of at most `most_ids` distinct posts that are gone, each with the reason.

        Raises SourceError where the platform will not do it, PeerUnavailableError where it does not now.
        """
        ...


@dataclass(frozen=True)
class RoundCount:
    """What a round did: posts asked about, found gone, and taken out of profiles (more, where an author went)."""

    asked: int
    gone: int
    removed: int


async def compliance_round(recent: RecentPosts, compliance: Compliance, sender: RemovalSender) -> RoundCount:
    """Ask about every recent post, and remove those that are gone, with the whole author where the account is.

    At most `Compliance.most_ids` posts are held at once. Every part is made again by the next round where this one
    is cut off: a post is forgotten only after it was removed. To be called once a day by one replica, and again soon
    where it raised: SourceError, PeerUnavailableError, PeerRefusedError, or what the vault raises.
    """
    asked = gone = removed = 0
    batch: list[RecentPost] = []
    after, more = "", True
    while more:
        page = await recent.page(after)
        more = bool(page)
        batch += page
        after = page[-1].row if page else after
        while batch and (not more or len(batch) >= compliance.most_ids):
            part, batch = batch[: compliance.most_ids], batch[compliance.most_ids :]
            reasons = await compliance.gone(list(dict.fromkeys(post.post_id for post in part)))
            found = [post for post in part if post.post_id in reasons]
            removed += await _remove(found, reasons, recent.platform, sender)
            await recent.forget([post.row for post in found])
            asked, gone = asked + len(part), gone + len(found)
    return RoundCount(asked, gone, removed)


async def _remove(
    found: Sequence[RecentPost], reasons: Mapping[str, RemovalReason], platform: Platform, sender: RemovalSender
) -> int:
    by_brand: dict[str, dict[tuple[str, str], Removal]] = {}
    for post in found:
        reason, removals = reasons[post.post_id], by_brand.setdefault(post.brand, {})
        removals["post", post.post_id] = Removal(platform, reason, post_id=post.post_id)
        if reason in _OF_ACCOUNTS:
            removals["author", post.author_id] = Removal(platform, reason, author_id=post.author_id)
    answers = [await sender.send(brand, list(removals.values())) for brand, removals in by_brand.items()]
    return sum(answer.removed for answer in answers)
