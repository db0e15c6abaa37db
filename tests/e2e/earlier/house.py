"""voxpop on stores that are there already, on one virtual clock and with the keys of those stores."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
from fastapi import FastAPI

from services.local import create_local_app, local_settings
from tests.e2e.conftest import client_of
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
    """A running voxpop and a client of it."""

    http: httpx.AsyncClient
    app: FastAPI
    clock: VirtualClock


@asynccontextmanager
async def open_house(folder: Path, at: datetime = MADE_AT) -> AsyncIterator[House]:
    """Run voxpop on the stores in `folder`."""
    clock = VirtualClock(at)
    app = create_local_app(local_settings(data_dir=folder, **SETTINGS), clock)
    async with client_of(app) as http:
        yield House(http, app, clock)
