"""What a body must be said to be."""

import re

import pytest
from starlette.responses import PlainTextResponse

from shared.web.media_type import MediaType
from tests.unit.shared.example_service import ALL_KEYS, client, example_app, exchange

BODY = b'{"count": 3}'
PARQUET = "application/vnd.apache.parquet"
SIMPLE = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
"""What a page may have a browser send to any server without asking it first."""


@pytest.mark.parametrize(
    "said", [*SIMPLE, "", "json", "text/json", "application/jsonp", "text/plain; application/json"]
)
async def test_a_body_that_is_not_said_to_be_json_is_refused(said: str) -> None:
    """415 with the type to send, though the bytes are right."""
    async with client(example_app()) as http:
        response = await http.post("/v1/orders", content=BODY, headers={"content-type": said})
    assert response.status_code == 415
    assert response.json()["detail"] == "the body must be sent as Content-Type: application/json"


async def test_a_body_of_no_type_is_refused_unread() -> None:
    """A page may leave the type out too; nothing of the body is taken in."""
    for framing in ({"content-length": "12"}, {"transfer-encoding": "chunked"}):
        sent, taken = await exchange(example_app(), "POST", "/v1/orders", chunks=[BODY], headers=framing)
        assert (sent[0]["status"], taken) == (415, 0)


@pytest.mark.parametrize("said", ["application/json", "Application/JSON; charset=utf-8", "application/ld+json"])
async def test_json_by_any_spelling_is_taken(said: str) -> None:
    """Case and parameters do not matter."""
    async with client(example_app()) as http:
        response = await http.post("/v1/orders", content=BODY, headers={"content-type": said})
    assert (response.status_code, response.text) == (200, "3")


async def test_a_second_type_is_no_way_around() -> None:
    """All types that are said must fit."""
    async with client(example_app()) as http:
        types = [("content-type", "application/json"), ("content-type", "text/plain")]
        assert (await http.post("/v1/orders", content=BODY, headers=types)).status_code == 415


async def test_a_request_without_a_body_needs_no_type() -> None:
    """What has nothing to say is answered as before."""
    async with client(example_app()) as http:
        assert (await http.post("/v1/orders")).status_code == 422
        assert (await http.get("/v1/items/1")).status_code == 200


async def test_without_a_key_the_answer_is_about_the_key() -> None:
    """401 comes before 415."""
    async with client(example_app(api_keys=ALL_KEYS)) as http:
        assert (await http.post("/v1/orders", content=BODY, headers={"content-type": "text/plain"})).status_code == 401


@pytest.mark.parametrize(("said", "status"), [(PARQUET, 200), ("application/json", 415), (SIMPLE[0], 415)])
async def test_an_upload_is_of_its_own_type(said: str, status: int) -> None:
    """A path that takes files takes that type alone."""
    app = MediaType(PlainTextResponse("taken"), {re.compile("/import$"): (PARQUET,)})
    headers = {"content-type": said, "content-length": "3"}
    sent, _ = await exchange(app, "POST", "/v1/brands/acme/import", chunks=[b"abc"], headers=headers)  # type: ignore[arg-type] # any ASGI application
    assert sent[0]["status"] == status
