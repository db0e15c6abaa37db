"""Errors as problem answers."""

import pytest

from shared.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    OverloadedError,
    PeerRefusedError,
    PeerUnavailableError,
    SettingsError,
    VoxpopError,
)
from tests.unit.shared.example_service import POST_TEXT, client, example_app


@pytest.mark.parametrize(
    ("error", "status", "title", "retry_after"),
    [
        (InputError("the name is taken"), 422, "Unprocessable Entity", None),
        (NotFoundError("no such brand"), 404, "Not Found", None),
        (ConflictError("a run is on"), 409, "Conflict", None),
        (OverloadedError("the queue is full", retry_after=7), 503, "Service Unavailable", "7"),
        (PeerUnavailableError("profiles", "profiles is away", retry_after=9), 503, "Service Unavailable", "9"),
        (PeerRefusedError("profiles", "profiles said no", status=422), 502, "Bad Gateway", None),
        (SettingsError("the store refused the user"), 503, "Service Unavailable", None),
    ],
)
async def test_each_error_is_a_problem(error: VoxpopError, status: int, title: str, retry_after: str | None) -> None:
    """Status, media type and members are those of the contract, and the sentence is the error's."""
    async with client(example_app(raising=error)) as http:
        response = await http.get("/v1/raise")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers.get("retry-after") == retry_after
    body = response.json()
    assert body["title"] in {title, "Unprocessable Content"}
    assert body == {
        "type": "about:blank",
        "title": body["title"],
        "status": status,
        "detail": error.detail,
        "request_id": response.headers["x-request-id"],
    }


async def test_an_input_error_names_its_field() -> None:
    """A service's own finding has the same shape as a validation error."""
    async with client(example_app(raising=InputError("is blank", ("body", "texts", 3)))) as http:
        body = (await http.get("/v1/raise")).json()
    assert body["errors"] == [{"loc": ["body", "texts", 3], "msg": "is blank"}]


async def test_an_error_about_half_a_character_can_be_answered() -> None:
    """A lone surrogate, which JSON can carry and UTF-8 cannot, is replaced."""
    async with client(example_app(raising=InputError("no field \ud800", ("body", "\ud800")))) as http:
        response = await http.get("/v1/raise")
    assert response.status_code == 422
    assert response.json()["detail"] == "no field ?"
    assert response.json()["errors"] == [{"loc": ["body", "?"], "msg": "no field ?"}]


@pytest.mark.parametrize(
    ("content", "loc"),
    [
        (f'{{"count": "{POST_TEXT}"}}', ["body", "count"]),
        ('{"count": -987654}', ["body", "count"]),
        (f'{{"count": 1, "code": "{POST_TEXT}"}}', ["body", "code"]),
        (f'{{"count": 1, "extra": "{POST_TEXT}"}}', ["body", "extra"]),
        (f'"{POST_TEXT}"', ["body"]),
        (f'{{"count": {POST_TEXT}', ["body"]),
    ],
)
async def test_a_validation_error_names_the_field_and_holds_no_value(content: str, loc: list[str | int]) -> None:
    """What was sent may be a post's text: only where it stood and the rule come back."""
    async with client(example_app()) as http:
        response = await http.post("/v1/orders", content=content, headers={"content-type": "application/json"})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert [error["loc"] for error in body["errors"]] == [loc]
    assert set(body["errors"][0]) == {"loc", "msg"}
    assert body["detail"].startswith(".".join(str(part) for part in loc) + ": ")
    assert POST_TEXT not in response.text
    assert "987654" not in response.text


async def test_a_parameter_is_named_without_its_value() -> None:
    """A path's value is not repeated either."""
    async with client(example_app()) as http:
        response = await http.get("/v1/items/not-a-number")
    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["path", "number"]
    assert "not-a-number" not in response.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/nowhere", 404), ("DELETE", "/v1/orders", 405)])
async def test_the_frameworks_own_errors_are_problems(method: str, path: str, status: int) -> None:
    """An unknown path and a wrong method have the same shape as the rest."""
    async with client(example_app()) as http:
        response = await http.request(method, path)
    assert response.status_code == response.json()["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert path not in response.text


async def test_a_wrong_method_is_told_the_right_ones() -> None:
    """The Allow header of a 405 is kept."""
    async with client(example_app()) as http:
        assert (await http.delete("/v1/orders")).headers["allow"] == "POST"
