"""Ingest with stand-ins for its peers: they answer as sentiment and profiles do, and can be told to fail."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
from fastapi import FastAPI, Response
from pydantic import SecretStr

from services.ingest.app import create_app
from services.ingest.settings import IngestSettings
from tests.unit.ingest.virtual_clock import VirtualClock

PSEUDONYM_KEY = "0123456789abcdef-a-key-of-the-tests-0123456789"


class Peers:
    """What the stand-ins got, and what they are told to answer."""

    def __init__(self) -> None:
        """Answer well."""
        self.texts: list[str] = []
        self.languages: list[str | None] = []
        self.features: list[str] = []
        self.embedding_version: str | None = None
        self.folded: dict[str, dict[str, Any]] = {}
        self.calls = {"sentiment": 0, "profiles": 0}
        self.status = {"sentiment": 200, "profiles": 200}
        self.results: Any = None
        self.counted: Any = None
        self.erased: list[str] = []

    def sentiment(self) -> FastAPI:
        """Return a sentiment service that finds everything half positive."""
        app = FastAPI()

        @app.post("/v1/analyze")
        async def analyze(body: dict[str, Any], response: Response) -> dict[str, Any]:
            self.calls["sentiment"] += 1
            response.status_code = self.status["sentiment"]
            self.texts += body["texts"]
            self.languages += body["languages"]
            self.features = body["features"]
            sentiment = {"label": "neutral", "score": 0.5, "probabilities": {"neutral": 1.0}}
            one = {"sentiment": sentiment, "subjectivity": 0.5, "language": {"code": "en", "confidence": 1.0}}
            results = self.results or [one] * len(body["texts"])
            return {"model": "stand-in", "embedding_version": self.embedding_version, "results": results}

        return app

    def profiles(self) -> FastAPI:
        """Return a profiles service that counts each post key once."""
        app = FastAPI()

        @app.post("/v1/brands/{brand}/posts/counted")
        async def counted(brand: str, body: dict[str, Any], response: Response) -> Any:
            self.calls["profiles"] += 1
            response.status_code = self.status["profiles"]
            if self.counted is not None:
                return self.counted
            return {"counted": [key for key in body["post_keys"] if f"{brand}|{key}" in self.folded]}

        @app.post("/v1/brands/{brand}/posts")
        async def fold(brand: str, body: dict[str, Any], response: Response) -> dict[str, int]:
            self.calls["profiles"] += 1
            response.status_code = self.status["profiles"]
            if response.status_code != 200:
                return {}
            fresh = {f"{brand}|{post['post_key']}": post for post in body["posts"]}
            fresh = {key: post for key, post in fresh.items() if key not in self.folded}
            self.folded |= fresh
            return {"folded": len(fresh), "duplicates": len(body["posts"]) - len(fresh)}

        @app.post("/v1/erasures")
        async def erase(body: dict[str, Any], response: Response) -> Any:
            response.status_code = self.status["profiles"]
            self.erased.append(body["author_key"])
            return {"items": []}

        return app

    def transports(self) -> dict[str, httpx.AsyncBaseTransport]:
        """Return the stand-ins by their addresses."""
        return {
            "http://sentiment": httpx.ASGITransport(self.sentiment()),
            "http://profiles": httpx.ASGITransport(self.profiles()),
        }


@pytest.fixture
def peers() -> Peers:
    """Return fresh stand-ins."""
    return Peers()


@pytest.fixture
def settings(tmp_path: Path) -> IngestSettings:
    """Return settings that read no environment file."""
    return IngestSettings(_env_file=None, data_dir=tmp_path, pseudonym_key=SecretStr(PSEUDONYM_KEY), peer_deadline=60)


@pytest.fixture
async def http(peers: Peers, settings: IngestSettings, clock: VirtualClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of a running ingest service; retries do not wait."""
    app = create_app(settings, peers.transports(), clock)
    with stamina.set_testing(testing=True, attempts=3):
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
                yield client
