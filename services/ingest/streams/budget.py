"""What may still be read of a platform that asks money for each post."""

from collections.abc import Callable
from datetime import datetime

from typing_extensions import override

from services.ingest.sources.base import BudgetSpentError, PostBudget
from services.ingest.streams.spend import SpendStore
from shared.clock import Clock
from shared.errors import OverloadedError, PeerUnavailableError


class MonthlyBudget(PostBudget):
    """A `PostBudget`: so many posts a calendar month (UTC), over all streams of all replicas.

    What was sent is paid for whether or not the store answers: while it does not, posts are counted here and added
    with the next. A stream without its store stops soon, since it cannot renew its lease.
    """

    def __init__(
        self, store: SpendStore, purse: str, setting: str, limit: int, clock: Clock, spent: Callable[[int], None]
    ) -> None:
        """Keep to `limit` posts a month of `purse`, which `setting` names; `spent` hears of each spending."""
        self._store = store
        self._purse = purse
        self._setting = setting
        self._limit = limit
        self._clock = clock
        self._spent = spent
        self._unsaved: dict[str, int] = {}
        self._known: dict[str, int] = {}

    @override
    async def left(self) -> int:
        """Return what is left; where the store is away, what it said last counts."""
        month = month_of(self._clock.now())
        try:
            self._known = {month: await self._store.spent(self._purse, month)}
        except (PeerUnavailableError, OverloadedError):
            if month not in self._known:
                raise
        return max(0, self._limit - self._known[month] - self._unsaved.get(month, 0))

    @override
    async def spend(self, posts: int) -> None:
        month = month_of(self._clock.now())
        self._spent(posts)
        self._unsaved[month] = self._unsaved.get(month, 0) + posts
        for owed in list(self._unsaved):
            await self._save(owed)
        if self._known.get(month, 0) + self._unsaved.get(month, 0) >= self._limit:
            raise BudgetSpentError(
                f"the {self._limit} posts that {self._setting} allows a month are read for {month}; "
                f"reading goes on with the next month (UTC), or with a higher {self._setting}"
            )

    async def _save(self, month: str) -> None:
        posts = self._unsaved.pop(month)
        try:
            self._known[month] = await self._store.spend(self._purse, month, posts)
        except BaseException as error:
            # Better counted twice, should the store have taken it all the same, than paid for and forgotten.
            self._unsaved[month] = self._unsaved.get(month, 0) + posts
            if not isinstance(error, (PeerUnavailableError, OverloadedError)):
                raise


class FreeBudget(PostBudget):
    """A `PostBudget` without a limit."""

    @override
    async def left(self) -> int:
        return 2**31

    @override
    async def spend(self, posts: int) -> None:
        pass


def month_of(moment: datetime) -> str:
    """Return the calendar month of a moment in UTC, such as `2026-11`."""
    return f"{moment:%Y-%m}"
