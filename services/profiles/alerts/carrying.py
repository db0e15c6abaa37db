"""Alerts as the courier carries them: where each goes, and what is said there."""

from dataclasses import dataclass
from datetime import datetime

from services.profiles.alerts.alert import RaisedAlert
from services.profiles.alerts.stores.base import AlertStore
from shared.webhooks.delivery import Outcome, Parcel, Unsendable

EVENT = "alert.raised"


@dataclass(frozen=True)
class AlertDeliveries:
    """The `Deliveries` of alerts to the webhooks that their rules name."""

    store: AlertStore

    async def lease(self, now: datetime, until: datetime) -> RaisedAlert | None:
        """See `Deliveries.lease`."""
        return await self.store.lease_delivery(now, until)

    async def parcel(self, leased: RaisedAlert) -> Parcel | Unsendable:
        """See `Deliveries.parcel`: the webhook is looked up anew at each attempt."""
        name = leased.delivery.webhook if leased.delivery is not None else ""
        webhook = await self.store.webhook(name)
        if webhook is None:
            return Unsendable(f"webhook '{name}' is not declared any more")
        alert = leased.alert.model_dump(mode="json")
        return Parcel(f"webhook '{name}'", webhook.url, {"type": EVENT, "timestamp": alert["raised_at"], "data": alert})

    async def settle(self, leased: RaisedAlert, outcome: Outcome, now: datetime) -> None:
        """See `Deliveries.settle`."""
        await self.store.settle_delivery(leased.settled(outcome, now))
