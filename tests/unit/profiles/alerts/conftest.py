"""Alerts on a store of their own, with a virtual clock and hours as a test says they were."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.profiles.alerts.alert import RaisedAlert
from services.profiles.alerts.alert_rule import AlertRule, KeptRule, Standing
from services.profiles.alerts.evaluation import RuleEvaluation, finished_hour
from services.profiles.alerts.store import COLLECTIONS, AlertStore
from shared.documents.backend import open_documents
from shared.rounds import ROUNDS, RoundStore
from shared.store_url import SqliteUrl
from tests.unit.ingest.virtual_clock import VirtualClock
from tests.unit.profiles.alerts.brand_hours import HOUR, BrandHours

DELAY = timedelta(minutes=10)


@dataclass
class Watch:
    """Everything around the round of alerts, and short ways to what tests do. `hour` is the next to finish."""

    store: AlertStore
    rounds: RoundStore
    hours: BrandHours
    clock: VirtualClock
    hour: int

    @property
    def evaluation(self) -> RuleEvaluation:
        """Return the round as a replica has it."""
        return RuleEvaluation(self.hours, self.store, self.clock, DELAY)

    async def rule(self, name: str = "volume", brand: str = "acme", **changes: Any) -> KeptRule:
        """Keep a rule that has judged nothing yet."""
        rule = AlertRule(brand=brand, name=name, **({"metric": "posts"} | changes))
        return await self.store.put_rule(rule, finished_hour(self.clock.now(), DELAY))

    async def standing(self) -> Standing:
        """Return how the rule of acme stands."""
        (kept,) = await self.store.rules("acme", "", 9)
        return kept.standing

    async def finish(self, hours: int = 1) -> None:
        """Let hours finish, and look after each."""
        for _ in range(hours):
            await self.clock.advance(HOUR)
            await self.evaluation.round()

    async def miss(self, hours: int) -> None:
        """Let hours finish without a round."""
        await self.clock.advance(hours * HOUR)

    async def raised(self, brand: str = "acme") -> list[RaisedAlert]:
        """Return what was raised, the earliest hour first."""
        found = await self.store.alerts(brand, None, 1000)
        return sorted(found, key=lambda raised: raised.alert.hour)

    async def hours_raised(self, brand: str = "acme") -> list[int]:
        """Return which hours were raised, as offsets from `hour`."""
        return [(int(found.alert.hour.timestamp()) - self.hour) // HOUR for found in await self.raised(brand)]


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    """Yield a store without rules at ten past noon: the hour from eleven has just finished, and a round been made."""
    async with open_documents(SqliteUrl(tmp_path / "profiles.db"), (*COLLECTIONS, ROUNDS)) as documents:
        clock = VirtualClock()
        await clock.advance(DELAY.total_seconds())
        hour = finished_hour(clock.now(), DELAY) + HOUR
        watch = Watch(AlertStore(documents), RoundStore(documents), BrandHours(), clock, hour)
        await watch.evaluation.round()
        yield watch
