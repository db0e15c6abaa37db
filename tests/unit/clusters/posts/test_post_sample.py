"""Reading posts from profiles."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.clusters.posts import UnreadablePostsError, post_sample, read_named, read_posts
from shared.errors import PeerRefusedError
from shared.profiles_peer import ProfilesPeer
from tests.unit.clusters.posts.rows import row
from tests.unit.clusters.profiles_stand_in import ProfilesStandIn

KEYS = [f"{number:032x}" for number in range(30)]


@pytest.fixture
def stand_in() -> ProfilesStandIn:
    """Return a profiles service that has thirty posts of ten authors."""
    profiles = ProfilesStandIn("united", [])
    profiles.posts = [row(number, number % 10) for number in range(30)]
    return profiles


@pytest.fixture
async def peer(stand_in: ProfilesStandIn, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ProfilesPeer]:
    """Yield a peer that is asked for seven posts at a time."""
    monkeypatch.setattr(post_sample, "PAGE", 7)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(stand_in.app), base_url="http://profiles") as http:
        yield ProfilesPeer("profiles", "http://profiles", http)


async def test_all_posts_are_read_where_they_are_few(peer: ProfilesPeer) -> None:
    """Every page, and it is said that nothing is missing."""
    for most in (30, 31, 1000):
        posts = await read_posts(peer, "united", most)
        assert (posts.strings("post_key").tolist(), posts.is_whole) == (KEYS, True)


async def test_no_more_than_a_bounded_number_is_read(peer: ProfilesPeer, stand_in: ProfilesStandIn) -> None:
    """Those with the lowest keys, and it is said that there are others."""
    posts = await read_posts(peer, "united", 10)
    assert (posts.strings("post_key").tolist(), posts.is_whole) == (KEYS[:10], False)
    assert stand_in.calls == ["texts"] * 2


async def test_no_more_than_so_many_bytes_are_read(
    peer: ProfilesPeer, stand_in: ProfilesStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page that reaches the bound is the last."""
    monkeypatch.setattr(post_sample, "MOST_BYTES", 1)
    posts = await read_posts(peer, "united", 1000)
    assert (len(posts), posts.is_whole, stand_in.calls) == (7, False, ["texts"])


async def test_authors_that_are_named_are_left_out(peer: ProfilesPeer) -> None:
    """And counted."""
    posts = await read_posts(peer, "united", 1000, unknown={KEYS[3]})
    assert (len(posts), posts.unknown_authors) == (27, 3)


async def test_named_posts_are_read_in_as_many_answers_as_it_takes(
    peer: ProfilesPeer, stand_in: ProfilesStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More keys than one question holds, and more posts than one answer; those that are gone are missing."""
    monkeypatch.setattr(post_sample, "NAMED", 8)
    stand_in.named_at_once = 3
    asked = [*KEYS[:20], "f" * 32, KEYS[1]]
    assert (await read_named(peer, "united", asked)).strings("post_key").tolist() == KEYS[:20]
    assert len(await read_named(peer, "united", [])) == 0


async def test_what_cannot_be_read_is_an_error(peer: ProfilesPeer, stand_in: ProfilesStandIn) -> None:
    """An unknown brand is the peer's refusal; bytes that are no Arrow stream are named."""
    with pytest.raises(PeerRefusedError) as refused:
        await read_posts(peer, "bolt", 10)
    assert refused.value.status == 404
    stand_in.refuse["texts"] = 200
    with pytest.raises(UnreadablePostsError, match="not an Arrow stream"):
        await read_posts(peer, "united", 10)
