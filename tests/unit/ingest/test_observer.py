"""The place where posts are looked at: before they are folded, and again with a replay."""

from collections.abc import Sequence
from contextlib import nullcontext

import httpx
import pytest
from fastapi import FastAPI

from services.ingest.identity import Pseudonymizer
from services.ingest.observer import ObservedPost
from services.ingest.pipeline import PostPipeline
from shared.errors import PeerUnavailableError
from shared.profiles_peer import ProfilesPeer
from shared.sentiment_peer import SentimentPeer
from tests.unit.ingest.conftest import Peers
from tests.unit.ingest.posts import NOW, a_post


class Watching:
    """An observer that notes what it is shown, and how much was folded by then."""

    def __init__(self, peers: Peers) -> None:
        """Look at the stand-ins."""
        self.peers = peers
        self.seen: list[tuple[str, list[ObservedPost], int]] = []
        self.failing = False

    async def observe(self, brand: str, posts: Sequence[ObservedPost]) -> None:
        """See `Observer.observe`."""
        self.seen.append((brand, list(posts), len(self.peers.folded)))
        if self.failing:
            raise PeerUnavailableError("mongodb", "the store does not answer; send it again")


def a_pipeline(peers: Peers, observer: Watching) -> PostPipeline:
    """Return a pipeline with an observer."""

    def http(app: FastAPI) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app))

    return PostPipeline(
        pseudonymizer=Pseudonymizer(b"k" * 32),
        sentiment=SentimentPeer("sentiment", "http://sentiment", http(peers.sentiment()), deadline=5),
        profiles=ProfilesPeer("profiles", "http://profiles", http(peers.profiles()), deadline=5),
        now=lambda: NOW,
        timed=lambda _: nullcontext(),
        observer=observer,
    )


async def test_posts_are_looked_at_before_they_are_folded(peers: Peers) -> None:
    """The observer gets the raw post, its cleaned text and its analysis; what was counted before is left out."""
    watching = Watching(peers)
    pipeline = a_pipeline(peers, watching)
    await pipeline.deliver("aerolume", [a_post(1), {"bad": 1}])
    await pipeline.deliver("aerolume", [a_post(1), a_post(2)])
    await pipeline.deliver("aerolume", [a_post(1)])
    (brand, first, folded), (_, second, later) = watching.seen
    assert (brand, folded, later) == ("aerolume", 0, 1)
    assert [(one.post.post_id, one.text) for one in first] == [("post-1", "@user thank you, flight 1 was great")]
    assert first[0].analysis.sentiment is not None
    assert [one.post.post_id for one in second] == ["post-2"]
    assert "post-1" not in repr(first[0])


async def test_an_observer_that_fails_fails_the_delivery(peers: Peers) -> None:
    """Nothing is folded, and the same posts are looked at again when they are sent again."""
    watching = Watching(peers)
    pipeline = a_pipeline(peers, watching)
    watching.failing = True
    with pytest.raises(PeerUnavailableError):
        await pipeline.deliver("aerolume", [a_post(1)])
    assert peers.folded == {}
    watching.failing = False
    assert (await pipeline.deliver("aerolume", [a_post(1)])).accepted == 1
    assert len(watching.seen) == 2
