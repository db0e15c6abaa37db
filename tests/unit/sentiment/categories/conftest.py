"""A moody store, its pauses and its figures."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.sentiment.categories import regression
from services.sentiment.categories.store import open_store
from shared.store_url import SqliteUrl
from tests.unit.sentiment.categories.moody_store import MoodyStore, Pauses


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[MoodyStore]:
    """Yield an empty store."""
    async with open_store(SqliteUrl(tmp_path / "sentiment.db")) as opened:
        yield MoodyStore(opened._documents)


@pytest.fixture
def quick_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learn with one C, for tests that ask how sets are made and not how well they are learned."""
    monkeypatch.setattr(regression, "GRID", (4.0,))


@pytest.fixture
def figures() -> CollectorRegistry:
    """Return where metrics go."""
    return CollectorRegistry()


@pytest.fixture
def pauses() -> Pauses:
    """Return the pauses of `running`."""
    return Pauses()
