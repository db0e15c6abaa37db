"""Bodies that are too large."""

import pytest

from tests.unit.shared.example_service import client, example_app, exchange

LIMIT = 1024


@pytest.mark.parametrize("path", ["/v1/raw", "/v1/orders"])
async def test_a_body_announced_too_large_is_refused_unread(path: str) -> None:
    """By its Content-Length it is 413 before a byte is taken in."""
    app = example_app(max_body_bytes=LIMIT)
    sent, taken = await exchange(app, "POST", path, chunks=[b"x"], headers={"content-length": str(LIMIT + 1)})
    assert sent[0]["status"] == 413
    assert taken == 0


@pytest.mark.parametrize("path", ["/v1/raw", "/v1/orders"])
async def test_a_body_without_a_length_is_refused_as_soon_as_it_is_too_large(path: str) -> None:
    """A chunked body is 413 with its first chunk over the limit; what follows is not taken in."""
    app = example_app(max_body_bytes=LIMIT)
    sent, taken = await exchange(
        app, "POST", path, chunks=[b"x" * 600] * 10, headers={"content-type": "application/json"}
    )
    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [413]
    assert taken == 2


async def test_the_refusal_is_a_problem_that_names_the_limit() -> None:
    """The sentence says how much is allowed and what to do."""
    async with client(example_app(max_body_bytes=LIMIT)) as http:
        response = await http.post("/v1/raw", content=b"x" * (LIMIT + 1))
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == "the body is larger than 1024 bytes; send less at a time"
    assert response.json()["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize("chunks", [[b"x" * LIMIT], [b"x" * (LIMIT // 4)] * 4])
async def test_a_body_of_exactly_the_limit_is_read_whole(chunks: list[bytes]) -> None:
    """The limit itself is allowed, announced or not."""
    app = example_app(max_body_bytes=LIMIT)
    json = {"content-type": "application/json"}
    for headers in (json, json | {"content-length": str(LIMIT)}):
        sent, _ = await exchange(app, "POST", "/v1/raw", chunks=chunks, headers=headers)
        assert sent[0]["status"] == 200
        assert sent[1]["body"] == str(LIMIT).encode()


@pytest.mark.parametrize("length", ["-1", "many", "1.5", ""])
async def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    """A length that cannot be compared is not trusted."""
    sent, taken = await exchange(example_app(), "POST", "/v1/raw", chunks=[b"x"], headers={"content-length": length})
    assert (sent[0]["status"], taken) == (413, 0)
