"""A sandbox on a virtual clock, and a plain client of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from sandbox.sandbox import Sandbox
from services.ingest.sources.x.settings import XSettings
from services.ingest.sources.x.transport import XTransport
from tests.unit.ingest.virtual_clock import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    """Return a virtual clock."""
    return VirtualClock()


@pytest.fixture
async def sandbox(tmp_path: Path, clock: VirtualClock) -> AsyncIterator[Sandbox]:
    """Run a sandbox."""
    async with Sandbox(tmp_path, clock=clock) as running:
        yield running


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a client with the bearer token, which reaches the sandbox as https://api.twitter.com."""
    network = await XTransport.by(XSettings(x_sandbox=sandbox.address, x_sandbox_ca=sandbox.ca))
    headers = {"Authorization": f"Bearer {sandbox.credentials.bearer_token}"}
    connector = network.session(_straight)
    async with aiohttp.ClientSession(
        "https://api.twitter.com", connector=connector.connector, connector_owner=False, headers=headers
    ) as client:
        yield client
    await connector.close()


async def _straight(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    return await send(request)
