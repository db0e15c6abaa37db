"""The four services on stores that are there already, on one virtual clock and with the keys of those stores."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
from fastapi import FastAPI

from services.clusters.app import create_app as create_clusters
from services.clusters.settings import ClustersSettings
from services.ingest.app import create_app as create_ingest
from services.ingest.settings import IngestSettings
from services.profiles.app import create_app as create_profiles
from services.profiles.settings import ProfilesSettings
from services.sentiment.app import create_app as create_sentiment
from services.sentiment.settings import SentimentSettings
from tests.unit.ingest.virtual_clock import VirtualClock

MADE_AT: Final = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
"""When the earlier voxpop was stopped."""
KEYS: Final = {
    "VOXPOP_PSEUDONYM_KEY": "a-pseudonym-key-of-tests-0123456789abcdef",
    "VOXPOP_VAULT_KEY": "a-vault-key-of-tests-0123456789abcdef-too",
}
SETTINGS: Final = KEYS | {"REPLIES_ENABLED": "true", "REPLIES_QUIET_HOURS": "10:00-12:00", "INGEST_MAX_STREAMS": "0"}
"""Nothing is sent and no network is called: it is a quiet hour, and no ticket system and no stream is run."""


@dataclass(frozen=True)
class House:
    """The running services; `http` reaches each by its name, as `http://profiles/v1/brands`."""

    http: httpx.AsyncClient
    apps: dict[str, FastAPI]
    clock: VirtualClock


@asynccontextmanager
async def open_house(folder: Path, at: datetime = MADE_AT, **settings: str) -> AsyncIterator[House]:
    """Run the four services on the stores in `folder`; `settings`, by their names, go before `SETTINGS`."""
    clock = VirtualClock(at, waits_for_threads=True)
    given: dict[str, Any] = {"_env_file": None, "VOXPOP_DATA_DIR": folder} | SETTINGS | settings
    transports: dict[str, httpx.AsyncBaseTransport] = {}
    apps = {
        "sentiment": create_sentiment(SentimentSettings(**given), transports),
        "profiles": create_profiles(ProfilesSettings(**given), transports, clock),
        "ingest": create_ingest(IngestSettings(**given), transports, clock),
        "clusters": create_clusters(ClustersSettings(**given), transports),
    }
    for name, app in apps.items():
        transports[f"http://{name}"] = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with AsyncExitStack() as stack:
        for app in apps.values():
            await stack.enter_async_context(app.router.lifespan_context(app))
        http = await stack.enter_async_context(httpx.AsyncClient(mounts=transports, timeout=60))
        yield House(http, apps, clock)
