"""Schedules: what they take, and when they fire."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from services.clusters.freshness.schedule import ScheduleBody, next_firing


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "must give cron or max_drift, or both"),
        ({"cron": "0 0 30 2 *"}, "names a day that never comes"),
        ({"cron": "0 0 31 4,6,9,11 *"}, "names a day that never comes"),
        ({"cron": "61 * * * *"}, "must have five fields"),
        ({"cron": "@daily"}, "must have five fields"),
        ({"cron": "0 0 0 * * *"}, "must have five fields"),
        ({"cron": "*/5 * * * *"}, "must leave ten minutes between two trainings"),
        ({"cron": "0,5 4 * * *"}, "must leave ten minutes between two trainings"),
        ({"max_drift": 0}, "greater than or equal to 0.01"),
        ({"cron": "0 4 * * *", "when": "now"}, "Extra inputs are not permitted"),
    ],
)
def test_a_schedule_that_will_not_do_is_refused_with_the_reason(body: dict[str, Any], why: str) -> None:
    """A line that never fires would never be missed."""
    with pytest.raises(ValidationError, match=why):
        ScheduleBody.model_validate(body)


@pytest.mark.parametrize(
    ("cron", "at"),
    [
        ("30 4 * * 1", datetime(2026, 12, 7, 4, 30, tzinfo=UTC)),
        ("0 4 29 2 *", datetime(2028, 2, 29, 4, tzinfo=UTC)),
        ("*/10 * * * *", datetime(2026, 12, 1, 0, 10, tzinfo=UTC)),
    ],
)
def test_a_line_fires_at_its_next_time_in_utc(cron: str, at: datetime) -> None:
    """The moment itself is past."""
    assert ScheduleBody(cron=cron).cron == cron
    assert next_firing(cron, datetime(2026, 12, 1, tzinfo=UTC)) == at
    assert next_firing(None, at) is None
