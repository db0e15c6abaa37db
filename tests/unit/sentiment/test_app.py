"""How the service starts, who gets in, and what it says of itself."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.sentiment.settings import SentimentSettings
from shared.access import digest_of
from shared.errors import SettingsError
from tests.unit.sentiment.conftest import TinyModel
from tests.unit.sentiment.multi_head import CARD, TAGS, write_encoder, write_many
from tests.unit.sentiment.service import app_of, client_of, running

KEYS = ",".join(f"{scope}:{scope}:{digest_of(scope)}" for scope in ("analyze", "read", "write", "admin"))


@pytest.fixture
def folder(tiny_model: TinyModel) -> Path:
    """Return a model folder."""
    return tiny_model()


async def test_the_service_is_ready_only_while_its_model_is_loaded(folder: Path) -> None:
    """Before the warm-up it says that it is starting, after the stop readiness names the model."""
    app = app_of(model=str(folder))
    async with client_of(app) as http:
        before = await http.get("/readyz")
        async with app.router.lifespan_context(app):
            between = await http.get("/readyz")
        after = await http.get("/readyz")
    assert [response.status_code for response in (before, between, after)] == [503, 200, 503]
    assert before.json()["detail"] == "the service is starting; try again in a moment"
    assert after.json()["detail"].startswith("not ready: model")


@pytest.mark.parametrize(
    ("key", "status"), [(None, 401), ("nobody", 401), ("read", 403), ("write", 403), ("analyze", 200), ("admin", 200)]
)
async def test_every_route_needs_the_scope_analyze(folder: Path, key: str | None, status: int) -> None:
    """A key opens the service by `analyze` or `admin` alone: neither reading nor writing includes it."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    async with running(model=str(folder), api_keys=KEYS) as http:
        answers = [
            await http.post("/v1/sentiment", json={"text": "good"}, headers=headers),
            await http.post("/v1/analyze", json={"texts": ["good"]}, headers=headers),
            await http.get("/v1/model", headers=headers),
        ]
    assert [answer.status_code for answer in answers] == [status] * 3


async def test_a_key_for_browsers_is_told_no_path_of_the_server(folder: Path) -> None:
    """Of the model's folder it sees the name; an operator's key sees where it lies, as everyone does without keys."""
    async with running(model=str(folder), api_keys=KEYS) as http:
        for key, shown in (("analyze", folder.name), ("admin", str(folder))):
            answer = await http.get("/v1/model", headers={"authorization": f"Bearer {key}"})
            assert answer.json()["folder"] == shown
            assert (str(folder.parent) in answer.text) is (key == "admin")
    async with running(model=str(folder)) as http:
        assert (await http.get("/v1/model")).json()["folder"] == str(folder)


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/sentiment", {"text": "good"}), ("/v1/analyze", {"texts": ["good " * 50] * 4})]
)
async def test_a_keys_rate_is_counted_in_tokens(folder: Path, path: str, body: dict[str, object]) -> None:
    """Past it 429 with the seconds to wait; another key, and the services' own, are answered meanwhile."""
    service_key = "service-0123456789-0123456789-0123456789"
    settings = {"model": str(folder), "api_keys": KEYS, "token_rate": "10/day", "service_key": service_key}
    async with running(**settings) as http:
        answers = [
            await http.post(path, json=body, headers={"authorization": f"Bearer {key}"})
            for key in ("analyze", "analyze", "admin", service_key, service_key)
        ]
    assert [answer.status_code for answer in answers] == [200, 429, 200, 200, 200]
    assert "10 tokens" in answers[1].json()["detail"]
    assert int(answers[1].headers["retry-after"]) >= 1


def test_a_malformed_rate_of_tokens_stops_the_start() -> None:
    """The sentence names the setting."""
    with pytest.raises(SettingsError, match="SENTIMENT_TOKEN_RATE must be such as"):
        app_of(token_rate="many")


async def test_a_drop_in_classifier_is_served(folder: Path) -> None:
    """Any exported sequence classifier answers; of a model of unknown languages none is unsupported."""
    async with running(model=str(folder)) as http:
        answer = (await http.post("/v1/analyze", json={"texts": ["good bad", "schlecht geflogen"]})).json()
        described = (await http.get("/v1/model")).json()
    assert answer["model"] == described["name"] == folder.name
    assert answer["results"][0]["sentiment"]["label"] == "positive"
    assert answer["results"][0]["subjectivity"] is None
    assert answer["results"][1]["supported_language"]


async def test_a_model_of_many_heads_is_served_and_described(tmp_path: Path) -> None:
    """Every head answers over HTTP, and GET /v1/model lists heads with labels, embedding, figures and licence."""
    body = {"texts": ["good late", "bad"], "targets": [None, "Ann"], "features": ["sentiment", "entities", "irony"]}
    async with running(model=str(write_many(tmp_path))) as http:
        answer = (await http.post("/v1/analyze", json=body)).json()
        aimed = (await http.post("/v1/sentiment", json={"text": "bad", "target": "Ann"})).json()
        embedded = (await http.post("/v1/analyze", json={"texts": ["bad"], "features": ["embedding"]})).json()
        described = (await http.get("/v1/model")).json()
    assert answer["model"] == "many@1"
    assert [result["sentiment"]["label"] for result in answer["results"]] == ["positive", "positive"]
    assert answer["results"][0]["entities"] == []
    assert aimed["label"] == "positive"
    assert embedded["results"][0]["embedding"] == [0, 1, 0, 0]
    assert described["heads"]["entities"] == {"labels": list(TAGS)}
    assert described["heads"].keys() == CARD["heads"].keys()
    assert (described["embedding_model"], described["embedding_version"]) == ("many", "many-1")
    assert (described["licence"], described["evaluation"]) == (CARD["licence"], CARD["evaluation"])


async def test_an_embedding_model_is_described_and_checked(tmp_path: Path) -> None:
    """EMBEDDING_MODEL shows in GET /v1/model; one that cannot be had forbids the start by its name."""
    folder, encoder = write_many(tmp_path), write_encoder(tmp_path / "swapped")
    async with running(model=str(folder), embedding_model=str(encoder)) as http:
        described = (await http.get("/v1/model")).json()
    assert (described["name"], described["embedding_model"]) == ("many", "swapped")
    assert described["embedding_version"].startswith("swapped@")
    with pytest.raises(SettingsError, match=r"^EMBEDDING_MODEL: there is no folder"):
        async with running(model=str(folder), embedding_model=str(tmp_path / "nothing")):
            pytest.fail("started without the encoder")


async def test_figures_are_exposed(folder: Path) -> None:
    """GET /metrics counts texts, batches, tokens and cache hits, and shows the queue."""
    async with running(model=str(folder)) as http:
        for _ in range(2):
            await http.post("/v1/analyze", json={"texts": ["good", "bad"]})
        figures = (await http.get("/metrics")).text.splitlines()
    assert {
        "voxpop_sentiment_texts_total 4.0",
        "voxpop_sentiment_cache_hits_total 2.0",
        "voxpop_sentiment_batch_texts_sum 2.0",
        "voxpop_sentiment_tokens_total 4.0",
        "voxpop_sentiment_queued_texts 0.0",
        "voxpop_sentiment_admitted_tokens 0.0",
    } <= set(figures)


async def test_the_bound_of_the_queue_is_a_setting(folder: Path) -> None:
    """A request larger than the bound is served where the service is idle."""
    async with running(model=str(folder), queue_tokens=1) as http:
        response = await http.post("/v1/analyze", json={"texts": ["good", "bad", "good bad"]})
    assert response.status_code == 200
    assert len(response.json()["results"]) == 3


async def test_a_model_that_cannot_be_had_forbids_the_start(tmp_path: Path) -> None:
    """The lifespan ends with a sentence that names the setting, before anything is answered."""
    with pytest.raises(SettingsError, match="SENTIMENT_MODEL"):
        async with running(model=str(tmp_path / "nothing")):
            pytest.fail("started without a model")


async def test_a_model_that_does_not_pass_the_warm_up_forbids_the_start(tiny_model: TinyModel) -> None:
    """A graph that does not do what its configuration says is found before the service is ready."""
    with pytest.raises(SettingsError, match=r"config\.json names 3 labels"):
        async with running(model=str(tiny_model(weights=[1.0, 2.0]))):
            pytest.fail("started with a model that does not fit")


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting has the name that the contract gives it."""
    monkeypatch.setenv("SENTIMENT_MODEL", "someone/some-model")
    monkeypatch.setenv("EMBEDDING_MODEL", "someone/an-encoder")
    monkeypatch.setenv("SENTIMENT_DEVICE", "cuda")
    monkeypatch.setenv("SENTIMENT_CACHE_TEXTS", "0")
    settings = SentimentSettings(_env_file=None)
    assert (settings.model, settings.device, settings.cache_texts) == ("someone/some-model", "cuda", 0)
    assert settings.embedding_model == "someone/an-encoder"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SENTIMENT_DEVICE", "tpu"),
        ("SENTIMENT_CACHE_TEXTS", "-1"),
        ("SENTIMENT_THREADS", "many"),
        ("SENTIMENT_QUEUE_TOKENS", "0"),
        ("SENTIMENT_MODEL", ""),
    ],
)
def test_settings_out_of_range_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A value that cannot work is refused by its name."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name):
        SentimentSettings(_env_file=None)
