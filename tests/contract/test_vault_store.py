"""The contract of `VaultStore`, on both databases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.vault.store import MOST_ROWS, VAULT, SealedRow, VaultStore
from shared.documents.backend import open_documents
from shared.store_url import MongoUrl, SqliteUrl

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


@asynccontextmanager
async def opened(url: SqliteUrl | MongoUrl) -> AsyncIterator[VaultStore]:
    """Open the store that `url` names."""
    async with open_documents(url, (VAULT,)) as documents:
        yield VaultStore(documents)


@pytest.fixture
async def store(store_url: SqliteUrl | MongoUrl) -> AsyncIterator[VaultStore]:
    """Yield an empty store."""
    async with opened(store_url) as store:
        yield store


def a_row(row: str, purpose: str = "reply", expires_at: datetime = LATER, author: str | None = None) -> SealedRow:
    """Return a row whose bytes are no UTF-8."""
    return SealedRow(purpose, row, b"\xff\x00" + row.encode(), expires_at, author)


async def test_rows_come_back_as_they_were_put(store_url: SqliteUrl | MongoUrl) -> None:
    """Bytes are the same after the store was opened again; a place that was put twice has the later one."""
    async with opened(store_url) as store:
        await store.put([a_row("a"), a_row("b")])
        await store.put([SealedRow("reply", "b", b"new", LATER)])
    async with opened(store_url) as store:
        assert await store.find("reply", ["a", "b", "c"], NOW) == {"a": b"\xff\x00a", "b": b"new"}


async def test_purposes_are_apart(store: VaultStore) -> None:
    """The same row of two purposes is two rows, also where one purpose's name begins with the other's."""
    await store.put([a_row("a", "reply"), a_row("a", "reply-old"), a_row("z", "x")])
    assert await store.delete("reply", ["a", "z"]) == 1
    assert await store.find("reply", ["a"], NOW) == {}
    assert [row.row for row in await store.page("reply-old", "", 10, NOW)] == ["a"]
    assert await store.page("reply", "", 10, NOW) == []


async def test_an_expired_row_is_gone_before_it_is_swept(store: VaultStore) -> None:
    """At its expiry, to the millisecond, it is neither found nor listed; a moment before, it is both."""
    await store.put([a_row("a", expires_at=NOW)])
    before = NOW - timedelta(milliseconds=1)
    assert await store.find("reply", ["a"], before) == {"a": b"\xff\x00a"}
    assert [row.expires_at for row in await store.page("reply", "", 10, before)] == [NOW]
    assert await store.find("reply", ["a"], NOW) == {}
    assert await store.page("reply", "", 10, NOW) == []


async def test_a_sweep_removes_the_expired_alone(store: VaultStore) -> None:
    """Sweeping takes 1,000 rows at a time until none is left, and leaves what has time."""
    old = [a_row(f"{number:05}", expires_at=NOW) for number in range(MOST_ROWS + 5)]
    for start in range(0, len(old), MOST_ROWS):
        await store.put(old[start : start + MOST_ROWS])
    await store.put([a_row("young")])
    assert [await store.sweep(NOW) for _ in range(3)] == [MOST_ROWS, 5, 0]
    assert await store.find("reply", ["young", "00000"], NOW - timedelta(days=1)) == {"young": b"\xff\x00young"}


async def test_pages_walk_through_a_purpose_once(store: VaultStore) -> None:
    """Each row is met once, in order, with its author and expiry."""
    names = [f"row-{number:02}" for number in range(7)]
    await store.put([a_row(name, author="me") for name in reversed(names)])
    met: list[str] = []
    while page := await store.page("reply", met[-1] if met else "", 3, NOW):
        assert all((row.author_key, row.expires_at, row.purpose) == ("me", LATER, "reply") for row in page)
        met += [row.row for row in page]
    assert met == names


async def test_an_author_is_forgotten_in_every_purpose(store: VaultStore) -> None:
    """What belongs to one author goes, what belongs to others or to no author stays."""
    rows = [a_row("a", author="me"), a_row("b", "ticket", author="me"), a_row("c", author="you"), a_row("d")]
    await store.put(rows)
    assert await store.delete_author("me") == 2
    assert await store.delete_author("me") == 0
    assert set(await store.find("reply", ["a", "c", "d"], NOW)) == {"c", "d"}


async def test_an_authors_places_are_told(store: VaultStore) -> None:
    """Of every purpose, expired ones too, so many at a time; a row's own colons stay with it."""
    rows = [a_row("a:1", author="me"), a_row("b", "ticket", expires_at=NOW - timedelta(days=9), author="me")]
    await store.put([*rows, a_row("c", author="you")])
    assert await store.of_author("me", 9) == [("reply", "a:1"), ("ticket", "b")]
    assert len(await store.of_author("me", 1)) == 1
    assert await store.of_author("nobody", 9) == []


async def test_nothing_is_asked_for_nothing(store: VaultStore) -> None:
    """Empty lists are answered with nothing."""
    await store.put([])
    assert await store.find("reply", [], NOW) == {}
    assert await store.delete("reply", []) == 0
