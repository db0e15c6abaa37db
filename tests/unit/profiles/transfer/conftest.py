"""A service that holds a crowd's posts, and what it exports."""

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.profiles.backup_service import backup_app, delivery
from tests.unit.profiles.kept_rows import crowd

Exported = Callable[..., Coroutine[Any, Any, Path]]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a service with 60 posts of acme."""
    app = backup_app(tmp_path / "store")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://profiles") as opened,
    ):
        answer = await opened.post("/v1/brands/acme/posts", json=delivery(crowd()))
        assert answer.json() == {"folded": 60, "duplicates": 0}
        yield opened


@pytest.fixture
def exported(client: httpx.AsyncClient, tmp_path: Path) -> Exported:
    """Return a call that writes an export to a file and returns its path."""

    async def call(of: str, form: str, **query: str) -> Path:
        answer = await client.get("/v1/brands/acme/export", params={"of": of, "format": form, **query})
        assert answer.status_code == 200
        path = tmp_path / f"{of}.{form}"
        path.write_bytes(answer.content)
        return path

    return call
