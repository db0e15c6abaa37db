"""What answers on the one port outside the four services."""

from pathlib import Path

import httpx
import pytest

from services.local import SERVICES, create_local_app, local_settings


@pytest.fixture
def front(tmp_path: Path) -> httpx.AsyncClient:
    """Return a client of the four services, none of which is opened."""
    app = create_local_app(local_settings(data_dir=tmp_path))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://voxpop")


async def test_the_root_names_the_services(front: httpx.AsyncClient) -> None:
    """Whoever opens the address finds each service's documentation."""
    async with front:
        answer = await front.get("/")
    assert {name: paths["docs"] for name, paths in answer.json().items()} == {
        name: f"/{name}/docs" for name in SERVICES
    }


@pytest.mark.parametrize("path", ["/nowhere", "/ingest", "/v1/posts", "/docs", "/profiles/v1/brands/a%0A/summary"])
async def test_a_path_of_no_service_is_a_problem(front: httpx.AsyncClient, path: str) -> None:
    """Outside the services an unknown path has the same shape as inside, with a request id."""
    async with front:
        answer = await front.get(path, headers={"x-request-id": "asked-1"})
    assert answer.status_code == answer.json()["status"] == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers.get_list("x-request-id") == [answer.json()["request_id"]] == ["asked-1"]


async def test_a_service_answers_with_one_request_id(front: httpx.AsyncClient) -> None:
    """A mounted service's answer carries its own request id, and no second one."""
    async with front:
        answer = await front.get("/ingest/livez")
    assert answer.status_code == 200
    assert len(answer.headers.get_list("x-request-id")) == 1
