"""Begins the trainings that schedules ask for: at their times, and where clusters have drifted."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from services.clusters.freshness.freshness_store import FreshnessStore, ScheduleStore
from services.clusters.freshness.schedule import AFTER_DRIFT, Schedule, next_firing
from services.clusters.runs.run import Run, RunRequest
from services.clusters.runs.run_store import RunStore
from services.clusters.runs.trainer import Trainer
from shared.clock import Clock
from shared.errors import ConflictError, OverloadedError
from shared.rounds import Round

log = structlog.get_logger(__name__)

EVERY: Final = timedelta(seconds=20)
LASTING: Final = timedelta(minutes=2)


class ScheduledRuns:
    """Looks at the schedules, and submits runs as a person would."""

    def __init__(
        self, schedules: ScheduleStore, freshness: FreshnessStore, runs: RunStore, trainer: Trainer, clock: Clock
    ) -> None:
        """Read schedules, freshness and runs from their stores; submit to `trainer`."""
        self._schedules = schedules
        self._freshness = freshness
        self._runs = runs
        self._trainer = trainer
        self._clock = clock

    def round(self) -> Round:
        """Return the work that one replica does for all."""
        return Round("scheduled runs", self.look, EVERY, EVERY, LASTING, EVERY.total_seconds())

    async def look(self) -> None:
        """Begin what is due. A time that passed while no replica ran is made up for once."""
        for schedule in await self._schedules.all():
            now = self._clock.now()
            current = await self._runs.current(schedule.brand, schedule.basis)
            upcoming = next_firing(schedule.cron, now)
            if _is_due(schedule, now) or await self._has_drifted(schedule, current, now):
                await self._begin(schedule, current, upcoming)
            elif schedule.next_at is not None and upcoming is not None and schedule.next_at > upcoming:
                # A clock that ran ahead named it.
                await self._schedules.change(schedule, partial(_at, moment=upcoming))

    async def _begin(self, schedule: Schedule, current: Run | None, upcoming: datetime | None) -> None:
        request = current.request if current is not None else RunRequest(basis=schedule.basis)
        begun: dict[str, str | None] = {"last_error": None}
        try:
            run = await self._trainer.submit(schedule.brand, request)
            begun["last_run_id"] = run.run_id
            log.info("schedule.began_run", run_id=run.run_id)
        except ConflictError as error:
            begun["last_error"] = error.detail  # another one is on, which serves as well
        except OverloadedError:
            return  # looked at again soon
        await self._schedules.change(schedule, lambda kept: _at(kept, upcoming).model_copy(update=begun))

    async def _has_drifted(self, schedule: Schedule, current: Run | None, now: datetime) -> bool:
        if schedule.max_drift is None or current is None or current.ended_at is None:
            return False
        latest = await self._runs.latest(schedule.brand, schedule.basis)
        begun = max(current.ended_at, latest.submitted_at if latest is not None else current.ended_at)
        if begun <= now < begun + AFTER_DRIFT:
            return False
        freshness = await self._freshness.of(schedule.brand, schedule.basis)
        if freshness is None or freshness.run_id != current.run_id or freshness.drift is None:
            return False
        return freshness.drift > schedule.max_drift


def _is_due(schedule: Schedule, now: datetime) -> bool:
    return schedule.next_at is not None and schedule.next_at <= now


def _at(schedule: Schedule, moment: datetime | None) -> Schedule:
    return schedule.model_copy(update={"next_at": moment})
