"""When authors post: eight weeks in early 2026, with the weekdays and hours of their kind."""

from datetime import UTC, datetime, timedelta
from typing import Final

from services.ingest.sample.dice import Dice
from services.ingest.sample.kinds import Kind

START: Final = datetime(2026, 1, 12, tzinfo=UTC)
DAYS: Final = 56
INCIDENT_DAY: Final = 32
INCIDENT_DAYS: Final = 4
_DAYS_IN_NEWS: Final = 8
_SATURDAY: Final = 5
_NIGHT_OWLS: Final = 0.06


def author_moments(kind: Kind, count: int, dice: Dice) -> list[datetime]:
    """Return `count` moments in UTC at which an author of `kind` posts, oldest first, to the second."""
    days = _incident_days(count, dice) if kind.incident else _habitual_days(kind, count, dice)
    return sorted(START + timedelta(days=day, seconds=_second_of_day(kind, dice)) for day in days)


def in_the_news(moment: datetime) -> bool:
    """Return whether the incident has begun at `moment` and is still written about."""
    return timedelta(0) <= moment - START - timedelta(days=INCIDENT_DAY, hours=9) <= timedelta(days=_DAYS_IN_NEWS)


def _habitual_days(kind: Kind, count: int, dice: Dice) -> list[int]:
    weights = [
        (day, kind.weekend_weight if (START + timedelta(days=day)).weekday() >= _SATURDAY else 1.0)
        for day in range(DAYS)
    ]
    return [dice.weighted(weights) for _ in range(count)]


def _incident_days(count: int, dice: Dice) -> list[int]:
    first = INCIDENT_DAY + dice.whole(0, INCIDENT_DAYS - 1)
    return [first, *(first + int(min(dice.heavy(1.2, 0.9), 14)) for _ in range(count - 1))]


def _second_of_day(kind: Kind, dice: Dice) -> int:
    if dice.chance(_NIGHT_OWLS):
        return dice.whole(0, 86_399)
    # The mean of two uniform draws gives a peak with bounded tails, so no post slips into another day.
    offset = (dice.uniform(-1, 1) + dice.uniform(-1, 1)) * kind.hour_spread
    return int((kind.peak_hour + offset) % 24 * 3600)
