"""A sandbox for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.sandbox import Sandbox
from tests.unit.ingest.sources.x.networks import SandboxNetwork
from tests.unit.ingest.sources.x.surroundings import TwoClocks


@pytest.fixture
def clock() -> TwoClocks:
    """Return a clock that moves the sandbox's with it."""
    return TwoClocks()


@pytest.fixture
async def sandbox(tmp_path: Path, clock: TwoClocks) -> AsyncIterator[Sandbox]:
    """Run a sandbox."""
    async with Sandbox(tmp_path, clock=clock.server) as running:
        yield running


@pytest.fixture
def network(sandbox: Sandbox, clock: TwoClocks) -> SandboxNetwork:
    """Return the sandbox as a network that `listening` listens to by the stream."""
    return SandboxNetwork(sandbox, clock)
