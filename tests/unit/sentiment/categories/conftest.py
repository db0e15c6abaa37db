"""A moody store, its pauses and its figures."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from services.sentiment.categories.stores.opening import open_store
from services.sentiment.categories.stores.sqlite import SqliteCategoryStore
from shared.store_url import SqliteUrl
from tests.unit.sentiment.categories.moody_store import MoodyStore, Pauses


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[MoodyStore]:
    """Yield an empty store."""
    async with open_store(SqliteUrl(tmp_path / "sentiment.db")) as opened:
        assert isinstance(opened, SqliteCategoryStore)
        yield MoodyStore(opened._database)


@pytest.fixture
def figures() -> CollectorRegistry:
    """Return where metrics go."""
    return CollectorRegistry()


@pytest.fixture
def pauses() -> Pauses:
    """Return the pauses of `running`."""
    return Pauses()
