"""Posts of X that were delivered lately, and the daily round that asks which of them are gone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

from services.ingest.identity import Pseudonymizer
from services.ingest.removal import RemovalSender
from services.ingest.sources.base import Removal
from services.ingest.vault.vault import Vault
from shared.analyzed_post import Platform
from shared.removal import RemovalReason

PURPOSE: Final = "compliance"
KEPT_DAYS: Final = 30
_MOST_DIGITS: Final = 20


@dataclass(frozen=True, repr=False)
class RecentPost:
    """A post of X that was delivered lately; `row` is its place in the vault."""

    row: str
    brand: str
    post_id: str
    author_id: str


class RecentPosts:
    """Posts of X by their raw ids, for `KEPT_DAYS` days since they were last delivered.

    X is asked by raw ids, and a pseudonym leads back to none. Other platforms tell removals by themselves.
    """

    platform: Final[Platform] = "x"

    def __init__(self, vault: Vault, pseudonymizer: Pseudonymizer) -> None:
        """Keep ids in `vault`, under rows that `pseudonymizer` makes."""
        self._vault = vault
        self._pseudonymizer = pseudonymizer

    async def remember(self, brand: str, posts: Sequence[Mapping[str, Any]]) -> None:
        """Keep the ids of the posts of X among these (JSON values as `POST /v1/posts` takes them).

        To be called before the posts are folded: then a crash leaves no folded post that X is not asked about. A value
        that is no post, or whose ids are none of X's, is passed over, as folding does. Raises as the vault does.
        """
        texts: dict[str, str] = {}
        authors: dict[str, str] = {}
        for post in posts:
            author = post.get("author")
            ids = (post.get("post_id"), author.get("id") if isinstance(author, Mapping) else None)
            if post.get("platform") != self.platform or not all(map(_is_an_id, ids)):
                continue
            post_id, author_id = map(str, ids)
            row = f"{brand}/{self._pseudonymizer.post_key(self.platform, post_id)}"
            texts[row] = json.dumps([brand, post_id, author_id])
            authors[row] = self._pseudonymizer.author_key(self.platform, author_id)
        if texts:
            await self._vault.keep(PURPOSE, texts, timedelta(days=KEPT_DAYS), authors)

    async def page(self, after: str = "") -> list[RecentPost]:
        """Return up to 1,000 posts after the row `after`, in order; an empty list is the end.

        Rows that no key of today opens are passed over.
        """
        while rows := await self._vault.page(PURPOSE, after):
            if posts := [RecentPost(row, *json.loads(text)) for row, text in rows if text is not None]:
                return posts
            after = rows[-1][0]
        return []

    async def forget(self, rows: Sequence[str]) -> None:
        """Forget posts that are gone."""
        await self._vault.forget(PURPOSE, rows)


def _is_an_id(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS


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
