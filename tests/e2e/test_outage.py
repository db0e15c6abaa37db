"""Ingest while a peer is down or slow."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from services.local import create_local_app, local_settings
from tests.e2e.conftest import client_of, every_profile

POSTS = {
    "brand": "aerolume",
    "posts": [
        {
            "platform": "x",
            "post_id": "1",
            "author": {"id": "2"},
            "text": "the flight was late again",
            "created_at": "2026-02-01T10:00:00Z",
        }
    ],
}


@pytest.fixture(params=["down", "hanging"])
def lost(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return an address where nobody listens, or where somebody listens and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        if request.param == "hanging":
            yield url
            return
    yield url


@pytest.mark.parametrize("peer", ["sentiment", "profiles"])
async def test_a_peer_that_is_away_loses_nothing(peer: str, lost: str, tmp_path: Path) -> None:
    """Ingest answers 503 with Retry-After, acknowledges nothing, and takes the same posts once the peer is back."""
    cut = local_settings(data_dir=tmp_path, peer_deadline=0.3, **{f"{peer}_url": lost})
    with stamina.set_testing(testing=True, attempts=2):
        async with client_of(create_local_app(cut)) as voxpop:
            answer = await voxpop.post("/ingest/v1/posts", json=POSTS)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) >= 1
            assert peer in answer.json()["detail"]
            assert (await voxpop.get("/profiles/v1/brands")).json()["items"] == []
            assert peer in (await voxpop.get("/ingest/readyz")).json()["detail"]
    async with client_of(create_local_app(local_settings(data_dir=tmp_path))) as voxpop:
        taken = (await voxpop.post("/ingest/v1/posts", json=POSTS)).json()
        assert taken == {"accepted": 1, "duplicates": 0, "rejected": []}
        assert len(await every_profile(voxpop, "aerolume")) == 1
