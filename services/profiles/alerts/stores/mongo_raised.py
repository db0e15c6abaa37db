"""Raised alerts in MongoDB: a document each with its delivery in it, every change one atomic step on one of them."""

from datetime import datetime
from typing import Any, Final

from pymongo.errors import DuplicateKeyError

from services.profiles.alerts.alert import KEPT_DAYS, Alert, Delivery, RaisedAlert
from services.profiles.alerts.stores.base import Place, milliseconds
from shared.mongo import MongoDatabase, answering

_ATTEMPTS: Final = 8
_DAY_SECONDS: Final = 86_400


class MongoRaised:
    """The part of `AlertStore` about what was raised, on the collection `alerts`."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database."""
        self._alerts = database["alerts"]

    async def _prepare_raised(self) -> None:
        await self._alerts.create_index([("brand", 1), ("raised_ms", -1), ("_id", -1)])
        await self._alerts.create_index([("state", 1), ("due_ms", 1)])
        await self._alerts.create_index([("raised_at", 1)], expireAfterSeconds=KEPT_DAYS * _DAY_SECONDS)

    @answering
    async def alerts(self, brand: str, after: Place | None, limit: int) -> list[RaisedAlert]:
        """See `AlertStore.alerts`."""
        query: dict[str, Any] = {"brand": brand}
        if after is not None:
            same = {"raised_ms": after.raised_ms, "_id": {"$lt": after.id}}
            query["$or"] = [{"raised_ms": {"$lt": after.raised_ms}}, same]
        found = self._alerts.find(query).sort([("raised_ms", -1), ("_id", -1)]).limit(limit)
        return [_raised(document) async for document in found]

    @answering
    async def sweep(self, before: datetime, most: int) -> int:
        """See `AlertStore.sweep`."""
        expired = await self._alerts.find({"raised_at": {"$lt": before}}, {"_id": 1}).limit(most).to_list(None)
        result = await self._alerts.delete_many({"_id": {"$in": [document["_id"] for document in expired]}})
        return int(result.deleted_count)

    @answering
    async def lease_delivery(self, now: datetime, until: datetime) -> RaisedAlert | None:
        """See `AlertStore.lease_delivery`: who moves the token on from what was read has the lease."""
        at = milliseconds(now)
        waiting = {"state": "waiting", "due_ms": {"$lte": at}, "leased_ms": {"$lte": at}}
        for _ in range(_ATTEMPTS):
            document = await self._alerts.find_one(waiting, sort=[("due_ms", 1)])
            if document is None:
                return None
            found = _raised(document)
            leased = found.leased(until)
            if await self._write(leased, found.token):
                return leased
        return None

    @answering
    async def settle_delivery(self, settled: RaisedAlert) -> bool:
        """See `AlertStore.settle_delivery`."""
        return await self._write(settled, settled.token)

    async def _insert(self, document: dict[str, Any]) -> None:
        try:
            await self._alerts.insert_one(document)
        except DuplicateKeyError:
            return

    async def _write(self, raised: RaisedAlert, at_token: int) -> bool:
        query = {"_id": raised.alert.id, "token": at_token, "state": "waiting"}
        changed = await self._alerts.update_one(query, {"$set": _way(raised.delivery)})
        return int(changed.matched_count) == 1


def document_of(raised: RaisedAlert) -> dict[str, Any]:
    """Return an alert as it is stored."""
    return {
        "_id": raised.alert.id,
        "brand": raised.alert.brand,
        "raised_ms": milliseconds(raised.alert.raised_at),
        "raised_at": raised.alert.raised_at,
        "body": raised.alert.model_dump_json(),
        **_way(raised.delivery),
    }


def _way(delivery: Delivery | None) -> dict[str, Any]:
    """Return the fields of a delivery; of none, a state that is never looked for."""
    if delivery is None:
        return {"state": None, "delivery": None}
    return {
        "state": delivery.state,
        "due_ms": milliseconds(delivery.due_at),
        "leased_ms": milliseconds(delivery.leased_until),
        "token": delivery.token,
        "delivery": delivery.model_dump_json(),
    }


def _raised(document: Any) -> RaisedAlert:
    delivery = document["delivery"]
    return RaisedAlert(
        alert=Alert.model_validate_json(document["body"]),
        delivery=Delivery.model_validate_json(delivery) if delivery is not None else None,
    )
