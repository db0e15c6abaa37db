"""The daily round, from the vault over X's stand-in to the real profiles."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.ingest.compliance import KEPT_DAYS, PURPOSE, RecentPosts, RoundCount, compliance_round
from services.ingest.removal import RemovalSender
from services.ingest.vault.cipher import Cipher
from services.ingest.vault.store import VAULT, VaultStore
from services.ingest.vault.vault import Vault
from shared.documents.backend import open_documents
from shared.errors import PeerUnavailableError
from shared.profiles_peer import ProfilesPeer
from shared.removal import RemovalReason
from shared.store_url import SqliteUrl
from tests.unit.ingest.test_removal import PSEUDONYMS, fold, http, published
from tests.unit.ingest.virtual_clock import VirtualClock

__all__ = ["http"]
DAY = 86_400.0


class Asked:
    """A platform that knows what is gone, and remembers what it was asked."""

    most_ids = 3

    def __init__(self, gone: dict[str, RemovalReason], fails_at: int | None = None) -> None:
        """Fail at the question of this number, from 0."""
        self.gone_posts = gone
        self.questions: list[list[str]] = []
        self._fails_at = fails_at

    async def gone(self, post_ids: Sequence[str]) -> dict[str, RemovalReason]:
        """See `Compliance.gone`."""
        if len(self.questions) == self._fails_at:
            raise PeerUnavailableError("x", "away")
        self.questions.append(list(post_ids))
        return {post_id: self.gone_posts[post_id] for post_id in post_ids if post_id in self.gone_posts}


def raw(post_id: Any, author_id: Any = "1", platform: str = "x") -> dict[str, Any]:
    """Return a post as sources deliver it."""
    return {"platform": platform, "post_id": post_id, "author": {"id": author_id}, "text": "hello"}


@pytest.fixture
async def vault(tmp_path: Path, clock: VirtualClock) -> AsyncIterator[Vault]:
    """Yield an empty vault."""
    async with open_documents(SqliteUrl(tmp_path / "vault.db"), (VAULT,)) as documents:
        yield Vault(Cipher(b"a key of the tests, of 32 bytes or more"), VaultStore(documents), clock)


@pytest.fixture
def recent(vault: Vault) -> RecentPosts:
    """Return the recent posts in it."""
    return RecentPosts(vault, PSEUDONYMS)


@pytest.fixture
def sender(http: httpx.AsyncClient, clock: VirtualClock) -> RemovalSender:
    """Return a sender to the real profiles."""
    return RemovalSender(PSEUDONYMS, ProfilesPeer("profiles", "http://profiles", http), clock)


async def posts_of(http: httpx.AsyncClient, brand: str = "acme") -> int:
    """Return how many posts the brand has."""
    answer = await http.get(f"/v1/brands/{brand}/summary")
    return int(answer.json()["posts"]) if answer.is_success else 0


async def test_deletions_reach_profiles(http: httpx.AsyncClient, recent: RecentPosts, sender: RemovalSender) -> None:
    """Posts that are gone leave the profiles, those of a hidden account with the whole author, and are forgotten."""
    await recent.remember("acme", [raw(str(number), str(number % 2)) for number in range(8)])
    await fold(http, *(published("x", str(number), str(number % 2)) for number in range(10)))
    asked = Asked({"2": "deleted", "3": "protected", "5": "protected"})
    assert await compliance_round(recent, asked, sender) == RoundCount(8, 3, 6)
    assert await posts_of(http) == 4
    assert sorted(post_id for question in asked.questions for post_id in question) == [str(n) for n in range(8)]
    assert max(map(len, asked.questions)) == 3
    again = Asked({"2": "deleted", "3": "protected", "5": "protected"})
    assert await compliance_round(recent, again, sender) == RoundCount(5, 0, 0)


async def test_a_round_that_broke_off_is_made_again(
    http: httpx.AsyncClient,
    recent: RecentPosts,
    sender: RemovalSender,
) -> None:
    """What a round did before it failed is done; the next one does the rest."""
    await recent.remember("acme", [raw(str(number)) for number in range(8)])
    await fold(http, *(published("x", str(number), "1") for number in range(8)))
    gone: dict[str, RemovalReason] = {str(number): "deleted" for number in range(8)}
    with pytest.raises(PeerUnavailableError):
        await compliance_round(recent, Asked(gone, fails_at=1), sender)
    assert await posts_of(http) == 5
    assert await compliance_round(recent, Asked(gone), sender) == RoundCount(5, 5, 5)
    assert await posts_of(http) == 0


async def test_a_post_of_two_brands_is_asked_about_once(
    http: httpx.AsyncClient,
    recent: RecentPosts,
    sender: RemovalSender,
) -> None:
    """A post that two brands have is one id to X, and leaves both."""
    for brand in ("acme", "bolt"):
        await recent.remember(brand, [raw("1")])
        body = {"schema_version": 1, "posts": [published("x", "1", "1").model_dump(mode="json")]}
        await http.post(f"/v1/brands/{brand}/posts", json=body)
    asked = Asked({"1": "deleted"})
    assert await compliance_round(recent, asked, sender) == RoundCount(2, 2, 2)
    assert asked.questions == [["1"]]
    assert (await posts_of(http, "acme"), await posts_of(http, "bolt")) == (0, 0)


async def test_only_posts_of_x_with_ids_of_x_are_kept(recent: RecentPosts) -> None:
    """Other platforms, ids that are no numbers (or hide a line break) and values that are no posts are passed over."""
    strange: list[dict[str, Any]] = [
        raw("1", platform="bluesky"),
        raw("1\n2"),
        raw("\u0661"),
        raw("1" * 21),
        raw(""),
        raw(5),
        raw(None),
        raw("7", author_id=None),
        {"platform": "x"},
        {"platform": "x", "post_id": "8", "author": "9"},
    ]
    await recent.remember("acme", [*strange, raw("3", "4")])
    [only] = await recent.page()
    assert (only.brand, only.post_id, only.author_id) == ("acme", "3", "4")
    assert await recent.page(only.row) == []
    assert "'3'" not in repr(only)


async def test_ids_are_kept_sealed_and_for_a_time(
    recent: RecentPosts, vault: Vault, clock: VirtualClock, tmp_path: Path
) -> None:
    """Raw ids stand in no file, and after their days they are not asked about any more."""
    await recent.remember("acme", [raw("1234567890123456789", "9876543210")])
    written = b"".join((tmp_path / f"vault.db{end}").read_bytes() for end in ("", "-wal"))
    assert b"1234567890123456789" not in written
    assert b"9876543210" not in written
    assert [row for row, _ in await vault.page(PURPOSE)] == [f"acme/{PSEUDONYMS.post_key('x', '1234567890123456789')}"]
    await clock.advance(KEPT_DAYS * DAY + 1)
    assert await recent.page() == []


async def test_an_author_is_forgotten_with_the_rest(recent: RecentPosts, vault: Vault) -> None:
    """An erasure finds an author's ids by the author key."""
    await recent.remember("acme", [raw("1", "4"), raw("2", "5")])
    assert await vault.forget_author(PSEUDONYMS.author_key("x", "4")) == 1
    assert [post.post_id for post in await recent.page()] == ["2"]
