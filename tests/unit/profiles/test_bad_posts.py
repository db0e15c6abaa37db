"""Texts, embeddings and bodies that are wrong: a problem that names the field, and nothing of the delivery stored."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.profiles.stores.database import open_store
from shared.pages import encode_cursor
from shared.store_url import SqliteUrl
from tests.unit.profiles.conftest import Deliver
from tests.unit.profiles.posts import analysis, key, post

JSON = {"content-type": "application/json"}
PATH = "/v1/brands/acme/posts"
GOOD = post(2, analyzed=analysis(embedding=[1.0, 2.0, 3.0]), embedding_version="v1", text="fine")


def with_value(path: str, value: Any) -> bytes:
    """Return the body of a delivery whose second post has this value at a path; `...` leaves the field out."""
    posts = [post(1).model_dump(mode="json"), GOOD.model_dump(mode="json")]
    *parents, last = path.split(".")
    place: Any = posts[1]
    for name in parents:
        place = place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps({"schema_version": 1, "posts": posts}).encode()


async def assert_nothing_stored(client: httpx.AsyncClient, folder: Path) -> None:
    """Assert that no post is known, counted or kept, of any brand."""
    keys = {"post_keys": [key(number) for number in range(10)]}
    assert (await client.post(f"{PATH}/counted", json=keys)).json() == {"counted": []}
    assert (await client.get("/v1/brands")).json()["items"] == []
    async with open_store(SqliteUrl(folder / "profiles.db")) as store:
        assert await store.kept_posts("acme", None, 100) == []
        assert await store.kept_buckets("acme") == []


def named(answer: httpx.Response) -> str:
    """Return what a problem says of where and what; asserts that it is one, of the 4xx."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    return str(problem["detail"]) + " ".join(
        ".".join(map(str, error["loc"])) + " " + error["msg"] for error in problem.get("errors", [])
    )


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("analysis.embedding", [1.0, float("nan"), 0.0], "embedding"),
        ("analysis.embedding", [1.0, float("inf"), 0.0], "embedding"),
        ("analysis.embedding", [1.0, float("-inf"), 0.0], "embedding"),
        ("analysis.embedding", [0.0, 0.0, 0.0], "embedding of post 1"),
        ("analysis.embedding", [1.7e308, 1.7e308, 1.7e308], "embedding of post 1"),
        ("analysis.embedding", [], "embedding"),
        ("analysis.embedding", [0.1] * 5000, "embedding"),
        ("analysis.embedding", ["one", 2.0, 3.0], "embedding"),
        ("analysis.embedding", {"0": 1.0}, "embedding"),
        ("analysis.embedding", None, "embedding"),
        ("analysis.embedding", ..., "embedding"),
        ("embedding_version", None, "embedding_version"),
        ("embedding_version", ..., "embedding_version"),
        ("embedding_version", "", "embedding_version"),
        ("embedding_version", "v" * 201, "embedding_version"),
        ("text", "x" * 10_001, "text"),
        ("text", 7, "text"),
        ("voice", "outer", "voice"),
        ("analysis.language", {"code": "English", "confidence": 1}, "language"),
        ("analysis.language", {"code": "en", "confidence": 1.5}, "confidence"),
        ("analysis.entities", [{"text": "x", "type": "ghost", "start": 0, "end": 1}], "entities"),
        ("analysis.entities", [{"text": "x", "type": "person", "start": -1, "end": 1}], "start"),
        ("analysis.category", {"label": "crew", "score": float("nan"), "probabilities": {}}, "score"),
        ("analysis.emotion", "joy", "emotion"),
        ("analysis", [], "analysis"),
        ("post_key", ..., "post_key"),
        ("author_key", "\x00" * 32, "author_key"),
    ],
)
async def test_a_post_that_cannot_be_kept_refuses_its_delivery(
    client: httpx.AsyncClient, tmp_path: Path, path: str, value: Any, field: str
) -> None:
    """The field is named, and neither the post nor its neighbour is stored."""
    assert field in named(await client.post(PATH, content=with_value(path, value), headers=JSON))
    await assert_nothing_stored(client, tmp_path)


async def test_the_longest_text_and_embedding_are_taken(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """What is at the limits counts: 10,000 characters (not bytes), 4096 numbers, a version of 200 characters."""
    largest = post(1, text="🛫" * 10_000, analyzed=analysis(embedding=[-1e-3] * 4096), embedding_version="v" * 200)
    assert (await deliver(largest)).json() == {"folded": 1, "duplicates": 0}
    assert (await client.get("/v1/brands")).json()["items"][0]["posts"] == 1


@pytest.mark.parametrize(
    "embedding",
    [
        [1e308, -1e308],
        [5e-324, 5e-324],
        [1e-9, 2e-9],
        [1e300, 1e-300],
        [0.0, -1.0],
    ],
)
async def test_a_post_with_a_very_short_or_long_embedding_may_come_and_go(
    client: httpx.AsyncClient, deliver: Deliver, embedding: list[float]
) -> None:
    """An embedding of any length but nought and infinity is taken, and its post can be removed again."""
    odd = post(1, analyzed=analysis(embedding=embedding), embedding_version="v2")
    assert (await deliver(odd, post(2))).json() == {"folded": 2, "duplicates": 0}
    removal = {"schema_version": 1, "removals": [{"post_key": key(1), "reason": "deleted"}]}
    assert (await client.post("/v1/brands/acme/removals", json=removal)).json() == {"removed": 1, "unknown": 0}
    assert (await client.get("/v1/brands")).json()["items"][0]["posts"] == 1


async def test_an_embedding_of_another_length_is_refused(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """Lengths belong to versions; the post that has another is named, its neighbours are not counted either."""
    await deliver(GOOD)
    other = post(5, analyzed=analysis(embedding=[1.0, 2.0]), embedding_version="v1")
    refused = named(await deliver(post(4), other))
    assert "embedding" in refused
    assert "2 numbers" in refused
    assert "have 3" in refused
    keys = {"post_keys": [key(number) for number in range(10)]}
    assert (await client.post(f"{PATH}/counted", json=keys)).json() == {"counted": [GOOD.post_key]}


async def test_two_lengths_in_one_delivery_set_none(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """Where the first posts of a version differ nothing is stored, not even the length."""
    ones = [
        post(number, analyzed=analysis(embedding=[1.0] * (number + 1)), embedding_version="v1") for number in (1, 2)
    ]
    body: dict[str, Any] = {"schema_version": 1, "posts": [one.model_dump(mode="json") for one in ones]}
    assert "embedding" in named(await client.post(PATH, json=body))
    await assert_nothing_stored(client, tmp_path)
    body["posts"] = body["posts"][1:]
    assert (await client.post(PATH, json=body)).status_code == 200


@pytest.mark.parametrize(
    ("content", "headers", "field"),
    [
        (b"schema_version=1", {"content-type": "application/x-www-form-urlencoded"}, "body"),
        (with_value("text", "fine"), {"content-type": "text/plain"}, "body"),
        (with_value("text", "fine"), {}, "body"),
        (b"", JSON, "body"),
        (b"null", JSON, "body"),
        (b"\xff\xfe{}", JSON, "body"),
        (b"{" * 100_000, JSON, "body"),
        (b"[" * 100_000, JSON, "body"),
        (with_value("text", "fine")[:-20], JSON, "body"),
        (b'{"schema_version": 1, "posts": [], "posts": 7}', JSON, "posts"),
        (b'{"schema_version": "1.0", "posts": []}', JSON, "schema_version"),
        (b'{"schema_version": ' + b"9" * 5000 + b', "posts": []}', JSON, "body"),
        (b'{"schema_version": null, "posts": []}', JSON, "schema_version"),
    ],
)
async def test_a_body_that_is_not_json_of_ours_is_refused(
    client: httpx.AsyncClient, tmp_path: Path, content: bytes, headers: dict[str, str], field: str
) -> None:
    """Another content type, something cut off, nested without end, no text at all: a 4xx, and nothing is stored."""
    assert field in named(await client.post(PATH, content=content, headers=headers))
    await assert_nothing_stored(client, tmp_path)


@pytest.mark.parametrize(
    "brand",
    ["a" * 300, "%2E%2E", "%2e%2e%2fetc", "..%5Cetc", "a%20b", "%24where", "a;b", "ACME", "%F0%9F%9B%AB", "%FF"],
)
async def test_a_brand_of_anything_else_stores_nothing(client: httpx.AsyncClient, tmp_path: Path, brand: str) -> None:
    """However it is written in the path, what is no slug is a 4xx for every way of writing."""
    body = with_value("text", "fine")
    removal = {"schema_version": 1, "removals": [{"post_key": key(1), "reason": "deleted"}]}
    named(await client.post(f"/v1/brands/{brand}/posts", content=body, headers=JSON))
    named(await client.post(f"/v1/brands/{brand}/removals", json=removal))
    named(await client.post(f"/v1/brands/{brand}/posts/counted", json={"post_keys": [key(1)]}))
    await assert_nothing_stored(client, tmp_path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cursor=st.text(max_size=40) | st.lists(st.none() | st.integers() | st.floats() | st.text()).map(encode_cursor))
async def test_any_cursor_is_answered_or_refused(client: httpx.AsyncClient, cursor: str) -> None:
    """A cursor of anything at all is a page or a 422, of every list."""
    body = {"schema_version": 1, "posts": [GOOD.model_dump(mode="json")]}
    await client.post(PATH, json=body)
    for path in ("/v1/brands", "/v1/brands/acme/profiles", "/v1/brands/acme/features"):
        answer = await client.get(path, params={"cursor": cursor})
        if answer.status_code != 200:
            assert answer.status_code == 422
            assert "cursor" in named(answer)


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_cursor_with_a_letter_changed_is_answered_or_refused(
    client: httpx.AsyncClient, data: st.DataObject
) -> None:
    """Tampering with a cursor that was given never breaks anything."""
    posts = [post(number, number).model_dump(mode="json") for number in range(3)]
    await client.post(PATH, json={"schema_version": 1, "posts": posts})
    given_out = (await client.get("/v1/brands/acme/profiles?limit=1")).json()["next_cursor"]
    place = data.draw(st.integers(0, len(given_out) - 1))
    letter = data.draw(st.sampled_from("aZ09-_=.%/ é"))
    changed = given_out[:place] + letter + given_out[place + 1 :]
    assert (await client.get("/v1/brands/acme/profiles", params={"cursor": changed})).status_code in {200, 422}
