"""Liveness and readiness."""

import asyncio

import pytest

from shared.web import health
from tests.unit.shared.example_service import POST_TEXT, client, example_app


async def _ready() -> None:
    return None


async def _broken() -> None:
    raise RuntimeError(POST_TEXT)


async def _hanging() -> None:
    await asyncio.Event().wait()


async def test_a_live_process_says_so() -> None:
    """Liveness asks no dependency."""
    async with client(example_app(checks={"store": _broken})) as http:
        response = await http.get("/livez")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


async def test_ready_names_the_dependencies() -> None:
    """With every dependency ready the answer is 200."""
    async with client(example_app(checks={"store": _ready, "profiles": _ready})) as http:
        response = await http.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "dependencies": ["store", "profiles"]}


async def test_not_ready_names_the_failing_dependencies_alone() -> None:
    """The answer is a 503 problem with their names, without the errors' texts."""
    async with client(example_app(checks={"store": _ready, "profiles": _broken, "model": _broken})) as http:
        response = await http.get("/readyz")
    assert response.status_code == 503
    assert response.json()["detail"] == "not ready: profiles, model"
    assert response.headers["content-type"] == "application/problem+json"
    assert "retry-after" in response.headers
    assert POST_TEXT not in response.text


async def test_a_service_that_is_starting_says_so() -> None:
    """Before its lifespan has opened anything it lives and is not ready; opening it makes it ready."""
    app = example_app(checks={"store": _ready}, running=False)
    async with client(app) as http:
        alive, before = await http.get("/livez"), await http.get("/readyz")
        async with app.router.lifespan_context(app):
            during = await http.get("/readyz")
    assert (alive.status_code, before.status_code, during.status_code) == (200, 503, 200)
    assert before.json()["detail"] == "the service is starting; try again in a moment"
    assert before.headers["retry-after"] == "2"


async def test_a_dependency_that_hangs_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check has a deadline, so the probe is always answered."""
    monkeypatch.setattr(health, "CHECK_SECONDS", 0)
    async with asyncio.timeout(30), client(example_app(checks={"store": _hanging})) as http:
        response = await http.get("/readyz")
    assert response.status_code == 503
    assert response.json()["detail"] == "not ready: store"
