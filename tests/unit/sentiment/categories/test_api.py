"""Category sets over HTTP, on a tiny model with embeddings."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.sentiment.categories import catalog
from shared.access import digest_of
from tests.unit.sentiment.categories import model
from tests.unit.sentiment.categories.sets import category_set, examples
from tests.unit.sentiment.service import running

pytestmark = [pytest.mark.usefixtures("quick_training"), pytest.mark.asyncio(loop_scope="module")]

Service = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
KEY = "k" * 16 + "0123456789abcdef"


def body(each: int = 10) -> dict[str, Any]:
    """Return examples as they are sent."""
    return {"examples": [{"text": example.text, "label": example.label} for example in examples(each)], "notes": "mine"}


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Return the folder of a model with embeddings."""
    return model.write_model(tmp_path / "words")


@pytest.fixture
def service(tmp_path: Path, words: Path) -> Service:
    """Return how to run the service on one data folder; every run is another replica."""
    return lambda folder=words, **settings: running(model=str(folder), data_dir=tmp_path / "var", **settings)


@pytest_asyncio.fixture(loop_scope="module")
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the service."""
    async with service() as http:
        yield http


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def unchanged(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a service that no test makes a set in."""
    folder = tmp_path_factory.mktemp("unchanged")
    async with running(model=str(model.write_model(folder / "words")), data_dir=folder / "var") as http:
        yield http


async def categories_of(http: httpx.AsyncClient, *texts: str, name: str = "airline") -> list[str]:
    """Return the labels that a set gives texts."""
    response = await http.post("/v1/analyze", json={"texts": texts, "category_set": name, "features": ["language"]})
    assert response.status_code == 200, response.text
    return [result["category"]["label"] for result in response.json()["results"]]


async def test_a_set_that_is_put_is_usable_at_once(http: httpx.AsyncClient) -> None:
    """PUT answers labels, counts and figures; the next analysis names the set and gets its categories."""
    response = await http.put("/v1/categories/airline", json=body())
    answer = response.json()
    assert response.status_code == 200
    assert answer.keys() == {
        "name",
        "version",
        "labels",
        "macro_f1",
        "folds",
        "embedding_version",
        "created_at",
        "notes",
        "built_in",
        "seconds",
    }
    assert (answer["name"], answer["version"], answer["folds"], answer["notes"]) == ("airline", 1, 5, "mine")
    assert [(one["label"], one["count"]) for one in answer["labels"]] == [("bags", 10), ("late", 10), ("seats", 10)]
    assert answer["macro_f1"] == 1
    assert answer["embedding_version"] == model.VERSION
    assert await categories_of(http, "my bag is", "give me", "delay of hours") == ["bags", "seats", "late"]


async def test_probabilities_come_with_the_category(http: httpx.AsyncClient) -> None:
    """A category of a set has a label, its probability as the score, and all probabilities, which sum to 1."""
    await http.put("/v1/categories/airline", json=body())
    response = await http.post("/v1/analyze", json={"texts": ["my bag is lost"], "category_set": "airline"})
    found = response.json()["results"][0]["category"]
    assert found["probabilities"].keys() == {"bags", "late", "seats"}
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert found["score"] == found["probabilities"]["bags"] == max(found["probabilities"].values())


async def test_a_set_outlives_the_process_and_reaches_other_replicas(service: Service) -> None:
    """What was put is served by a service that starts later on the same store."""
    async with service() as http:
        await http.put("/v1/categories/airline", json=body())
    async with service() as http:
        assert await categories_of(http, "my bag is lost") == ["bags"]
        assert (await http.put("/v1/categories/airline", json=body())).json()["version"] == 2


async def test_a_set_is_shown_with_its_examples_in_pages(http: httpx.AsyncClient) -> None:
    """GET gives every example once, cleaned, in order, so that they can be put again."""
    sent = body()
    sent["examples"][0]["text"] = "@Jane my bag"
    await http.put("/v1/categories/airline", json=sent)
    found: list[dict[str, str]] = []
    cursor = None
    while True:
        query = {"limit": 7} | ({"cursor": cursor} if cursor else {})
        page = (await http.get("/v1/categories/airline", params=query)).json()
        assert (page["name"], page["version"]) == ("airline", 1)
        found += page["examples"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found[0] == {"text": "@user my bag", "label": "bags"}
    assert found[1:] == sent["examples"][1:]


async def test_a_cursor_of_an_older_version_is_refused(http: httpx.AsyncClient) -> None:
    """Pages of two versions are never mixed."""
    await http.put("/v1/categories/airline", json=body())
    cursor = (await http.get("/v1/categories/airline", params={"limit": 1})).json()["next_cursor"]
    await http.put("/v1/categories/airline", json=body())
    response = await http.get("/v1/categories/airline", params={"cursor": cursor})
    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["query", "cursor"]
    assert "version 2" in response.text


async def test_sets_are_listed_in_pages(http: httpx.AsyncClient) -> None:
    """The list meets each set once, by name, without examples."""
    for name in ("b", "c", "a"):
        await http.put(f"/v1/categories/{name}", json=body())
    first = (await http.get("/v1/categories", params={"limit": 2})).json()
    rest = (await http.get("/v1/categories", params={"cursor": first["next_cursor"]})).json()
    assert [one["name"] for one in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next_cursor"] is None
    assert "examples" not in first["items"][0]


async def test_a_deleted_set_is_gone_and_its_versions_go_on(http: httpx.AsyncClient) -> None:
    """DELETE is 204, then everything about the name is unknown; put again it has the next version."""
    await http.put("/v1/categories/airline", json=body())
    assert (await http.delete("/v1/categories/airline")).status_code == 204
    assert (await http.delete("/v1/categories/airline")).status_code == 404
    assert (await http.get("/v1/categories/airline")).status_code == 404
    assert (await http.get("/v1/categories")).json() == {"items": [], "next_cursor": None}
    response = await http.post("/v1/analyze", json={"texts": ["a"], "category_set": "airline"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["body", "category_set"]
    assert (await http.put("/v1/categories/airline", json=body())).json()["version"] == 2


async def test_a_new_model_says_what_must_be_rebuilt(service: Service, words: Path) -> None:
    """With other embeddings the set is 409 with the remedy, its examples are still there, and putting them mends it."""
    async with service() as http:
        await http.put("/v1/categories/airline", json=body())
    config = json.loads((words / "config.json").read_text())
    config["voxpop"]["embedding"]["version"] = "words-2"
    (words / "config.json").write_text(json.dumps(config))
    async with service() as http:
        response = await http.post("/v1/analyze", json={"texts": ["a"], "category_set": "airline"})
        assert response.status_code == 409
        assert "rebuild it: GET /v1/categories/airline" in response.json()["detail"]
        kept = (await http.get("/v1/categories/airline")).json()["examples"]
        await http.put("/v1/categories/airline", json={"examples": kept})
        assert await categories_of(http, "my bag is lost") == ["bags"]


async def test_a_model_without_embeddings_cannot_make_sets(service: Service, tmp_path: Path) -> None:
    """PUT is 409 and names EMBEDDING_MODEL; sentiment is answered as ever."""
    async with service(model.write_model(tmp_path / "plain", embedding=False)) as http:
        response = await http.put("/v1/categories/airline", json=body())
        assert response.status_code == 409
        assert "EMBEDDING_MODEL" in response.json()["detail"]
        assert (await http.post("/v1/sentiment", json={"text": "my bag"})).status_code == 200


async def test_a_set_of_the_model_is_served_read_only(service: Service, words: Path) -> None:
    """It is listed and shown without examples, classifies, and is 409 for PUT and DELETE."""
    made = category_set(
        "ships",
        embedding_version=model.VERSION,
        coefficients=category_set().coefficients.repeat(3, axis=1)[:, :8],
    )
    (words / "categories").mkdir()
    (words / "categories" / "ships.json").write_text(made.to_json())
    async with service() as http:
        shown = (await http.get("/v1/categories/ships")).json()
        assert (shown["built_in"], shown["version"], shown["examples"]) == (True, 0, [])
        assert (await http.get("/v1/categories")).json()["items"][0]["built_in"]
        assert (await categories_of(http, "my bag", name="ships"))[0] in {"bags", "late"}
        for response in (
            await http.put("/v1/categories/ships", json=body()),
            await http.delete("/v1/categories/ships"),
        ):
            assert response.status_code == 409
            assert "read-only" in response.json()["detail"]


def _changed(place: int, **fields: Any) -> dict[str, Any]:
    sent = body()
    sent["examples"][place] |= fields
    return sent


BAD: list[tuple[Any, list[Any]]] = [
    ({}, ["body", "examples"]),
    ({"examples": []}, ["body", "examples"]),
    (body(7), ["body", "examples"]),
    ({"examples": body()["examples"][:10]}, ["body", "examples"]),
    (_changed(3, text=" \n"), ["body", "examples", 3, "text"]),
    (_changed(3, text="a\x00"), ["body", "examples", 3, "text"]),
    (_changed(3, text="a" * 10_001), ["body", "examples", 3, "text"]),
    (_changed(3, text="https://a.b/c"), ["body", "examples", 3, "text"]),
    (_changed(3, text=None), ["body", "examples", 3, "text"]),
    (_changed(3, label="  "), ["body", "examples", 3, "label"]),
    (_changed(3, label="a\x00"), ["body", "examples", 3, "label"]),
    (_changed(3, label="a" * 65), ["body", "examples", 3, "label"]),
    (_changed(3, more=1), ["body", "examples", 3, "more"]),
    (_changed(12, text=body()["examples"][3]["text"]), ["body", "examples", 12, "label"]),
    (body() | {"notes": "n" * 2001}, ["body", "notes"]),
    (body() | {"note": "n"}, ["body", "note"]),
    ({"examples": [{"text": "a", "label": "b"}] * 20_001}, ["body", "examples"]),
]


@pytest.mark.parametrize(("sent", "loc"), BAD, ids=lambda value: str(value)[-60:])
async def test_bad_examples_are_a_problem_that_names_the_field(
    unchanged: httpx.AsyncClient, sent: Any, loc: list[Any]
) -> None:
    """Whatever is wrong: 422 with the path to it, none of the texts, and nothing kept."""
    response = await unchanged.put("/v1/categories/airline", json=sent)
    answer = response.json()
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert loc in [error["loc"] for error in answer["errors"]]
    assert "said number" not in response.text
    assert (await unchanged.get("/v1/categories")).json()["items"] == []


@pytest.mark.parametrize("name", ["Airline", "-a", "a_b", "a" * 64, "%20", "ä"])
async def test_a_name_is_a_slug(unchanged: httpx.AsyncClient, name: str) -> None:
    """Any other name is 422, whatever is asked of it."""
    for response in (
        await unchanged.put(f"/v1/categories/{name}", json=body()),
        await unchanged.get(f"/v1/categories/{name}"),
        await unchanged.delete(f"/v1/categories/{name}"),
    ):
        assert response.status_code == 422
        assert response.json()["errors"][0]["loc"] == ["path", "name"]


async def test_scopes_are_asked_for(service: Service) -> None:
    """A key that may analyze uses sets but neither sees nor changes them; one that may read changes none."""
    keys = ",".join(f"{scope}:{scope}:{digest_of(scope + KEY)}" for scope in ("analyze", "read", "write"))
    async with service(api_keys=keys) as http:

        async def status(scope: str, method: str, path: str, **sent: Any) -> int:
            headers = {"authorization": f"Bearer {scope + KEY}"}
            return (await http.request(method, path, headers=headers, **sent)).status_code

        assert await status("read", "PUT", "/v1/categories/airline", json=body()) == 403
        assert await status("analyze", "PUT", "/v1/categories/airline", json=body()) == 403
        assert await status("write", "PUT", "/v1/categories/airline", json=body()) == 200
        assert await status("analyze", "GET", "/v1/categories/airline") == 403
        assert await status("read", "GET", "/v1/categories/airline") == 200
        assert await status("read", "DELETE", "/v1/categories/airline") == 403
        named = {"texts": ["my bag"], "category_set": "airline"}
        assert await status("analyze", "POST", "/v1/analyze", json=named) == 200


async def test_readiness_names_the_category_sets(unchanged: httpx.AsyncClient) -> None:
    """They are a dependency beside the model."""
    assert (await unchanged.get("/readyz")).json()["dependencies"] == ["model", "category_sets"]


async def test_sentiment_is_answered_while_the_store_is_away(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a MongoDB that is not there the service is ready and reads texts; what needs the store is 503."""
    monkeypatch.setattr(catalog, "CALL_SECONDS", 0.05)
    async with service(store="mongodb://127.0.0.1:1/voxpop") as http:
        assert (await http.get("/readyz")).status_code == 200
        assert (await http.post("/v1/analyze", json={"texts": ["my bag"]})).status_code == 200
        for response in (
            await http.post("/v1/analyze", json={"texts": ["my bag"], "category_set": "airline"}),
            await http.get("/v1/categories/airline"),
            await http.delete("/v1/categories/airline"),
        ):
            assert response.status_code == 503
            assert "retry-after" in response.headers
