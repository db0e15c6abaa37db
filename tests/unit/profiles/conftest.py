"""The profiles service on an SQLite file, reached in process."""

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.analyzed_post import AnalyzedPost
from tests.unit.profiles.service import delivery, profiles_app, reached

Deliver = Callable[..., Coroutine[Any, Any, httpx.Response]]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a service with an empty store."""
    async with reached(profiles_app(tmp_path)) as opened:
        yield opened


@pytest.fixture
def deliver(client: httpx.AsyncClient) -> Deliver:
    """Return a call that delivers posts of a brand."""

    async def call(*posts: AnalyzedPost, brand: str = "acme") -> httpx.Response:
        return await client.post(f"/v1/brands/{brand}/posts", json=delivery(posts))

    return call
