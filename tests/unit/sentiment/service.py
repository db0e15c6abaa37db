"""The service in this process, over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from services.sentiment.app import create_app
from services.sentiment.settings import SentimentSettings


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """Return a client of an app in this process."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://sentiment")


def app_of(**settings: Any) -> FastAPI:
    """Return the service, on the CPU."""
    return create_app(SentimentSettings(_env_file=None, device="cpu", **settings))


@asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Run the service and open a client of it."""
    app = app_of(**settings)
    async with app.router.lifespan_context(app), client_of(app) as http:
        yield http
