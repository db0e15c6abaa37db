"""`/v1/brands` over HTTP, on a real store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from services.ingest.api.brands import router
from services.ingest.brands.store import BRANDS, BrandStore
from shared.documents.backend import open_documents
from shared.settings import ServiceSettings
from shared.store_url import SqliteUrl
from shared.web.application import build_app
from tests.unit.ingest.brands.brands import MOMENT


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the routes, built as the service builds them."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        async with open_documents(SqliteUrl(tmp_path / "ingest.db"), (BRANDS,)) as documents:
            store = SimpleNamespace(brands=BrandStore(documents))
            yield SimpleNamespace(store=store, clock=SimpleNamespace(now=lambda: MOMENT))

    app = build_app("ingest", "", ServiceSettings(_env_file=None), [router], CollectorRegistry(), opened)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
            yield client


async def put(http: httpx.AsyncClient, brand: str = "aerolume", **body: Any) -> dict[str, Any]:
    """Declare a brand, and return the answer."""
    answer = await http.put(f"/v1/brands/{brand}", json=body)
    assert answer.status_code == 200, answer.text
    declared: dict[str, Any] = answer.json()
    return declared


async def test_a_brand_is_declared_and_shown(http: httpx.AsyncClient) -> None:
    """The answer has the canonical form, its version and its moment, and `GET` shows the same."""
    declared = await put(http, keywords=['"aerolume"', "aerolume"], handles={"x": ["@Aerolume"]})
    assert declared["settings"]["keywords"] == ["aerolume"]
    assert declared["settings"]["handles"] == {"x": ["Aerolume"]}
    assert (declared["brand"], declared["version"], declared["updated_at"]) == ("aerolume", 1, "2026-03-01T12:30:00Z")
    assert (await http.get("/v1/brands/aerolume")).json() == declared


async def test_what_was_shown_can_be_put_again(http: httpx.AsyncClient) -> None:
    """The settings of an answer are a body, and change nothing but the version."""
    declared = await put(http, keywords=["a (b OR c)"], feeds=[{"url": "https://example.com/feed"}])
    again = await put(http, **declared["settings"])
    assert again["settings"] == declared["settings"]
    assert again["version"] == 2


async def test_brands_are_listed_in_pages(http: httpx.AsyncClient) -> None:
    """Pages hold each brand once by name, and the last has no cursor."""
    for name in ("b", "c", "a"):
        await put(http, name)
    first = (await http.get("/v1/brands", params={"limit": 2})).json()
    second = (await http.get("/v1/brands", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [[item["brand"] for item in page["items"]] for page in (first, second)] == [["a", "b"], ["c"]]
    assert second["next_cursor"] is None
    assert (await http.get("/v1/brands", params={"cursor": "x"})).status_code == 422


async def test_the_dry_run_shows_what_each_platform_is_asked(http: httpx.AsyncClient) -> None:
    """Every platform has its part, of the version that is kept."""
    await put(http, keywords=["aerolume"])
    await put(http, keywords=["aerolume"], exclusions=["lost bag"])
    dry_run = (await http.get("/v1/brands/aerolume/queries")).json()
    assert (dry_run["brand"], dry_run["version"]) == ("aerolume", 2)
    platforms = {part["platform"]: part for part in dry_run["platforms"]}
    assert platforms["x"]["asked"] == ["aerolume"]
    assert "lost bag" in platforms["x"]["filtered_here"][0]
    assert platforms["mastodon"]["asked"] == ["#aerolume"]
    assert platforms["bluesky"]["asked"] == []


async def test_a_brand_that_nobody_declared_is_404(http: httpx.AsyncClient) -> None:
    """The answer says what declares it."""
    for path in ("/v1/brands/other", "/v1/brands/other/queries"):
        answer = await http.get(path)
        assert answer.status_code == 404
        assert "PUT /v1/brands/other" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"keywords": ["(open"]}', "not closed"),
        (b'{"keywords": ["\\ud800"]}', "keywords"),
        (b'{"keywords": ["a\\u0000b"]}', "control"),
        (b'{"handles": {"x": ["not a handle"]}}', "handles.x.0"),
        (b'{"keyword": ["a"]}', "keyword"),
        (b"[]", "body"),
        (b"{", "JSON"),
    ],
)
async def test_a_wrong_body_is_422_and_keeps_nothing(http: httpx.AsyncClient, body: bytes, says: str) -> None:
    """The answer names the field; the brand stays as it was."""
    declared = await put(http, keywords=["aerolume"])
    answer = await http.put("/v1/brands/aerolume", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert says in answer.text
    assert (await http.get("/v1/brands/aerolume")).json() == declared


@pytest.mark.parametrize("name", ["Aerolume", "-a", "a" * 64, "a_b"])
async def test_a_name_that_is_no_slug_is_422(http: httpx.AsyncClient, name: str) -> None:
    """Brands are lower-case letters, digits and hyphens."""
    assert (await http.put(f"/v1/brands/{name}", json={})).status_code == 422
