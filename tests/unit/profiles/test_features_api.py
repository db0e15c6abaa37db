"""The feature matrix and the changes over HTTP, as another service asks for them."""

from pathlib import Path

import httpx
import pyarrow as pa

from shared.access import digest_of
from shared.brand_changes import BrandChanges
from shared.profiles_peer import ProfilesPeer
from tests.unit.profiles.conftest import Deliver
from tests.unit.profiles.posts import analysis, key, post
from tests.unit.profiles.service import profiles_app, reached


def read(page: bytes) -> pa.Table:
    """Return the rows of a page of features."""
    with pa.ipc.open_stream(page) as stream:
        return stream.read_all()


async def test_features_come_as_arrow_pages(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Pages are Arrow streams by author, and the header names the next one but on the last."""
    await deliver(*(post(number, number) for number in range(5)))
    authors: list[str] = []
    sizes: list[int] = []
    cursor = None
    while cursor is not None or not sizes:
        parameters = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        answer = await client.get("/v1/brands/acme/features", params=parameters)
        assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
        with pa.ipc.open_stream(answer.content) as stream:
            rows = stream.read_all().to_pylist()
        authors += [row["author_key"] for row in rows]
        sizes.append(len(rows))
        cursor = answer.headers.get("x-next-cursor")
    assert authors == [key(number) for number in range(5)]
    assert sizes == [2, 2, 1]


async def test_a_follower_asks_for_changes_alone(tmp_path: Path) -> None:
    """Another service is told which brands changed, then pages of what changed, and later no more than what is new."""
    async with reached(profiles_app(tmp_path)) as client:
        peer = ProfilesPeer("profiles", "http://profiles", client)
        assert await peer.changes(0) == BrandChanges(brands={}, next=0)
        for number in range(5):
            await peer.fold("acme", [post(number, number, author_is_unknown=number == 4)])
        first = await peer.changes(0)
        assert list(first.brands) == ["acme"]
        content, cursor = await peer.features("acme", 3, None, changed_after=0)
        more, end = await peer.features("acme", 3, cursor, changed_after=0)
        rows = [row for page in (content, more) for row in read(page).to_pylist()]
        assert [row["author_key"] for row in rows] == [key(number) for number in range(5)]
        assert [row["is_unknown"] for row in rows] == [False] * 4 + [True]
        assert end is None
        assert int(read(content).schema.metadata[b"last_change"]) == rows[-1]["changed"] == first.brands["acme"]
        await peer.fold("acme", [post(9, 2)])
        second = await peer.changes(first.next)
        content, _ = await peer.features("acme", 3, None, changed_after=first.brands["acme"])
        assert read(content)["author_key"].to_pylist() == [key(2)]
        assert await peer.changes(second.next) == BrandChanges(brands={}, next=second.next)


async def test_embeddings_are_for_services_alone(tmp_path: Path) -> None:
    """So are changes; the numbers without embeddings are for whoever may read."""
    service_key = "service-0123456789-0123456789-0123456789"
    app = profiles_app(tmp_path, api_keys=f"r:read:{digest_of('reader')}", service_key=service_key)
    told = post(1, 1, 0, analysis(embedding=[3.0, 4.0]), embedding_version="v1")
    async with reached(app, service_key) as client:
        peer = ProfilesPeer("profiles", "http://profiles", client)
        await peer.fold("acme", [told, post(2, 2)])
        content, _ = await peer.features("acme", 9, None, embeddings=True)
        assert read(content)["embedding_posts"].to_pylist() == [1, 0]
        assert read(content).schema.metadata[b"embedding_version"] == b"v1"
        reader = {"authorization": "Bearer reader"}
        for path, status in (
            ("brands/acme/features", 200),
            ("brands/acme/features?changed_after=0", 200),
            ("brands/acme/features?embeddings=true", 403),
            ("changes", 403),
        ):
            assert (await client.get(f"/v1/{path}", headers=reader)).status_code == status


async def test_named_authors_come_by_author_with_their_embeddings(tmp_path: Path) -> None:
    """Those who have a profile; too many at once are refused."""
    async with reached(profiles_app(tmp_path)) as client:
        peer = ProfilesPeer("profiles", "http://profiles", client)
        vector = [0.6, 0.8]
        for number in range(3):
            told = post(number, number, analyzed=analysis(embedding=vector), embedding_version="m1")
            await peer.fold("acme", [told])
        rows = read(await peer.named_features("acme", [key(2), key(7), key(0)], embeddings=True)).to_pylist()
        assert [row["author_key"] for row in rows] == [key(0), key(2)]
        assert [round(number, 1) for number in rows[0]["embedding"]] == vector
        body = {"author_keys": [key(0)] * 1001}
        assert (await client.post("http://profiles/v1/brands/acme/features/named", json=body)).status_code == 422
