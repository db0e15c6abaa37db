"""An empty store of notes, opened twice as two replicas do."""

from collections.abc import AsyncIterator

import pytest

from shared.documents.backend import open_documents
from shared.documents.base import Documents
from shared.store_url import MongoUrl, SqliteUrl
from tests.contract.documents.notes import COLLECTIONS


@pytest.fixture
async def replicas(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[tuple[Documents, Documents]]:
    """Yield the store as each of two replicas has it open."""
    async with open_documents(store_url, COLLECTIONS) as one, open_documents(store_url, COLLECTIONS) as other:
        yield one, other


@pytest.fixture
async def documents(replicas: tuple[Documents, Documents]) -> Documents:
    """Return the store of notes."""
    return replicas[0]
