"""Posts with their texts over HTTP: pages for the services' key alone."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pyarrow as pa
import pytest

from shared.access import Scope, digest_of, new_secret
from shared.errors import PeerRefusedError
from shared.profiles_peer import ProfilesPeer
from tests.unit.profiles.posts import analysis, key, post
from tests.unit.profiles.service import delivery, profiles_app, reached

TEXTS = "/v1/brands/acme/texts"


def read(content: bytes) -> pa.Table:
    """Return the table of an answer."""
    with pa.ipc.open_stream(content) as stream:
        return stream.read_all()


@pytest.fixture
async def peer(client: httpx.AsyncClient) -> ProfilesPeer:
    """Return a peer whose service has seven posts, one an hour."""
    posts = [
        post(
            number,
            number % 3,
            number,
            analysis(embedding=[3.0, 4.0]) if number % 2 else None,
            embedding_version="e1" if number % 2 else None,
            text=f"post {number}",
        )
        for number in range(7)
    ]
    await client.post("/v1/brands/acme/posts", json=delivery(posts))
    return ProfilesPeer("profiles", "http://profiles", client)


async def test_pages_have_each_post_once(peer: ProfilesPeer) -> None:
    """By key, up to a page without a cursor; embeddings where they are asked for."""
    found: list[str] = []
    cursor: str | None = None
    for rows in (3, 3, 1):
        content, cursor = await peer.texts("acme", 3, cursor, embeddings=True)
        table = read(content)
        assert table.num_rows == rows
        assert str(table.schema.field("embedding").type) == "fixed_size_list<item: float>[2]"
        found += table["text"].to_pylist()
    assert cursor is None
    assert found == [f"post {number}" for number in range(7)]
    content, _ = await peer.texts("acme", 10)
    assert "embedding" not in read(content).column_names


async def test_a_time_and_named_posts(peer: ProfilesPeer) -> None:
    """Hours bound the pages; posts are asked for by key; what is not known is left out."""
    start, end = (datetime(2015, 2, 24, hour, tzinfo=UTC) for hour in (2, 4))
    content, _ = await peer.texts("acme", 10, start=start, end=end)
    assert read(content)["text"].to_pylist() == ["post 2", "post 3"]
    content, whole = await peer.named_texts("acme", [key(5), key(1), key(77)])
    assert (read(content)["post_key"].to_pylist(), whole) == ([key(1), key(5)], True)


async def test_large_posts_come_in_several_answers(peer: ProfilesPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is bounded by bytes, too, and says that more follows."""
    monkeypatch.setattr("services.profiles.api.texts.PAGE_BYTES", 1)
    content, cursor = await peer.texts("acme", 10)
    assert (read(content).num_rows, cursor is None) == (1, False)
    content, whole = await peer.named_texts("acme", [key(1), key(2)])
    assert (read(content)["post_key"].to_pylist(), whole) == ([key(1)], False)


@pytest.mark.parametrize(
    "parameters",
    [
        {"limit": "0"},
        {"limit": "10001"},
        {"cursor": "xyz"},
        {"cursor": "WyJ4IiwiIl0"},
        {"from": "2015-02-24"},
        {"from": "2015-02-25T00:00:00Z", "to": "2015-02-24T00:00:00Z"},
        {"author": "1"},
    ],
)
async def test_bad_questions_are_named(
    client: httpx.AsyncClient, peer: ProfilesPeer, parameters: dict[str, str]
) -> None:
    """422 that names the parameter."""
    assert (await peer.texts("acme", 1))[0]
    answer = await client.get(TEXTS, params=parameters)
    assert answer.status_code == 422
    assert next(iter(parameters)) in str(answer.json()["errors"])


@pytest.mark.parametrize("keys", [[], ["x"], [key(1)] * 1001])
async def test_named_posts_are_bounded(client: httpx.AsyncClient, peer: ProfilesPeer, keys: list[str]) -> None:
    """422 for none, too many, and what is no key; 404 for a brand without posts."""
    assert (await client.post(f"{TEXTS}/named", json={"post_keys": keys})).status_code == 422
    with pytest.raises(PeerRefusedError) as refused:
        await peer.texts("bolt", 1)
    assert refused.value.status == 404


async def test_no_other_key_reads_texts_with_authors(tmp_path: Path) -> None:
    """403 for a key of every scope."""
    secret = new_secret()
    app = profiles_app(
        tmp_path,
        api_keys=f"all:{'+'.join(Scope)}:{digest_of(secret)}",
        service_key="service-0123456789-0123456789-0123456789",
    )
    async with reached(app, secret) as client:
        assert (await client.get(TEXTS)).status_code == 403
        assert (await client.post(f"{TEXTS}/named", json={"post_keys": [key(1)]})).status_code == 403
