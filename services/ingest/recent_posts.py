"""Raw ids of the posts that a platform is asked about again: in the vault alone, and for a set time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from services.ingest.identity import Pseudonymizer
from services.ingest.vault.vault import Vault
from shared.analyzed_post import Platform

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
