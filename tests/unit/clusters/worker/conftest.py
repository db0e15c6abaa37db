"""A worker in a folder of the test."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.clusters.worker import Worker, open_worker


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Worker]:
    """Yield a worker of one process at a time."""
    async with open_worker(tmp_path, most=1, threads=1, longest=timedelta(minutes=5)) as opened:
        yield opened
