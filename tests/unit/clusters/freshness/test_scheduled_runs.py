"""Trainings that begin by themselves."""

from datetime import timedelta

import pytest

from services.clusters.bases.basis import Basis
from services.clusters.freshness.run_freshness import RunFreshness
from services.clusters.freshness.scheduled_runs import ScheduledRuns
from services.clusters.runs.run import Run
from tests.unit.clusters.authors import two_kinds
from tests.unit.clusters.conftest import BRAND, K2, Service, Start, trained
from tests.unit.clusters.profiles_stand_in import ProfilesStandIn
from tests.unit.ingest.virtual_clock import VirtualClock

SCHEDULE = f"/v1/brands/{BRAND}/schedules/behaviour"
CLUSTERS = f"/v1/brands/{BRAND}/clusters"


async def looked(service: Service, later: timedelta) -> list[Run]:
    """Look at the schedules at a later time, and return the brand's runs once they have ended, newest first."""
    held = service.held
    clock = VirtualClock(held.clock.now() + later)
    await ScheduledRuns(held.store.schedules, held.store.freshness, held.store.runs, held.trainer, clock).look()
    for run in await held.store.runs.runs(BRAND, 9):
        await held.trainer.ended(run.run_id)
    return await held.store.runs.runs(BRAND, 9)


@pytest.fixture
def profiles() -> ProfilesStandIn:
    """Return a brand with two kinds of authors."""
    return ProfilesStandIn(BRAND, two_kinds(30))


async def test_a_schedule_trains_at_its_time_as_the_run_before(start: Start, profiles: ProfilesStandIn) -> None:
    """Once for each time, and not before it; the schedule tells the run and the next time."""
    async with start(profiles) as service:
        first = await trained(service, K2)
        told = (await service.http.put(SCHEDULE, json={"cron": "0 4 * * *"})).json()
        assert [run.run_id for run in await looked(service, timedelta())] == [first.run_id]
        runs = await looked(service, timedelta(days=1))
        assert [run.request for run in runs] == [K2, K2]
        later = (await service.http.get(SCHEDULE)).json()
        assert later["last_run_id"] == runs[0].run_id
        assert later["next_at"] > told["next_at"]


async def test_drift_past_the_limit_trains(start: Start, profiles: ProfilesStandIn) -> None:
    """Not within an hour of the last training, and not below the limit."""
    async with start(profiles) as service:
        first = await trained(service, K2)
        await service.http.put(SCHEDULE, json={"max_drift": 0.3})
        drifted = RunFreshness(run_id=first.run_id, through=0).with_assigned([], [1.5] * 40, 1)
        await service.held.store.freshness.put(BRAND, Basis.BEHAVIOUR, drifted)
        assert len(await looked(service, timedelta(minutes=30))) == 1
        assert len(await looked(service, timedelta(hours=2))) == 2
        assert len(await looked(service, timedelta(hours=4))) == 2


async def test_a_training_that_failed_says_so_beside_the_clusters(start: Start, profiles: ProfilesStandIn) -> None:
    """The run before stays, and the answer names the failed one and why."""
    async with start(profiles) as service:
        first = await trained(service, K2)
        await service.http.put(SCHEDULE, json={"cron": "0 4 * * *"})
        profiles.refuse["features"] = 404
        failed = (await looked(service, timedelta(days=1)))[0]
        told = (await service.http.get(CLUSTERS)).json()
        assert (told["run_id"], told["failed_since"]["run_id"]) == (first.run_id, failed.run_id)
        assert "nothing is known of the brand" in told["failed_since"]["error"]


async def test_a_schedule_is_shown_replaced_and_forgotten(start: Start, profiles: ProfilesStandIn) -> None:
    """A wrong one changes nothing; without one there is 404 with the remedy."""
    async with start(profiles) as service:
        assert (await service.http.get(SCHEDULE)).status_code == 404
        await service.http.put(SCHEDULE, json={"cron": "0 4 * * *"})
        for wrong in ({"cron": "0 4 31 2 *"}, {"max_drift": -1}, {}, {"crom": "0 4 * * *"}):
            assert (await service.http.put(SCHEDULE, json=wrong)).status_code == 422
        assert (await service.http.get(SCHEDULE)).json()["cron"] == "0 4 * * *"
        assert (await service.http.delete(SCHEDULE)).status_code == 204
        assert (await service.http.delete(SCHEDULE)).status_code == 404
        assert (await service.http.get(SCHEDULE.replace("behaviour", "mood"))).status_code == 422
