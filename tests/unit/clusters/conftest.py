"""The clusters service next to a stand-in of profiles."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
from fastapi import FastAPI

from services.clusters.app import create_app
from services.clusters.freshness.follower import Follower
from services.clusters.resources import Resources
from services.clusters.runs.run import Run, RunRequest
from services.clusters.settings import ClustersSettings
from services.clusters.worker import open_worker
from tests.unit.clusters.inline_worker import open_inline
from tests.unit.clusters.profiles_stand_in import ProfilesStandIn
from tests.unit.clusters.sentiment_stand_in import SentimentStandIn

BRAND = "united"
K2 = RunRequest(k=2)


class Service:
    """A started service: its app, what it holds, and a client."""

    def __init__(self, app: FastAPI, http: httpx.AsyncClient) -> None:
        """Name them."""
        self.app = app
        self.http = http

    @property
    def held(self) -> Resources:
        """What the lifespan opened."""
        resources: Resources = self.app.state.resources
        return resources


async def trained(service: Service, request: RunRequest = K2, brand: str = BRAND) -> Run:
    """Submit a run and return it as it ended."""
    run = await service.held.trainer.submit(brand, request)
    return await service.held.trainer.ended(run.run_id)


Start = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture(autouse=True)
def _nothing_is_followed_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's own follower would come first now and then."""

    async def rest(_: Follower) -> None:
        return

    monkeypatch.setattr(Follower, "_turn", rest)


@pytest.fixture(autouse=True)
def _no_waiting_between_attempts() -> Iterator[None]:
    """Retry peers at once, twice."""
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture
def sentiment() -> SentimentStandIn:
    """Return the sentiment service that a started service asks."""
    return SentimentStandIn()


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentiment: SentimentStandIn) -> Start:
    """Return how to start a service next to a stand-in; two of one test share the store.

    It computes in a thread, or where told so in worker processes.
    """

    @asynccontextmanager
    async def started(profiles: ProfilesStandIn, *, processes: bool = False, **settings: Any) -> AsyncIterator[Service]:
        monkeypatch.setattr("services.clusters.resources.open_worker", open_worker if processes else open_inline)
        defaults: dict[str, Any] = {
            "data_dir": tmp_path,
            "search_sample": 200,
            "silhouette_sample": 200,
            "stability_sample": 100,
            "bootstraps": 2,
            "starts": 1,
        }
        configured = ClustersSettings(_env_file=None, **{**defaults, **settings})
        transport = httpx.ASGITransport(profiles.app, raise_app_exceptions=False)
        reading = httpx.ASGITransport(sentiment.app, raise_app_exceptions=False)
        app = create_app(configured, {"http://profiles": transport, "http://sentiment": reading})
        async with app.router.lifespan_context(app):
            own = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=own, base_url="http://clusters") as http:
                yield Service(app, http)

    return started
