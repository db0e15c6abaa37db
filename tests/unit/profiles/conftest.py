"""The profiles service on an SQLite file, reached in process."""

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.profiles.app import create_app
from services.profiles.settings import ProfilesSettings
from shared.analyzed_post import AnalyzedPost

Deliver = Callable[..., Coroutine[Any, Any, httpx.Response]]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a service with an empty store."""
    app = create_app(ProfilesSettings(_env_file=None, data_dir=tmp_path, rate_limit="100000/second"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://profiles") as opened,
    ):
        yield opened


@pytest.fixture
def deliver(client: httpx.AsyncClient) -> Deliver:
    """Return a call that delivers posts of a brand."""

    async def call(*posts: AnalyzedPost, brand: str = "acme") -> httpx.Response:
        body = {"schema_version": 1, "posts": [post.model_dump(mode="json") for post in posts]}
        return await client.post(f"/v1/brands/{brand}/posts", json=body)

    return call
