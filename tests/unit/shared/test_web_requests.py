"""The outermost ring: request ids, log lines and the last resort."""

import pytest
import structlog

from tests.unit.shared.example_service import POST_TEXT, client, example_app, exchange


@pytest.mark.parametrize("request_id", ["a", "R-1.2_3", "x" * 64])
async def test_a_plain_request_id_is_kept(request_id: str) -> None:
    """A caller finds its own id in the answer's header, also of an error, and in the problem."""
    async with client(example_app(), headers={"x-request-id": request_id}) as http:
        fine, missing = await http.get("/livez"), await http.get("/nowhere")
    assert fine.headers.get_list("x-request-id") == [request_id]
    assert missing.headers["x-request-id"] == missing.json()["request_id"] == request_id


@pytest.mark.parametrize("request_id", [b"", b"x" * 65, b"a b", b"a;b", b"<script>", b"\xc3\xa9", b"a\tb"])
async def test_a_garbled_request_id_is_replaced(request_id: bytes) -> None:
    """What is long or could confuse a log is not taken over."""
    async with client(example_app()) as http:
        response = await http.get("/livez", headers=[(b"x-request-id", request_id)])
    assert response.headers["x-request-id"].encode() != request_id
    assert len(response.headers["x-request-id"]) == 32


async def test_an_id_is_made_for_each_request() -> None:
    """Without an id from the caller two requests have two."""
    async with client(example_app()) as http:
        ids = {(await http.get("/livez")).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2


async def test_an_unexpected_error_is_a_problem_without_its_message() -> None:
    """The caller gets a 500 with the request's id, and nothing of the exception."""
    async with client(example_app(), headers={"x-request-id": "r1"}) as http:
        response = await http.get("/v1/crash")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"] == response.json()["request_id"] == "r1"
    assert POST_TEXT not in response.text
    assert "RuntimeError" not in response.text


async def test_an_unexpected_error_is_logged_without_its_text() -> None:
    """The log has the exception's type and where it happened, never its message."""
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        async with client(example_app(), headers={"x-request-id": "r1"}) as http:
            await http.get("/v1/crash")
    (failed,) = [line for line in lines if line["event"] == "request.failed"]
    assert failed["error"] == "RuntimeError"
    assert failed["frames"][-1].startswith("example_service.py:")
    assert failed["request_id"] == "r1"
    assert failed["service"] == "example"
    assert POST_TEXT not in repr(lines)


async def test_each_request_has_one_line_without_its_path() -> None:
    """Method, route template, status and seconds are logged; a path may hold what should not be."""
    with structlog.testing.capture_logs() as lines:
        async with client(example_app()) as http:
            await http.get("/v1/items/424242?word=private")
    (line,) = lines
    assert (line["event"], line["method"], line["route"], line["status"]) == (
        "request",
        "GET",
        "/v1/items/{number}",
        422,
    )
    assert "424242" not in repr(lines)
    assert "private" not in repr(lines)


async def test_an_answer_that_breaks_off_gets_no_second_beginning() -> None:
    """Where the answer has begun, an error ends it and is logged; nothing else is sent."""
    with structlog.testing.capture_logs() as lines:
        sent, _ = await exchange(example_app(), "GET", "/v1/break-off")
    assert [message["type"] for message in sent].count("http.response.start") == 1
    assert b"".join(message.get("body", b"") for message in sent) == b"the beginning"
    assert all(message.get("more_body", True) for message in sent)
    assert "request.failed" in [line["event"] for line in lines]
