"""What a store of alerts must do, in prose; `tests/contract/test_alert_store.py` holds every store to it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from services.profiles.alerts.alert import RaisedAlert
from services.profiles.alerts.heartbeat import Heartbeat
from services.profiles.alerts.rule import KeptRule, Rule, Standing
from services.profiles.alerts.webhook import Webhook

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC) - _EPOCH


@dataclass(frozen=True, slots=True)
class Place:
    """An alert in a list by time: milliseconds since 1970 and id. A page begins after it."""

    raised_ms: int
    id: str


def milliseconds(moment: datetime) -> int:
    """Return the milliseconds since 1970, cut."""
    return (moment - _EPOCH) // _MILLISECOND


def moment(milliseconds_since: int) -> datetime:
    """Return the moment so many milliseconds after the beginning of 1970."""
    return _EPOCH + milliseconds_since * _MILLISECOND


def place_of(raised: RaisedAlert) -> Place:
    """Return where an alert stands in a list by time."""
    return Place(milliseconds(raised.alert.raised_at), raised.alert.id)


class AlertStore(Protocol):
    """Rules with their standing, alerts with their deliveries, webhooks, a heartbeat; shared by all replicas.

    Every operation is atomic by itself, between processes too, and what it returned is durable. The caller tells the
    time; moments are kept to the millisecond. Operations raise PeerUnavailableError or OverloadedError where the
    store cannot do its part now: then the operation has happened or not, and may be repeated.
    """

    async def put_rule(self, rule: Rule, judged: int) -> KeptRule:
        """Keep a rule in place of what its name had, whose standing stays; a new one has judged up to hour `judged`."""
        ...

    async def rule(self, brand: str, name: str) -> KeptRule | None:
        """Return a rule, None where there is none."""
        ...

    async def rules(self, brand: str, after: str, limit: int) -> list[KeptRule]:
        """Return up to `limit` rules of a brand whose names come after `after` ("" for the front), by name."""
        ...

    async def delete_rule(self, brand: str, name: str) -> bool:
        """Remove a rule; tell whether it was there. Its alerts stay."""
        ...

    async def due_rules(self, newest: int, after: tuple[str, str] | None, limit: int) -> list[KeptRule]:
        """Return up to `limit` rules that have not judged the hour `newest`, by brand and name, after a pair of them.

        Where `after` is None, records that were cut off are finished when this returned.
        """
        ...

    async def record(self, before: KeptRule, after: Standing, raised: RaisedAlert | None) -> bool:
        """Move a rule's standing on and keep what it raised, both or neither; tell whether it was done.

        It is not where the rule has judged another hour than `before` says, or is gone. So each hour is judged once by
        a rule, whoever else judges it at the same time. An alert whose id was there stays as it was. A record that is
        cut off after it began is finished by the next `due_rules` from the front.
        """
        ...

    async def heartbeat(self) -> Heartbeat | None:
        """Return the heartbeat that was put last, None where none was."""
        ...

    async def put_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Keep a heartbeat in place of the last; of several at the same time one stays, whole."""
        ...

    async def alerts(self, brand: str, after: Place | None, limit: int) -> list[RaisedAlert]:
        """Return up to `limit` alerts of a brand after a place, the latest raised first."""
        ...

    async def sweep(self, before: datetime, most: int) -> int:
        """Remove up to `most` alerts that were raised before a moment, with their deliveries; return how many."""
        ...

    async def lease_delivery(self, now: datetime, until: datetime) -> RaisedAlert | None:
        """Take a waiting delivery that is due and not leased, the one due longest; its token and attempts rise by one.

        No delivery is leased to two at a time.
        """
        ...

    async def settle_delivery(self, settled: RaisedAlert) -> bool:
        """Put a delivery in its new state where its token still is the latest and it still waits; tell whether so."""
        ...

    async def put_webhook(self, webhook: Webhook) -> None:
        """Keep a webhook in place of what its name had."""
        ...

    async def webhook(self, name: str) -> Webhook | None:
        """Return a webhook, None where there is none."""
        ...

    async def webhooks(self, after: str, limit: int) -> list[Webhook]:
        """Return up to `limit` webhooks whose names come after `after` ("" for the front), by name."""
        ...

    async def delete_webhook(self, name: str) -> bool:
        """Remove a webhook; tell whether it was there."""
        ...
