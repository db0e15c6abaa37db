"""What the service makes of input that is wrong: a problem that names the field, and nothing stored."""

import json
from typing import Any

import httpx
import pytest

from shared.pages import encode_cursor
from tests.unit.profiles.conftest import Deliver
from tests.unit.profiles.posts import analysis, key, post

BRANDS = ["A", "a_b", "a.b", "-a", "$set", "a" * 64, "🛫", "a%00b", "a%0A", "acme%20", "a" * 300, "%2E%2E", "a;b"]


def changed(path: str, value: Any) -> str:
    """Return the body of a delivery whose second post has this value at a path."""
    posts = [post(1).model_dump(mode="json"), post(2, analyzed=analysis(0.5)).model_dump(mode="json")]
    *parents, last = path.split(".")
    place: Any = posts[1]
    for name in parents:
        place = place[name]
    place[last] = value
    return json.dumps({"schema_version": 1, "posts": posts})


async def assert_refused(client: httpx.AsyncClient, answer: httpx.Response, field: str) -> None:
    """Assert a 422 problem that names the field, and that no brand came of it."""
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 422
    assert any(field in ".".join(map(str, error["loc"])) + error["msg"] for error in problem["errors"])
    assert (await client.get("/v1/brands")).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("analysis.sentiment.score", float("nan"), "score"),
        ("analysis.sentiment.score", float("inf"), "score"),
        ("analysis.sentiment.score", 1.01, "score"),
        ("analysis.sentiment.label", "sad", "label"),
        ("analysis.subjectivity", -0.1, "subjectivity"),
        ("author_key", "A" * 32, "author_key"),
        ("author_key", "a" * 31, "author_key"),
        ("post_key", "../../etc/passwd", "post_key"),
        ("post_key", None, "post_key"),
        ("platform", "myspace", "platform"),
        ("key_version", 10**30, "key_version"),
        ("likes", -1, "likes"),
        ("likes", 10**13, "likes"),
        ("likes", "many", "likes"),
        ("hour", "2015-02-24T11:35:00Z", "hour"),
        ("hour", "2015-02-24T11:00:00", "hour"),
        ("hour", "2015-02-24T11:00:00+05:30", "hour"),
        ("hour", "0001-01-01T00:00:00+14:00", "hour"),
        ("hour", "1601-01-01T00:00:00Z", "hour"),
        ("hour", "3000-01-01T00:00:00Z", "hour"),
        ("hour", "9999-12-31T23:00:00-14:00", "hour"),
        ("account.followers", -5, "followers"),
    ],
)
async def test_a_bad_post_is_refused_with_its_delivery(
    client: httpx.AsyncClient, path: str, value: Any, field: str
) -> None:
    """A post with a wrong field refuses the delivery, names the field, and leaves its neighbours uncounted too."""
    answer = await client.post(
        "/v1/brands/acme/posts", content=changed(path, value), headers={"content-type": "application/json"}
    )
    await assert_refused(client, answer, field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{", "body"),
        ("[]", "body"),
        ('{"posts": []}', "schema_version"),
        ('{"schema_version": 2, "posts": []}', "schema_version"),
        ('{"schema_version": 1, "posts": []}', "posts"),
        ('{"schema_version": 1, "posts": "\\ud800"}', "posts"),
        (json.dumps({"schema_version": 1, "posts": [post(1).model_dump(mode="json")] * 1001}), "posts"),
    ],
)
async def test_a_body_that_is_no_delivery_is_refused(client: httpx.AsyncClient, body: str, field: str) -> None:
    """Malformed JSON, another schema, no posts or too many are refused."""
    headers = {"content-type": "application/json"}
    await assert_refused(client, await client.post("/v1/brands/acme/posts", content=body, headers=headers), field)


@pytest.mark.parametrize("brand", BRANDS)
async def test_a_brand_that_is_no_slug_is_refused(client: httpx.AsyncClient, deliver: Deliver, brand: str) -> None:
    """A brand that is no slug is 422, for reading and for writing."""
    await assert_refused(client, await deliver(post(1), brand=brand), "brand")
    for path in ("profiles", "summary", "features"):
        await assert_refused(client, await client.get(f"/v1/brands/{brand}/{path}"), "brand")


@pytest.mark.parametrize("brand", ["..%2F..%2Fetc", "a/b", "../x"])
async def test_a_brand_with_slashes_is_no_route(client: httpx.AsyncClient, deliver: Deliver, brand: str) -> None:
    """Slashes lead to no route, and nothing is stored."""
    assert 400 <= (await deliver(post(1), brand=brand)).status_code < 500
    assert (await client.get("/v1/brands")).json()["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        "profiles?limit=0",
        "profiles?limit=1001",
        "profiles?limit=1000000000",
        "profiles?limit=ten",
        "profiles?limit=-1",
        "profiles?limit=1e9",
        "profiles?limit=",
        "profiles?sort=karma",
        "profiles?order=up",
        "profiles?min_posts=0",
        "profiles?min_posts=99999999999999999999",
        "profiles?since=yesterday",
        "profiles?since=2015-02-24T00:00:00",
        "profiles?language=english",
        "profiles?language=$gt",
        "profiles?cluster=-1",
        "profiles?basis=looks",
        "profiles?cursor=garbage",
        "profiles?cursor=" + "x" * 301,
        "profiles?sort=posts&cursor=" + encode_cursor(["last_seen", "desc", 0, key(1)]),
        "profiles?cursor=" + encode_cursor(["posts", "desc", 10**40, key(1)]),
        "features?limit=0",
        "features?limit=100001",
        "features?limit=1000000000",
        "features?cursor=garbage",
        "features?cursor=" + encode_cursor(["\x00"]),
        "profiles/not-a-key",
        "profiles/" + "g" * 32,
    ],
)
async def test_a_bad_question_is_refused(client: httpx.AsyncClient, deliver: Deliver, query: str) -> None:
    """A parameter out of range, an unknown word or a cursor that was tampered with is a 422 that names it."""
    await deliver(post(1, 1))
    answer = await client.get(f"/v1/brands/acme/{query}")
    assert answer.status_code == 422
    named = query.partition("?")[2].rpartition("&")[2].partition("=")[0] or "author_key"
    assert [named in error["loc"] for error in answer.json()["errors"]] == [True]


@pytest.mark.parametrize("query", ["limit=0", "limit=1000000000", "cursor=garbage", "cursor=" + encode_cursor(["A B"])])
async def test_a_bad_list_of_brands_is_refused(client: httpx.AsyncClient, query: str) -> None:
    """The list of brands refuses what other lists refuse."""
    assert (await client.get(f"/v1/brands?{query}")).status_code == 422


async def test_a_date_at_the_edge_of_time_is_answered(client: httpx.AsyncClient, deliver: Deliver) -> None:
    """A `since` that no UTC time can hold is compared, not a failure."""
    await deliver(post(1, 1))
    path = "/v1/brands/acme/profiles"
    early = await client.get(path, params={"since": "0001-01-01T00:00:00+14:00"})
    late = await client.get(path, params={"since": "9999-12-31T23:59:59-14:00"})
    assert (len(early.json()["items"]), len(late.json()["items"])) == (1, 0)


@pytest.mark.parametrize(
    ("run_id", "body", "field"),
    [
        ("Run_1", {"basis": "behaviour", "items": [{"author_key": key(1), "cluster": 0}]}, "run_id"),
        ("r" * 65, {"basis": "behaviour", "items": [{"author_key": key(1), "cluster": 0}]}, "run_id"),
        ("run-1", {"basis": "looks", "items": [{"author_key": key(1), "cluster": 0}]}, "basis"),
        ("run-1", {"basis": "behaviour", "items": []}, "items"),
        ("run-1", {"basis": "behaviour", "items": [{"author_key": key(1), "cluster": 0}] * 2}, "author_key"),
        ("run-1", {"basis": "behaviour", "items": [{"author_key": "x", "cluster": 0}]}, "author_key"),
        ("run-1", {"basis": "behaviour", "items": [{"author_key": key(1), "cluster": -1}]}, "cluster"),
        ("run-1", {"basis": "behaviour", "items": [{"author_key": key(1), "cluster": 10**30}]}, "cluster"),
    ],
)
async def test_a_bad_chunk_is_refused(
    client: httpx.AsyncClient, deliver: Deliver, run_id: str, body: dict[str, Any], field: str
) -> None:
    """A chunk with a wrong field is a 422 that names it, and nothing of it is staged."""
    await deliver(post(1, 1))
    answer = await client.put(f"/v1/brands/acme/assignments/{run_id}", json=body)
    assert answer.status_code == 422
    assert any(field in ".".join(map(str, error["loc"])) + error["msg"] for error in answer.json()["errors"])
    publication = {"basis": "behaviour", "expected": 1}
    assert (await client.post("/v1/brands/acme/assignments/run-1/publish", json=publication)).status_code == 409


async def test_a_brand_without_posts_takes_no_assignments(client: httpx.AsyncClient) -> None:
    """There is nobody to assign in a brand without posts."""
    chunk = {"basis": "behaviour", "items": [{"author_key": key(1), "cluster": 0}]}
    assert (await client.put("/v1/brands/nobody/assignments/run-1", json=chunk)).status_code == 404
