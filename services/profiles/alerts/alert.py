"""An hour that was out of the ordinary, and its way to a webhook."""

import hashlib
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.profiles.alerts.alert_rule import Direction, Metric, Slug
from services.profiles.alerts.explanation import Explanation
from shared.analyzed_post import Voice
from shared.brand import Brand
from shared.clock import milliseconds
from shared.outbox import OutboxRow

KEPT_DAYS: Final = 90
"""How long an alert is kept, counted from when it was raised."""
_ID_LENGTH: Final = 32


def alert_id(brand: Brand, rule: Slug, hour: int) -> str:
    """Return the id of a rule's alert of an hour (Unix seconds), always the same: 32 hex digits."""
    return hashlib.sha256(f"{brand}|{rule}|{hour}".encode()).hexdigest()[:_ID_LENGTH]


class Alert(BaseModel):
    """What a rule found in an hour: it had `value`, `low` to `high` would have been ordinary.

    `explanation` says what carries the deviation; alerts of before have none.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    brand: Brand
    rule: Slug
    metric: Metric
    direction: Direction
    voice: Voice | None
    hour: AwareDatetime
    posts: int
    value: float
    expected: float
    low: float
    high: float
    z: float
    threshold: float
    raised_at: AwareDatetime
    explanation: Explanation | None = None


class RaisedAlert(BaseModel):
    """An alert with its delivery, None where its rule named no webhook."""

    model_config = ConfigDict(frozen=True)

    alert: Alert
    delivery: OutboxRow | None = None

    @classmethod
    def of(cls, alert: Alert, webhook: Slug | None) -> "RaisedAlert":
        """Return an alert that is to be delivered to a webhook, or (None) nowhere."""
        row = None if webhook is None else OutboxRow(id=alert.id, subject=alert.id, destination=webhook)
        return cls(alert=alert, delivery=row)

    @property
    def position(self) -> tuple[int, str]:
        """Return where the alert stands in a list by time: milliseconds since 1970 and id."""
        return milliseconds(self.alert.raised_at), self.alert.id
