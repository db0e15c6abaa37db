"""Exports as they are pulled."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.profiles.kept import KeptProfile
from services.profiles.stores.base import ProfileStore
from services.profiles.stores.database import open_store
from services.profiles.transfer import export
from services.profiles.transfer.export import Export, stream
from services.profiles.transfer.table import Format, TableKind
from shared.store_url import SqliteUrl
from tests.unit.profiles.kept_rows import crowd


class _CountingStore:
    """A store that counts the pages of profiles it was asked for."""

    def __init__(self, store: ProfileStore) -> None:
        self._store, self.asked = store, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def kept_profiles(self, brand: str, after: str | None, limit: int) -> list[KeptProfile]:
        self.asked += 1
        return await self._store.kept_profiles(brand, after, limit)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Any]:
    """Yield a store of ten authors that counts the pages it is asked for."""
    async with open_store(SqliteUrl(tmp_path / "profiles.db")) as opened:
        await opened.fold("acme", crowd())
        yield _CountingStore(opened)


async def test_pages_are_read_only_as_they_are_pulled(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that stops reading stops the store too, and closing the stream ends it."""
    monkeypatch.setattr(export, "PAGE", 2)
    pieces = stream(store, Export("acme", TableKind.PROFILES, Format.JSONL))
    for pulled in (1, 2, 3):
        assert (await anext(pieces)).count(b"\n") == 2
        assert store.asked == pulled
    await pieces.aclose()
    assert store.asked == 3


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("of", list(TableKind))
async def test_the_size_of_pages_changes_nothing(
    store: Any, monkeypatch: pytest.MonkeyPatch, of: TableKind, size: int
) -> None:
    """No row is lost or doubled where one page ends and the next begins."""

    async def text() -> bytes:
        return b"".join([piece async for piece in stream(store, Export("acme", of, Format.JSONL))])

    whole = await text()
    for name in ("PAGE", "POSTS_A_PAGE", "BUCKETS_A_PAGE"):
        monkeypatch.setattr(export, name, size)
    assert await text() == whole
