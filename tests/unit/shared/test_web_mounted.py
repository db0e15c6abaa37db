"""A service mounted under its name in another application, as in one process locally."""

import re
from typing import Any

import pytest
from fastapi import FastAPI

from shared.access import Scope
from tests.unit.shared.example_service import ALL_KEYS, bearer, client, example_app, exchange, secret_of


def _mounted(**settings: Any) -> FastAPI:
    parent = FastAPI(docs_url=None, openapi_url=None)
    parent.mount("/example", example_app(**settings))
    return parent


async def test_keys_guard_a_mounted_service() -> None:
    """Under its name /v1 is as closed as at the root, and the scopes count."""
    async with client(_mounted(api_keys=ALL_KEYS)) as http:
        assert (await http.get("/example/v1/items/1")).status_code == 401
        assert (await http.get("/example/v1")).status_code == 401
        read = bearer(secret_of(Scope.READ))
        assert (await http.get("/example/v1/items/1", headers=read)).status_code == 200
        assert (await http.get("/example/v1/scoped/write", headers=read)).status_code == 403


async def test_a_mounted_service_refuses_before_the_body_is_read() -> None:
    """A stranger's body is not taken in there either."""
    sent, taken = await exchange(_mounted(api_keys=ALL_KEYS), "POST", "/example/v1/raw", chunks=[b"body"])
    assert (sent[0]["status"], taken) == (401, 0)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/docs", "/openapi.json"])
async def test_a_mounted_services_operation_needs_no_key(path: str) -> None:
    """Probes, figures and documentation stay open under the name."""
    async with client(_mounted(api_keys=ALL_KEYS)) as http:
        assert (await http.get(f"/example{path}")).status_code == 200


async def test_a_mounted_service_counts_by_its_templates() -> None:
    """The figures of a mounted service have neither paths nor the numbers in them."""
    async with client(_mounted()) as http:
        await http.get("/example/v1/items/4242")
        figures = (await http.get("/example/metrics")).text
    assert 'route="/v1/items/{number}",status="200"' in figures
    assert "4242" not in figures


async def test_a_mounted_services_errors_are_problems() -> None:
    """Unknown paths and unexpected errors below the name have the service's own shape and a request id."""
    async with client(_mounted()) as http:
        for path, status in (("/example/v1/nowhere", 404), ("/example/v1/crash", 500)):
            response = await http.get(path)
            assert response.status_code == response.json()["status"] == status
            assert response.json()["request_id"] == response.headers["x-request-id"]


async def test_the_documentation_calls_nobody_else() -> None:
    """Every script, style and picture of the page comes from the service itself, under its name."""
    async with client(_mounted()) as http:
        page = (await http.get("/example/docs")).text
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert len(loaded) >= 3
        assert all(address.startswith("/example/") for address in loaded)
        for address in loaded:
            assert (await http.get(address)).status_code == 200


async def test_the_openapi_document_is_written_once_for_each_place() -> None:
    """It needs no key and is large: asked again it costs nothing, and it names where the service is mounted."""
    app = example_app()
    written = []
    document = app.openapi

    def write() -> dict[str, Any]:
        written.append(1)
        return document()

    app.openapi = write  # type: ignore[method-assign]
    parent = FastAPI(docs_url=None, openapi_url=None)
    parent.mount("/example", app)
    async with client(app) as alone, client(parent) as http:
        for _ in range(3):
            assert "servers" not in (await alone.get("/openapi.json")).json()
            assert (await http.get("/example/openapi.json")).json()["servers"] == [{"url": "/example"}]
    assert len(written) == 2
