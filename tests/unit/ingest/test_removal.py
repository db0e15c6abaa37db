"""Removals on their way to profiles, against the real service."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina

from services.ingest.identity import Pseudonymizer
from services.ingest.removal import RemovalSender
from services.ingest.sources.base import Removal
from services.profiles.app import create_app
from services.profiles.settings import ProfilesSettings
from shared.analyzed_post import AnalyzedPost
from shared.errors import PeerRefusedError, PeerUnavailableError
from shared.profiles_peer import ProfilesPeer
from shared.removal import RemovalAnswer
from tests.unit.ingest.virtual_clock import VirtualClock
from tests.unit.profiles.posts import post

PSEUDONYMS = Pseudonymizer(b"0123456789abcdef-a-key-of-the-tests-0123456789")


def published(platform: Any, post_id: str, author_id: str, hours: int = 0) -> AnalyzedPost:
    """Return an analyzed post with the keys of these raw ids."""
    keys = {
        "post_key": PSEUDONYMS.post_key(platform, post_id),
        "author_key": PSEUDONYMS.author_key(platform, author_id),
    }
    return post(1, hours=hours).model_copy(update={**keys, "platform": platform})


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a profiles service with an empty store."""
    app = create_app(ProfilesSettings(_env_file=None, data_dir=tmp_path))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://profiles") as client,
    ):
        yield client


@pytest.fixture
def sender(http: httpx.AsyncClient) -> RemovalSender:
    """Return a sender to that service."""
    return RemovalSender(PSEUDONYMS, ProfilesPeer("profiles", "http://profiles", http), VirtualClock())


async def fold(http: httpx.AsyncClient, *posts: AnalyzedPost) -> dict[str, int]:
    """Deliver posts."""
    body = {"schema_version": 1, "posts": [item.model_dump(mode="json") for item in posts]}
    answer: dict[str, int] = (await http.post("/v1/brands/acme/posts", json=body)).json()
    return answer


async def test_removals_reach_profiles_by_their_keys(http: httpx.AsyncClient, sender: RemovalSender) -> None:
    """A post and an author that are named by raw ids leave the profiles that were made of their pseudonyms."""
    await fold(http, *(published("x", str(number), str(number % 3)) for number in range(9)))
    answer = await sender.send("acme", [Removal("x", "deleted", post_id="4"), Removal("x", "protected", author_id="2")])
    assert answer == RemovalAnswer(removed=4, unknown=0)
    assert (await http.get("/v1/brands/acme/summary")).json()["posts"] == 5
    assert await sender.send("acme", [Removal("x", "deleted", post_id="4")]) == RemovalAnswer(removed=0, unknown=1)


async def test_an_author_is_gone_up_to_now(http: httpx.AsyncClient, sender: RemovalSender) -> None:
    """Posts up to the hour of the removal are refused, those of a later hour count."""
    await sender.send("acme", [Removal("x", "protected", author_id="1")])
    hours = int((VirtualClock().now() - post(1).hour).total_seconds() // 3600)
    now, later = published("x", "1", "1", hours), published("x", "2", "1", hours + 1)
    assert await fold(http, now, later) == {"folded": 1, "duplicates": 1}


@pytest.mark.parametrize(("platform", "folded"), [("x", 0), ("instagram", 0), ("bluesky", 1), ("mastodon", 1)])
async def test_unknown_removals_are_kept_where_they_may_come_early(
    http: httpx.AsyncClient, sender: RemovalSender, platform: Any, folded: int
) -> None:
    """A removal before its post is honoured, but for platforms that tell of everyone's removals."""
    await sender.send(
        "acme", [Removal(platform, "deleted", post_id="1"), Removal(platform, "protected", author_id="2")]
    )
    posts = [published(platform, "1", "1"), published(platform, "2", "2")]
    assert (await fold(http, *posts))["folded"] == 2 * folded


async def test_any_number_of_removals_may_be_sent(http: httpx.AsyncClient, sender: RemovalSender) -> None:
    """More than one call carries go in several; a removal of nothing is passed over, and so is an empty row."""
    await fold(http, published("x", "7", "1"), published("bluesky", "at://7", "2"))
    removals = [Removal("x", "deleted", post_id=str(number)) for number in range(2500)]
    answer = await sender.send(
        "acme", [*removals, Removal("bluesky", "edited", post_id="at://7"), Removal("x", "deleted")]
    )
    assert answer == RemovalAnswer(removed=2, unknown=2499)
    assert await sender.send("acme", []) == RemovalAnswer(removed=0, unknown=0)


async def test_profiles_that_are_away_are_told() -> None:
    """Where no connection comes about the caller is told to send again."""
    async with httpx.AsyncClient(trust_env=False) as http:
        away = RemovalSender(PSEUDONYMS, ProfilesPeer("profiles", "http://127.0.0.1:9", http), VirtualClock())
        with stamina.set_testing(testing=True, attempts=2), pytest.raises(PeerUnavailableError):
            await away.send("acme", [Removal("x", "deleted", post_id="1")])


@pytest.mark.parametrize("body", ["[]", "{}", "x", '{"removed": -1, "unknown": 0}'])
async def test_an_answer_without_counts_is_refused(body: str) -> None:
    """An answer that does not say what became of the removals acknowledges nothing."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    async with httpx.AsyncClient(transport=transport) as http:
        strange = RemovalSender(PSEUDONYMS, ProfilesPeer("profiles", "http://profiles", http), VirtualClock())
        with pytest.raises(PeerRefusedError, match="without counts"):
            await strange.send("acme", [Removal("x", "deleted", post_id="1")])
