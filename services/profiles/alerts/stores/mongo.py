"""Alert rules and webhooks in MongoDB, a standalone server included; raised alerts stand in a module of their own.

A rule is one document. Recording an hour is one update of it, which matches only the hour that was judged before and
carries the alert in `pending`; then the alert is inserted, then `pending` is emptied. So the standing and the alert
are kept by the same write. An alert that is still pending when its recorder has died is inserted by the next look for
due rules, and nothing else is recorded before: its id makes the insert harmless where several do it.
"""

from datetime import datetime
from typing import Any, Final

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from services.profiles.alerts.alert import RaisedAlert
from services.profiles.alerts.heartbeat import Heartbeat
from services.profiles.alerts.rule import KeptRule, Rule, Standing
from services.profiles.alerts.stores.base import milliseconds, moment
from services.profiles.alerts.stores.mongo_raised import MongoRaised, document_of
from services.profiles.alerts.webhook import Webhook
from shared.errors import OverloadedError
from shared.mongo import MongoDatabase, answering

_ATTEMPTS: Final = 5
_ONE: Final = "round"


class MongoAlertStore(MongoRaised):
    """`AlertStore` on the collections `alert_rules`, `alerts`, `alert_heartbeat` and `webhooks`."""

    def __init__(self, database: MongoDatabase) -> None:
        """Use an open database."""
        super().__init__(database)
        self._rules = database["alert_rules"]
        self._heartbeat = database["alert_heartbeat"]
        self._webhooks = database["webhooks"]

    @answering
    async def prepare(self) -> None:
        """Make the indexes."""
        await self._rules.create_index([("brand", 1), ("name", 1)], unique=True)
        await self._prepare_raised()

    @answering
    async def put_rule(self, rule: Rule, judged: int) -> KeptRule:
        """See `AlertStore.put_rule`.

        Two first puts of a name may both find no document; the second insert meets the first's key and is tried again.
        """
        first = {
            "brand": rule.brand,
            "name": rule.name,
            "judged": judged,
            "standing": Standing(judged=judged).model_dump_json(),
            "pending": None,
        }
        for _ in range(_ATTEMPTS):
            try:
                document = await self._rules.find_one_and_update(
                    {"_id": _key(rule.brand, rule.name)},
                    {"$set": {"rule": rule.model_dump_json()}, "$setOnInsert": first},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError:
                continue
            return _rule(document)
        raise OverloadedError("others put this rule at the same moment; try again")

    @answering
    async def rule(self, brand: str, name: str) -> KeptRule | None:
        """See `AlertStore.rule`."""
        document = await self._rules.find_one({"_id": _key(brand, name)})
        return _rule(document) if document is not None else None

    @answering
    async def rules(self, brand: str, after: str, limit: int) -> list[KeptRule]:
        """See `AlertStore.rules`."""
        found = self._rules.find({"brand": brand, "name": {"$gt": after}}).sort("name", 1).limit(limit)
        return [_rule(document) async for document in found]

    @answering
    async def delete_rule(self, brand: str, name: str) -> bool:
        """See `AlertStore.delete_rule`."""
        document = await self._rules.find_one({"_id": _key(brand, name)})
        if document is None:
            return False
        await self._finish(document)
        return bool((await self._rules.delete_one({"_id": document["_id"]})).deleted_count)

    @answering
    async def due_rules(self, newest: int, after: tuple[str, str] | None, limit: int) -> list[KeptRule]:
        """See `AlertStore.due_rules`."""
        if after is None:
            async for document in self._rules.find({"pending": {"$ne": None}}):
                await self._finish(document)
        query: dict[str, Any] = {"judged": {"$lt": newest}}
        if after is not None:
            brand, name = after
            query["$or"] = [{"brand": {"$gt": brand}}, {"brand": brand, "name": {"$gt": name}}]
        found = self._rules.find(query).sort([("brand", 1), ("name", 1)]).limit(limit)
        return [_rule(document) async for document in found]

    @answering
    async def record(self, before: KeptRule, after: Standing, raised: RaisedAlert | None) -> bool:
        """See `AlertStore.record`; the module says why it is in three steps."""
        key = _key(before.rule.brand, before.rule.name)
        pending = document_of(raised) if raised is not None else None
        moved = await self._rules.update_one(
            {"_id": key, "judged": before.standing.judged, "pending": None},
            {"$set": {"judged": after.judged, "standing": after.model_dump_json(), "pending": pending}},
        )
        if not moved.matched_count:
            return False
        await self._finish({"_id": key, "pending": pending})
        return True

    @answering
    async def heartbeat(self) -> Heartbeat | None:
        """See `AlertStore.heartbeat`."""
        found = await self._heartbeat.find_one({"_id": _ONE})
        return Heartbeat(moment(found["at_ms"]), moment(found["judges_from_ms"])) if found is not None else None

    @answering
    async def put_heartbeat(self, heartbeat: Heartbeat) -> None:
        """See `AlertStore.put_heartbeat`."""
        judges_from = milliseconds(heartbeat.judges_from)
        await _put(self._heartbeat, {"_id": _ONE, "at_ms": milliseconds(heartbeat.at), "judges_from_ms": judges_from})

    @answering
    async def put_webhook(self, webhook: Webhook) -> None:
        """See `AlertStore.put_webhook`."""
        document = {"_id": webhook.name, "url": webhook.url, "updated_at": webhook.updated_at.isoformat()}
        await _put(self._webhooks, document)

    @answering
    async def webhook(self, name: str) -> Webhook | None:
        """See `AlertStore.webhook`."""
        document = await self._webhooks.find_one({"_id": name})
        return _webhook(document) if document is not None else None

    @answering
    async def webhooks(self, after: str, limit: int) -> list[Webhook]:
        """See `AlertStore.webhooks`."""
        found = self._webhooks.find({"_id": {"$gt": after}}).sort("_id", 1).limit(limit)
        return [_webhook(document) async for document in found]

    @answering
    async def delete_webhook(self, name: str) -> bool:
        """See `AlertStore.delete_webhook`."""
        return bool((await self._webhooks.delete_one({"_id": name})).deleted_count)

    async def _finish(self, rule: Any) -> None:
        """Insert the alert that a rule has pending, if it has one."""
        pending = rule["pending"]
        if pending is not None:
            await self._insert(pending)
            await self._rules.update_one(
                {"_id": rule["_id"], "pending._id": pending["_id"]}, {"$set": {"pending": None}}
            )


async def _put(collection: Any, document: dict[str, Any]) -> None:
    """Keep a document in place of the one of its id; two first ones may meet, then the second is tried again."""
    for _ in range(_ATTEMPTS):
        try:
            await collection.replace_one({"_id": document["_id"]}, document, upsert=True)
        except DuplicateKeyError:
            continue
        return
    raise OverloadedError("others put the same at the same moment; try again")


def _key(brand: str, name: str) -> str:
    """Return the key of a rule; neither slug holds the line."""
    return f"{brand}|{name}"


def _rule(document: Any) -> KeptRule:
    return KeptRule(
        rule=Rule.model_validate_json(document["rule"]), standing=Standing.model_validate_json(document["standing"])
    )


def _webhook(document: Any) -> Webhook:
    return Webhook(document["_id"], document["url"], datetime.fromisoformat(document["updated_at"]))
