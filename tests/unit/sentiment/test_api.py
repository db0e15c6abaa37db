"""The service over HTTP, on the shipped model."""

import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.sentiment.api import dependencies
from tests.unit.sentiment.service import app_of, client_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FastAPI]:
    """Run the service."""
    app = app_of(data_dir=tmp_path_factory.mktemp("var"))
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of it."""
    async with client_of(app) as http:
        yield http


async def test_one_text_gets_its_sentiment(http: httpx.AsyncClient) -> None:
    """POST /v1/sentiment answers label, score, probabilities and the model, and takes a target."""
    response = await http.post("/v1/sentiment", json={"text": "I love this airline!", "target": "British Airways"})
    answer = response.json()
    assert response.status_code == 200
    assert answer.keys() == {"label", "score", "probabilities", "model"}
    assert answer["label"] == "positive"
    shares = answer["probabilities"]
    assert answer["score"] == pytest.approx(shares["positive"] + shares["neutral"] / 2, abs=1e-6)
    assert answer["model"].startswith("voxpop-minilm@")


async def test_texts_are_answered_in_order_with_the_default_features(http: httpx.AsyncClient) -> None:
    """POST /v1/analyze answers a result an input, in order, with sentiment, subjectivity and language."""
    texts = [
        "I love this airline!",
        "I hate this airline, worst service ever",
        "El vuelo salió tarde otra vez, qué mal",
    ]
    response = await http.post("/v1/analyze", json={"texts": texts})
    results = response.json()["results"]
    assert response.headers["content-type"] == "application/json"
    assert [result["sentiment"]["label"] for result in results[:2]] == ["positive", "negative"]
    assert [result["language"]["code"] for result in results] == ["en", "en", "es"]
    assert [result["supported_language"] for result in results] == [True, True, False]
    expected = {"sentiment", "subjectivity", "language", "truncated", "supported_language"}
    assert all(result.keys() == expected for result in results)


async def test_only_features_that_were_asked_for_are_present(http: httpx.AsyncClient) -> None:
    """What was not asked for is not in the answer."""
    body = {"texts": ["fine"], "features": ["language", "emotion"], "languages": ["de"], "targets": [None]}
    result = (await http.post("/v1/analyze", json=body)).json()["results"][0]
    assert result.pop("emotion").keys() == {"label", "score", "probabilities"}
    assert result == {
        "language": {"code": "de", "confidence": 1.0},
        "truncated": False,
        "supported_language": False,
    }


async def test_the_airline_set_comes_with_the_model(http: httpx.AsyncClient) -> None:
    """A category set that lies beside the weights is served like one of people's own."""
    body = {"texts": ["why was I charged $50 for a seat"], "category_set": "airline"}
    category = (await http.post("/v1/analyze", json=body)).json()["results"][0]["category"]
    assert category["label"] == "Extra Charges"
    assert len(category["probabilities"]) == 8


async def test_the_largest_request_is_answered(http: httpx.AsyncClient) -> None:
    """512 texts, one of them of 10,000 characters, get 512 answers."""
    texts = ["x" * 9_999 + "!", *(f"number {i} is fine" for i in range(511))]
    response = await http.post("/v1/analyze", json={"texts": texts, "features": ["sentiment"]})
    results = response.json()["results"]
    assert len(results) == 512
    assert not results[1]["truncated"]


async def test_the_model_describes_itself(http: httpx.AsyncClient) -> None:
    """GET /v1/model says what is served, from where, on what, and what it can tell."""
    answer = (await http.get("/v1/model")).json()
    assert answer.keys() == {
        "name",
        "version",
        "folder",
        "file",
        "precision",
        "device",
        "provider",
        "heads",
        "languages",
        "max_length",
        "embedding_model",
        "embedding_version",
        "licence",
        "evaluation",
    }
    assert answer["heads"]["sentiment"] == {"labels": ["negative", "neutral", "positive"]}
    assert (answer["file"], answer["device"], answer["languages"]) == ("model.onnx", "cpu", ["en"])


BAD_BODIES: list[tuple[str, int, list[Any] | None]] = [
    ('{"texts": ["a"', 422, ["body"]),
    ("", 422, ["body"]),
    ("[]", 422, ["body"]),
    ("{}", 422, ["body", "texts"]),
    ('{"texts": "a"}', 422, ["body", "texts"]),
    ('{"texts": []}', 422, ["body", "texts"]),
    ('{"texts": [null]}', 422, ["body", "texts", 0]),
    ('{"texts": ["a", 3]}', 422, ["body", "texts", 1]),
    ('{"texts": ["a", NaN]}', 422, ["body", "texts", 1]),
    ('{"texts": ["a", "b", "c", " \\t\\n\\u00a0"]}', 422, ["body", "texts", 3]),
    ('{"texts": ["a", ""]}', 422, ["body", "texts", 1]),
    ('{"texts": ["a", "b\\u0000"]}', 422, ["body", "texts", 1]),
    ('{"texts": ["a", "b\\ud800"]}', 422, ["body", "texts", 1]),
    (json.dumps({"texts": ["a", "b" * 10_001]}), 422, ["body", "texts", 1]),
    (json.dumps({"texts": ["🔥" * 262_144]}), 422, ["body", "texts", 0]),
    (json.dumps({"texts": ["a"] * 513}), 422, ["body", "texts"]),
    ('{"texts": ["a"], "features": ["mood"]}', 422, ["body", "features", 0]),
    ('{"texts": ["a"], "features": ["irony"' + ', "irony"' * 10 + "]}", 422, ["body", "features"]),
    ('{"texts": ["a"], "category_set": "Ann\'s"}', 422, ["body", "category_set"]),
    ('{"texts": ["a"], "features": []}', 422, ["body", "features"]),
    ('{"texts": ["a", "b"], "targets": ["x"]}', 422, ["body", "targets"]),
    ('{"texts": ["a"], "targets": [" "]}', 422, ["body", "targets", 0]),
    ('{"texts": ["a"], "languages": ["en", "de"]}', 422, ["body", "languages"]),
    ('{"texts": ["a"], "languages": ["english please"]}', 422, ["body", "languages", 0]),
    ('{"texts": ["a"], "category_set": "nobodys"}', 422, ["body", "category_set"]),
    ('{"texts": ["a"], "feature": ["sentiment"]}', 422, ["body", "feature"]),
    ('{"texts": ' + "[" * 100_000 + "]" * 100_000 + "}", 422, ["body"]),
    ('{"texts": ["\\ud83d\\ude00", {"a": {"b": [1]}}]}', 422, ["body", "texts", 1]),
]


@pytest.mark.parametrize(("body", "status", "loc"), BAD_BODIES, ids=lambda value: str(value)[:40])
async def test_bad_input_is_a_problem_that_names_the_field(
    http: httpx.AsyncClient, body: str, status: int, loc: list[Any] | None
) -> None:
    """Whatever is wrong: problem+json with the path to it, and nothing of what was sent."""
    response = await http.post("/v1/analyze", content=body, headers={"content-type": "application/json"})
    answer = response.json()
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert answer["request_id"] == response.headers["x-request-id"]
    assert loc is None or loc in [error["loc"] for error in answer["errors"]]
    assert len(response.content) < 2000


@pytest.mark.parametrize("text", ["", "  ", "a\u0000", "a" * 10_001, None, 7])
async def test_a_bad_single_text_is_named_too(http: httpx.AsyncClient, text: Any) -> None:
    """POST /v1/sentiment has the same limits, at body.text."""
    response = await http.post("/v1/sentiment", json={"text": text})
    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["body", "text"]


async def test_bytes_that_are_no_utf8_are_refused(http: httpx.AsyncClient) -> None:
    """A body in another encoding is the client's mistake, told as a problem."""
    response = await http.post(
        "/v1/analyze", content=b'{"texts": ["\xff\xfe"]}', headers={"content-type": "application/json"}
    )
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_full_queue_answers_503_at_once(app: FastAPI, http: httpx.AsyncClient) -> None:
    """Past the bound a request is told when to come back; once there is room it is served."""
    with app.state.resources.batcher.admission.admit("another", 2**20):
        refused = await http.post("/v1/analyze", json={"texts": ["fine"]})
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert (await http.post("/v1/analyze", json={"texts": ["fine"]})).status_code == 200


async def test_a_model_that_fails_answers_500_without_details(
    app: FastAPI, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the runtime reaches the caller as a problem without its message, and the service lives on."""

    def fail(_: object) -> None:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as broken:
        broken.setattr(app.state.resources.batcher, "_run", fail)
        response = await http.post("/v1/analyze", json={"texts": ["a text that nobody sent before"]})
    assert response.status_code == 500
    assert "secret" not in response.text
    assert (await http.post("/v1/analyze", json={"texts": ["a text that nobody sent before"]})).status_code == 200


async def test_an_abandoned_request_leaves_the_queue(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the client goes away its texts are dropped, and their room is free again."""
    body = json.dumps({"texts": ["a text whose client has gone"] * 3}).encode()
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/analyze",
        "raw_path": b"/v1/analyze",
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "headers": [(b"content-type", b"application/json")],
    }
    gone, batcher = threading.Event(), app.state.resources.batcher
    run = batcher._run

    def run_once_gone(asked: Any) -> Any:
        gone.wait(60)
        return run(asked)

    monkeypatch.setattr(dependencies, "_UNWATCHED_SECONDS", 0)
    with monkeypatch.context() as waiting:
        waiting.setattr(batcher, "_run", run_once_gone)
        await app(scope, receive, send)
        gone.set()
    assert sent[0]["status"] == 499
    assert app.state.resources.batcher.admission.held == 0
    assert app.state.resources.batcher.queued == 0
