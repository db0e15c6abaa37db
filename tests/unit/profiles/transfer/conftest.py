"""A service that holds a crowd's posts, and what it exports."""

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.unit.profiles.kept_rows import crowd
from tests.unit.profiles.service import delivery, profiles_app, reached

Exported = Callable[..., Coroutine[Any, Any, Path]]


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """Return the application with an empty store."""
    return profiles_app(tmp_path / "store")


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a service with 60 posts of acme."""
    async with reached(app) as opened:
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
