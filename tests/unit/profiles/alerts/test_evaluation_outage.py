"""What is judged after an outage, and when."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.profiles.alerts.alert_rule import KeptRule
from services.profiles.alerts.evaluation import MOST_HOURS
from services.profiles.alerts.heartbeat import GAP, SETTLING
from services.profiles.alerts.store import COLLECTIONS, AlertStore
from shared.documents.backend import open_documents
from shared.errors import OverloadedError
from shared.store_url import SqliteUrl
from tests.unit.profiles.alerts.brand_hours import HOUR
from tests.unit.profiles.alerts.conftest import Watch

ROUND = timedelta(minutes=2).total_seconds()


def ordinary(watch: Watch, hours: int) -> None:
    """Say that the weeks before had a hundred posts an hour."""
    for hour in range(hours):
        watch.hours.weeks_before(watch.hour + hour * HOUR, 100)


async def rounds(watch: Watch, seconds: float) -> None:
    """Make a round every two minutes for some time."""
    for _ in range(int(seconds // ROUND)):
        await watch.clock.advance(ROUND)
        await watch.evaluation.round()


async def away(*_: object) -> list[KeptRule]:
    """Stand for a store that cannot do its part now."""
    raise OverloadedError("another process keeps the store")


async def test_missed_hours_wait_for_their_posts(watch: Watch) -> None:
    """The first round after an outage finds them empty and says nothing; an hour later they are judged as they were."""
    ordinary(watch, 6)
    await watch.rule(quiet_hours=0)
    await watch.miss(3)
    await watch.evaluation.round()
    assert await watch.raised() == []
    for hour, posts in enumerate([100, 200, 100]):
        watch.hours.have(watch.hour + hour * HOUR, posts)
    await rounds(watch, SETTLING.total_seconds() - ROUND)
    assert (await watch.standing()).judged == watch.hour - HOUR
    watch.hours.have(watch.hour + 3 * HOUR, 100)
    await rounds(watch, ROUND)
    assert (await watch.standing()).judged == watch.hour + 3 * HOUR
    assert [found.alert.direction for found in await watch.raised()] == ["above"]
    assert await watch.hours_raised() == [1]


async def test_the_wait_outlives_another_start(watch: Watch) -> None:
    """A process that begins in the middle of it makes no missed hour due."""
    ordinary(watch, 6)
    await watch.rule()
    await watch.miss(3)
    await watch.evaluation.round()
    await watch.clock.advance(SETTLING.total_seconds() / 2)
    await watch.evaluation.round()
    assert await watch.raised() == []


async def test_a_store_that_is_away_for_long_is_an_outage_too(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds were tried, but no post could be stored either."""
    ordinary(watch, 6)
    await watch.rule()
    with monkeypatch.context() as patch:
        patch.setattr(watch.store, "due_rules", away)
        for _ in range(3):
            await watch.miss(1)
            with pytest.raises(OverloadedError):
                await watch.evaluation.round()
    await watch.evaluation.round()
    assert await watch.raised() == []


async def test_a_pause_as_long_as_an_hour_is_no_outage(watch: Watch) -> None:
    """As a rollout or a replica that dies in a round makes; what has finished is judged at once."""
    ordinary(watch, 1)
    watch.hours.have(watch.hour, 200)
    await watch.rule()
    await watch.clock.advance(GAP.total_seconds())
    await watch.evaluation.round()
    assert await watch.hours_raised() == [0]


async def test_a_second_outage_begins_the_wait_anew(watch: Watch) -> None:
    """Its backlog is a new one."""
    ordinary(watch, 9)
    await watch.rule()
    await watch.miss(3)
    await watch.evaluation.round()
    await watch.miss(2)
    await watch.evaluation.round()
    assert await watch.raised() == []


async def test_a_day_is_caught_up_with(watch: Watch) -> None:
    """Hours before it are never judged."""
    ordinary(watch, MOST_HOURS + 7)
    for hour in range(MOST_HOURS + 7):
        watch.hours.have(watch.hour + hour * HOUR, 200)
    await watch.rule(quiet_hours=0)
    await watch.miss(MOST_HOURS + 6)
    await watch.evaluation.round()
    await watch.finish()
    assert await watch.hours_raised() == list(range(7, MOST_HOURS + 7))


async def test_rules_without_a_heartbeat_count_as_left_alone(watch: Watch, tmp_path: Path) -> None:
    """A store that was moved, or that an earlier version wrote, does not say how long the outage was."""
    ordinary(watch, 3)
    await watch.rule()
    (found,) = await watch.store.rules("acme", "", 9)
    async with open_documents(SqliteUrl(tmp_path / "moved.db"), COLLECTIONS) as documents:
        store = AlertStore(documents)
        await store.put_rule(found.rule, found.standing.judged)
        await watch.miss(1)
        await replace(watch.evaluation, store=store).round()
        assert await store.alerts("acme", None, 9) == []
        await watch.miss(1)
        await replace(watch.evaluation, store=store).round()
        assert len(await store.alerts("acme", None, 9)) == 1


async def test_a_new_installation_waits_for_nothing(watch: Watch, tmp_path: Path) -> None:
    """Its first rule is judged as soon as its first hour has finished."""
    async with open_documents(SqliteUrl(tmp_path / "new.db"), COLLECTIONS) as documents:
        watch.store = AlertStore(documents)
        await watch.clock.advance(HOUR / 3)
        await watch.evaluation.round()
        ordinary(watch, 1)
        watch.hours.have(watch.hour, 200)
        await watch.rule()
        await watch.clock.advance(HOUR * 2 / 3)
        await watch.evaluation.round()
        assert await watch.hours_raised() == [0]
