"""When rounds are made, and by whom."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.documents.backend import open_documents
from shared.leases import Lease
from shared.rounds import ROUNDS, Round, RoundStore, keep_round
from shared.store_url import SqliteUrl
from tests.unit.ingest.virtual_clock import VirtualClock

HOUR = 3600.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[RoundStore]:
    """Yield an empty store."""
    async with open_documents(SqliteUrl(tmp_path / "rounds.db"), (ROUNDS,)) as documents:
        yield RoundStore(documents)


async def test_a_round_is_made_once_a_day_by_one_of_two(store: RoundStore) -> None:
    """Two replicas look; each day one of them makes it."""
    clock, made = VirtualClock(), list[str]()

    def daily(owner: str) -> Round:
        async def work() -> None:
            made.append(owner)

        return Round("daily", work, timedelta(days=1), timedelta(hours=1), timedelta(hours=3))

    tasks = [asyncio.create_task(keep_round(daily(owner), store, owner, clock)) for owner in ("one", "two")]
    await clock.advance(23 * HOUR)
    assert len(made) == 1
    await clock.advance(2 * HOUR)
    assert len(made) == 2
    await _cancelled(tasks)


async def test_a_failed_round_is_made_again_soon(store: RoundStore) -> None:
    """Whatever it raises, the next attempt comes, and is not at once."""
    clock, attempts = VirtualClock(), list[float]()

    async def work() -> None:
        attempts.append(clock.monotonic())
        raise ValueError("12345 is a raw id")

    task = asyncio.create_task(
        keep_round(Round("daily", work, timedelta(days=1), timedelta(hours=1), timedelta(hours=3)), store, "one", clock)
    )
    await clock.advance(2.5 * HOUR)
    assert len(attempts) == 3
    assert attempts[1] >= HOUR
    await _cancelled([task])


async def test_no_error_of_the_store_ends_the_loop(store: RoundStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes on beside it in a group is not cut off; the round is made once the store can be used again."""
    clock, made, broken = VirtualClock(), list[float](), True
    begin = store.begin

    async def beginning(*asked: Any) -> Lease | None:
        if broken:
            raise RuntimeError("12345 is a raw id")
        return await begin(*asked)

    async def work() -> None:
        made.append(clock.monotonic())

    monkeypatch.setattr(store, "begin", beginning)
    often = Round("often", work, timedelta(minutes=1), timedelta(minutes=1), timedelta(hours=1), look_seconds=60)
    task = asyncio.create_task(keep_round(often, store, "one", clock))
    await clock.advance(90)
    assert (made, task.done()) == ([], False)
    broken = False
    await clock.advance(60)
    assert len(made) == 1
    await _cancelled([task])


async def test_a_round_says_how_often_it_is_looked_for(store: RoundStore) -> None:
    """One that is due every minute is made every minute."""
    clock, made = VirtualClock(), list[float]()

    async def work() -> None:
        made.append(clock.monotonic())

    often = Round("often", work, timedelta(minutes=1), timedelta(minutes=1), timedelta(hours=1), look_seconds=60)
    task = asyncio.create_task(keep_round(often, store, "one", clock))
    await clock.advance(190)
    assert len(made) == 4
    await _cancelled([task])


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
