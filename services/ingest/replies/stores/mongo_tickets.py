"""Tickets and their deliveries in MongoDB: a document each, every change one atomic step on one of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from services.ingest.replies.stores.base import TimePosition
from services.ingest.replies.stores.columns import left_out, milliseconds
from services.ingest.replies.ticket import StoredTicket, TicketDelivery
from shared.mongo import MongoDatabase, answering

_ATTEMPTS = 8


class MongoTickets:
    """The part of `ReplyStore` about tickets, on the collections `tickets` and `deliveries`."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database."""
        self._tickets = database["tickets"]
        self._deliveries = database["deliveries"]

    @answering
    async def prepare(self) -> None:
        """Make the indexes."""
        await self._tickets.create_index([("created_ms", 1), ("_id", 1)])
        await self._tickets.create_index([("brand", 1), ("created_ms", 1), ("_id", 1)])
        await self._deliveries.create_index([("ticket", 1)])
        await self._deliveries.create_index([("state", 1), ("due_ms", 1)])

    @answering
    async def add_ticket(self, ticket: StoredTicket, deliveries: Sequence[TicketDelivery], most_waiting: int) -> bool:
        """See `ReplyStore.add_ticket`."""
        document = {
            "_id": ticket.id,
            "brand": ticket.brand,
            "created_ms": milliseconds(ticket.created_at),
            "body": ticket.model_dump_json(),
        }
        added = await _insert(self._tickets, document)
        waiting = await self._deliveries.count_documents({"state": "waiting"}, limit=most_waiting)
        for place, delivery in enumerate(deliveries):
            kept = delivery if waiting + place < most_waiting else left_out(delivery)
            await _insert(self._deliveries, _document(kept))
        return added

    @answering
    async def ticket(self, key: str) -> StoredTicket | None:
        """See `ReplyStore.ticket`."""
        document = await self._tickets.find_one({"_id": key})
        return StoredTicket.model_validate_json(document["body"]) if document is not None else None

    @answering
    async def tickets(self, brand: str | None, after: TimePosition | None, limit: int) -> list[StoredTicket]:
        """See `ReplyStore.tickets`."""
        query = {**({"brand": brand} if brand is not None else {}), **behind(after)}
        found = self._tickets.find(query).sort([("created_ms", 1), ("_id", 1)]).limit(limit)
        return [StoredTicket.model_validate_json(document["body"]) async for document in found]

    @answering
    async def deliveries(self, tickets: Sequence[str]) -> list[TicketDelivery]:
        """See `ReplyStore.deliveries`."""
        found = self._deliveries.find({"ticket": {"$in": list(tickets)}}).sort("_id", 1)
        return [_delivery(document) async for document in found]

    @answering
    async def forget_tickets(self, tickets: Sequence[str]) -> int:
        """See `ReplyStore.forget_tickets`: deliveries first, so that a repetition still finds the ticket to count."""
        await self._deliveries.delete_many({"ticket": {"$in": list(tickets)}})
        return int((await self._tickets.delete_many({"_id": {"$in": list(tickets)}})).deleted_count)

    @answering
    async def lease_delivery(self, now: datetime, until: datetime) -> TicketDelivery | None:
        """See `ReplyStore.lease_delivery`: who moves the token on from what was read has the lease."""
        at = milliseconds(now)
        waiting = {"state": "waiting", "due_ms": {"$lte": at}, "leased_ms": {"$lte": at}}
        for _ in range(_ATTEMPTS):
            document = await self._deliveries.find_one(waiting, sort=[("due_ms", 1)])
            if document is None:
                return None
            found = _delivery(document)
            taken = {"leased_until": until, "token": found.token + 1, "attempts": found.attempts + 1}
            leased = found.model_copy(update=taken)
            if await self._write(leased, found.token):
                return leased
        return None

    @answering
    async def settle_delivery(self, settled: TicketDelivery) -> bool:
        """See `ReplyStore.settle_delivery`."""
        return await self._write(settled, settled.token)

    async def _write(self, delivery: TicketDelivery, at_token: int) -> bool:
        query = {"_id": delivery.id, "token": at_token, "state": "waiting"}
        changed = await self._deliveries.replace_one(query, _document(delivery))
        return int(changed.matched_count) == 1


def behind(after: TimePosition | None) -> dict[str, Any]:
    """Return the condition of a row to lie after a place in order of `created_ms` and `_id`."""
    if after is None:
        return {}
    moment, row = after
    return {"$or": [{"created_ms": {"$gt": moment}}, {"created_ms": moment, "_id": {"$gt": row}}]}


async def _insert(collection: Any, document: dict[str, Any]) -> bool:
    try:
        await collection.insert_one(document)
    except DuplicateKeyError:
        return False
    return True


def _document(delivery: TicketDelivery) -> dict[str, Any]:
    return {
        "_id": delivery.id,
        "ticket": delivery.ticket,
        "state": delivery.state,
        "due_ms": milliseconds(delivery.due_at),
        "leased_ms": milliseconds(delivery.leased_until),
        "token": delivery.token,
        "body": delivery.model_dump_json(),
    }


def _delivery(document: Any) -> TicketDelivery:
    return TicketDelivery.model_validate_json(document["body"])
