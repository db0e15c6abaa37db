"""Texts and analyses whose time is over are forgotten."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.profiles import resources
from services.profiles.folding import LATEST
from services.profiles.resources import sweep_texts
from services.profiles.stores.base import ProfileStore
from services.profiles.stores.database import open_store
from shared.store_url import SqliteUrl
from tests.unit.profiles.clock import SetClock
from tests.unit.profiles.posts import key, post

KEPT = timedelta(days=30)


@pytest.fixture
def clock() -> SetClock:
    """Return a clock that stands still."""
    return SetClock()


@pytest.fixture
async def store(tmp_path: Path, clock: SetClock) -> AsyncIterator[ProfileStore]:
    """Yield an empty store of that clock."""
    async with open_store(SqliteUrl(tmp_path / "profiles.db"), clock) as opened:
        yield opened


async def texts(store: ProfileStore) -> int:
    """Return how many posts still have their text."""
    return (await store.sample("acme", -LATEST, LATEST, 1000)).posts_in_all


async def test_texts_are_kept_for_their_time_and_no_longer(store: ProfileStore, clock: SetClock) -> None:
    """Time counts from storing, though the posts are years older; counters and keys stay."""
    await store.fold("acme", [post(1), post(2)])
    clock.advance(timedelta(days=20))
    await store.fold("acme", [post(3)])
    clock.advance(timedelta(days=10))
    assert await sweep_texts(store, clock, KEPT) == 0
    clock.advance(timedelta(seconds=1))
    assert await sweep_texts(store, clock, KEPT) == 2
    assert await texts(store) == 1
    clock.advance(timedelta(days=20))
    assert await sweep_texts(store, clock, KEPT) == 1
    assert await sweep_texts(store, clock, KEPT) == 0
    summary = await store.summary("acme")
    assert summary is not None
    assert summary.posts == 3
    assert await store.counted("acme", [key(1), key(3)]) == {key(1), key(3)}


@pytest.mark.parametrize("piece", [1, 3, 6, 7])
async def test_a_sweep_goes_on_until_nothing_is_left(
    store: ProfileStore, clock: SetClock, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """Piece by piece, whether the last one is full or not."""
    monkeypatch.setattr(resources, "PIECE", piece)
    await store.fold("acme", [post(number) for number in range(6)])
    await store.fold("bolt", [post(1)])
    clock.advance(KEPT + timedelta(seconds=1))
    assert await sweep_texts(store, clock, KEPT) == 7
    assert await texts(store) == 0


async def test_a_sweep_tells_how_many_and_of_nobody(
    store: ProfileStore, clock: SetClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log has a number, and neither a key nor a word of a post; of nothing it says nothing."""
    await sweep_texts(store, clock, KEPT)
    assert capsys.readouterr().out == ""
    await store.fold("acme", [post(1, text="words of a post")])
    clock.advance(timedelta(days=99))
    await sweep_texts(store, clock, KEPT)
    said = capsys.readouterr().out
    assert "posts=1" in said
    assert key(1) not in said
    assert "words" not in said


async def test_texts_of_a_clock_that_ran_ahead_are_forgotten_in_their_time(
    store: ProfileStore, clock: SetClock
) -> None:
    """What was stored a year ahead counts from when the clock is right; what was stored before it is not touched."""
    await store.fold("acme", [post(1)])
    clock.advance(timedelta(days=365))
    await store.fold("acme", [post(2)])
    clock.advance(timedelta(days=-365 + 1))
    assert await sweep_texts(store, clock, KEPT) == 0
    clock.advance(KEPT - timedelta(hours=1))
    assert await sweep_texts(store, clock, KEPT) == 1
    clock.advance(timedelta(hours=2))
    assert await sweep_texts(store, clock, KEPT) == 1
    assert await texts(store) == 0
