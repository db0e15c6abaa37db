"""A Graph API and what opens it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.ingest.sources.meta.settings import GraphAccess
from tests.contract.source_network import Recorder
from tests.servers.graph import TOKEN, GraphServer


@pytest_asyncio.fixture
async def server() -> AsyncIterator[GraphServer]:
    """Return a server with one list of 120 items."""
    async with GraphServer(lists={"/7/feed": [{"id": str(number)} for number in range(120)]}) as graph:
        yield graph


@pytest.fixture
def access(server: GraphServer) -> GraphAccess:
    """Return what opens the server."""
    return GraphAccess(server.url, SecretStr(TOKEN), "FACEBOOK_PAGE_TOKEN")


@pytest.fixture
def report() -> Recorder:
    """Return a report that remembers."""
    return Recorder()
