"""The contract of sources, kept by X: its stream, with search for what the stream missed, and its search alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.sandbox import Sandbox
from tests.contract.source_contract import SourceContract
from tests.contract.source_network import Network
from tests.unit.ingest.sources.x.networks import PolledNetwork, SandboxNetwork
from tests.unit.ingest.sources.x.surroundings import TwoClocks


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[tuple[Sandbox, TwoClocks]]:
    """Run a sandbox whose clock moves with the source's."""
    clock = TwoClocks()
    async with Sandbox(tmp_path, clock=clock.server) as running:
        yield running, clock


class TestStream(SourceContract):
    """X's filtered stream."""

    @pytest.fixture
    def network(self, sandbox: tuple[Sandbox, TwoClocks]) -> Network:
        """Return the sandbox as a network."""
        return SandboxNetwork(*sandbox)


class TestSearch(SourceContract):
    """X's recent search, polled."""

    @pytest.fixture
    def network(self, sandbox: tuple[Sandbox, TwoClocks]) -> Network:
        """Return the sandbox as a network."""
        return PolledNetwork(*sandbox)
