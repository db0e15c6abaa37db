"""When clusters are trained anew by themselves: at times that a cron line names, and when they have drifted. Pure."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Final, Self

from croniter import croniter
from croniter.croniter import CroniterError
from pydantic import AwareDatetime, Field, StringConstraints, field_validator, model_validator

from services.clusters.bases.basis import Basis
from shared.analysis import Frozen
from shared.strict_body import StrictBody

_FIELDS: Final = 5
LEAST_BETWEEN: Final = timedelta(minutes=10)
"""A line that fires more often would train all the time."""
AFTER_DRIFT: Final = timedelta(hours=1)
"""So long after a training no drift begins another one."""
_LOOKED_AT: Final = 20
_MEANING: Final = "minute, hour, day of month, month, day of week, such as 30 4 * * 1 for Mondays at 4.30 UTC"
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)

CronLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class ScheduleBody(StrictBody):
    """At least one of the two: `cron` has five fields in UTC, `max_drift` the drift past which a training begins."""

    cron: CronLine | None = None
    max_drift: Annotated[float, Field(ge=0.01, le=10)] | None = None

    @field_validator("cron")
    @classmethod
    def _fires(cls, cron: str | None) -> str | None:
        if cron is None:
            return None
        if len(cron.split()) != _FIELDS or not croniter.is_valid(cron):
            raise ValueError(f"must have five fields: {_MEANING}")
        try:
            times = firings(cron, _START, _LOOKED_AT)
        except CroniterError:
            raise ValueError(f"names a day that never comes; the fields are {_MEANING}") from None
        if min(later - sooner for sooner, later in pairwise(times)) < LEAST_BETWEEN:
            raise ValueError("must leave ten minutes between two trainings")
        return cron

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.cron is None and self.max_drift is None:
            raise ValueError("must give cron or max_drift, or both")
        return self


class Schedule(Frozen):
    """When a brand's clusters by one basis are trained anew. `next_at` is the next time that `cron` names.

    `last_run_id` is the last run that the schedule began; `last_error` says why it could not begin one.
    """

    brand: str
    basis: Basis
    cron: str | None
    max_drift: float | None
    next_at: AwareDatetime | None
    last_run_id: str | None = None
    last_error: str | None = None


def firings(cron: str, after: datetime, count: int) -> list[datetime]:
    """Return the next times that a valid line names; raises CroniterError where there are none within years."""
    times = croniter(cron, after.astimezone(UTC))
    return [times.get_next(datetime) for _ in range(count)]


def next_firing(cron: str | None, after: datetime) -> datetime | None:
    """Return the next time that a line names, None without a line."""
    return firings(cron, after, 1)[0] if cron is not None else None
