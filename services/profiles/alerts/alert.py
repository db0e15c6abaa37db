"""An hour that was out of the ordinary, and its way to a webhook."""

import hashlib
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.profiles.alerts.rule import Direction, Metric, Slug
from shared.analyzed_post import Voice
from shared.brand import Brand
from shared.webhooks.delivery import DeliveryState, Outcome

KEPT_DAYS: Final = 90
"""How long an alert is kept, counted from when it was raised."""
_ID_LENGTH: Final = 32


def alert_id(brand: Brand, rule: Slug, hour: int) -> str:
    """Return the id of a rule's alert of an hour (Unix seconds), always the same: 32 hex digits."""
    return hashlib.sha256(f"{brand}|{rule}|{hour}".encode()).hexdigest()[:_ID_LENGTH]


class Alert(BaseModel):
    """What a rule found in an hour: it had `value`, `low` to `high` would have been ordinary."""

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


class Delivery(BaseModel):
    """An alert on its way. While `leased_until` lies ahead, the holder of `token` alone works on it."""

    model_config = ConfigDict(frozen=True)

    webhook: Slug
    state: DeliveryState = "waiting"
    attempts: Annotated[int, Field(ge=0)] = 0
    due_at: AwareDatetime
    leased_until: AwareDatetime
    token: Annotated[int, Field(ge=0)] = 0
    known: str = ""


class RaisedAlert(BaseModel):
    """An alert with its delivery, None where its rule named no webhook."""

    model_config = ConfigDict(frozen=True)

    alert: Alert
    delivery: Delivery | None = None

    @property
    def id(self) -> str:
        """Return the alert's id, which is the delivery's too."""
        return self.alert.id

    @property
    def attempts(self) -> int:
        """Return how often its delivery was tried."""
        return self.delivery.attempts if self.delivery is not None else 0

    @property
    def token(self) -> int:
        """Return the token of the latest lease of its delivery."""
        return self.delivery.token if self.delivery is not None else 0

    def leased(self, until: AwareDatetime) -> "RaisedAlert":
        """Return the alert with its delivery leased until a moment, for one attempt more."""
        return self._changed(attempts=self.attempts + 1, token=self.token + 1, leased_until=until)

    def settled(self, outcome: Outcome, now: AwareDatetime) -> "RaisedAlert":
        """Return the alert with what an attempt at its delivery came to; nobody holds it any more."""
        due = {} if outcome.due_at is None else {"due_at": outcome.due_at}
        return self._changed(state=outcome.state, known=outcome.known, leased_until=now, **due)

    def _changed(self, **change: Any) -> "RaisedAlert":
        delivery = self.delivery.model_copy(update=change) if self.delivery is not None else None
        return self.model_copy(update={"delivery": delivery})
