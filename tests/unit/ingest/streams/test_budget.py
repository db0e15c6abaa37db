"""What may still be read of a platform that is paid for each post."""

from datetime import UTC, datetime

import pytest
from typing_extensions import override

from services.ingest.sources.base import BudgetSpentError
from services.ingest.streams.budget import MonthlyBudget
from services.ingest.streams.spend import SpendStore
from shared.errors import PeerUnavailableError
from tests.unit.ingest.virtual_clock import VirtualClock


class Purse(SpendStore):
    """A store in memory that can be cut off."""

    def __init__(self) -> None:
        """Begin with nothing spent."""
        self.sums: dict[str, int] = {}
        self.is_away = False

    @override
    async def spend(self, purse: str, month: str, posts: int) -> int:
        self._answer()
        key = f"{purse} {month}"
        self.sums[key] = self.sums.get(key, 0) + posts
        return self.sums[key]

    @override
    async def spent(self, purse: str, month: str) -> int:
        self._answer()
        return self.sums.get(f"{purse} {month}", 0)

    def _answer(self) -> None:
        if self.is_away:
            raise PeerUnavailableError("mongodb", "the store does not answer; send it again")


def budget(purse: Purse, clock: VirtualClock | None = None, heard: list[int] | None = None) -> MonthlyBudget:
    """Return a budget of 100 posts a month."""
    hear = (heard if heard is not None else []).append
    return MonthlyBudget(purse, "x", "X_MONTHLY_POSTS", 100, clock or VirtualClock(), hear)


async def test_what_is_left_is_what_no_stream_has_spent() -> None:
    """Two streams of two replicas share one purse, and each says what it spent itself."""
    purse, heard = Purse(), list[int]()
    one, other = budget(purse, heard=heard), budget(purse)
    await one.spend(30)
    await other.spend(50)
    assert (await one.left(), await other.left(), heard) == (20, 20, [30])


async def test_at_the_limit_it_stops_and_names_the_setting() -> None:
    """What was sent over the limit is counted too, since it is paid for; nothing is left then."""
    purse = Purse()
    one = budget(purse)
    await one.spend(99)
    with pytest.raises(BudgetSpentError, match="X_MONTHLY_POSTS"):
        await one.spend(5)
    assert purse.sums == {"x 2026-03": 104}
    assert await one.left() == 0


async def test_a_new_month_begins_at_nothing() -> None:
    """The month is the calendar's, in UTC."""
    purse, clock = Purse(), VirtualClock(datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC))
    one = budget(purse, clock)
    await one.spend(99)
    await clock.advance(2)
    assert await one.left() == 100
    await one.spend(1)
    assert purse.sums == {"x 2026-03": 99, "x 2026-04": 1}


async def test_posts_are_counted_though_the_store_is_away() -> None:
    """They are added with the next spending, and count for the limit meanwhile."""
    purse = Purse()
    one = budget(purse)
    await one.spend(10)
    purse.is_away = True
    await one.spend(20)
    assert await one.left() == 70
    with pytest.raises(BudgetSpentError):
        await one.spend(70)
    purse.is_away = False
    with pytest.raises(BudgetSpentError):
        await one.spend(1)
    assert purse.sums == {"x 2026-03": 101}


async def test_without_knowing_the_purse_nothing_is_promised() -> None:
    """A store that never answered is no reason to read what is paid for."""
    purse = Purse()
    purse.is_away = True
    with pytest.raises(PeerUnavailableError):
        await budget(purse).left()
