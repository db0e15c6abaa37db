"""Query parameters that a route does not know, or knows once; routes that need nothing solved."""

import asyncio
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from shared.access import Scope
from shared.web import routes
from shared.web.auth import requires
from shared.web.problems import install_problems
from tests.unit.shared.example_service import client, example_app


async def refusal(path: str) -> dict[str, Any]:
    """Return the problem that `path` is answered with."""
    async with client(example_app()) as http:
        response = await http.get(path)
    assert response.status_code == 422, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize(
    ("query", "name", "nearest"),
    [
        ("word=a&limits=3", "limits", "limit"),
        ("word=a&Limit=3", "Limit", "limit"),
        ("word=a&witout=b", "witout", "without"),
        ("wanted=a", "wanted", None),
        ("word=a&limit%5B%5D=3", "limit[]", "limit"),
        ("word=a&%FF=3", "\ufffd", None),
        ("word=a&zebra", "zebra", None),
        ("word=a&=3", "", None),
    ],
)
async def test_an_unknown_parameter_is_named(query: str, name: str, nearest: str | None) -> None:
    """With the nearest that there is, and all that there are; a name of the code is not a name of the query."""
    problem = await refusal(f"/v1/found?{query}")
    assert problem["errors"][0]["loc"] == ["query", name]
    assert f"'{name}' is no parameter of this route" in problem["detail"]
    assert "It takes limit, without, word" in problem["detail"]
    assert (f"did you mean '{nearest}'?" in problem["detail"]) == (nearest is not None)


async def test_a_parameter_of_one_value_is_given_once() -> None:
    """Of two limits one would be passed over in silence; a list may be given item by item."""
    problem = await refusal("/v1/found?word=a&limit=1&limit=2")
    assert problem["errors"] == [{"loc": ["query", "limit"], "msg": "limit is given more than once; give it once"}]
    async with client(example_app()) as http:
        answer = await http.get("/v1/found?word=a&word=b&without=c&without=d&limit=7")
    assert answer.json() == [2, 2, 7]


async def test_a_route_without_parameters_says_so() -> None:
    """There is nothing near, and nothing to list."""
    problem = await refusal("/v1/items/4?limit=1")
    assert problem["detail"] == "'limit' is not known here: this route takes no query parameters"


async def test_a_long_name_is_cut_short() -> None:
    """An answer stays small whatever is asked, and the search for what is near too."""
    problem = await refusal(f"/v1/found?word=a&{'limit' * 5000}=1")
    assert problem["errors"][0]["loc"] == ["query", ("limit" * 13)[:64]]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/docs", "/openapi.json"])
async def test_health_metrics_and_docs_take_any_parameter(path: str) -> None:
    """Load balancers, scrapers and browsers add their own."""
    async with client(example_app()) as http:
        assert (await http.get(f"{path}?probe=7&probe=8")).status_code == 200


class Word(BaseModel):
    """A body."""

    word: str = Field(max_length=10)


@pytest.mark.parametrize("solved", ["by FastAPI", "directly"])
@pytest.mark.parametrize(
    ("path", "content", "status", "loc"),
    [
        ("/v1/words", b'{"word": "good"}', 200, None),
        ("/v1/words", b"", 422, ["body"]),
        ("/v1/words", b"{", 422, ["body"]),
        ("/v1/words", b'{"word": 1}', 422, ["body", "word"]),
        ("/v1/words?limit=1", b'{"word": "good"}', 422, ["query", "limit"]),
        ("/v1/words", b'{"word": "forbidden"}', 403, None),
    ],
)
async def test_a_plain_route_answers_as_any_other(
    monkeypatch: pytest.MonkeyPatch, solved: str, path: str, content: bytes, status: int, loc: list[str] | None
) -> None:
    """Whether FastAPI solves its dependencies or they are called directly: the same answers and refusals."""
    router = APIRouter(dependencies=[requires(Scope.ANALYZE)])

    @router.post("/v1/words")
    async def words(body: Word, request: Request, path: Annotated[str, Depends(_path_of)]) -> Response:
        if body.word == "forbidden":
            raise HTTPException(403, "not this word")
        return Response(f"{body.word} at {path}, {request.url.path}")

    (route,) = (route for route in router.routes if isinstance(route, APIRoute))
    assert routes._is_plain(route)
    if solved == "by FastAPI":
        monkeypatch.setattr(routes, "_is_plain", lambda _: False)
    app = FastAPI()
    install_problems(app)
    app.routes.append(routes.guarded(route, asyncio.Semaphore(1)))
    async with client(app) as http:
        answer = await http.post(path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert loc is None or answer.json()["errors"][0]["loc"][: len(loc)] == loc
    assert status != 200 or answer.text == "good at /v1/words, /v1/words"


async def _path_of(request: Request) -> str:
    return request.url.path
