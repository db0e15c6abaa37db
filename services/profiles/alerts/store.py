"""Where alert rules with their standing, raised alerts, webhooks and the heartbeat are kept."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from services.profiles.alerts.alert import Alert, RaisedAlert
from services.profiles.alerts.alert_rule import AlertRule, KeptRule, Standing
from services.profiles.alerts.heartbeat import Heartbeat
from services.profiles.alerts.webhook import Webhook
from shared.clock import milliseconds, moment
from shared.documents.base import MOST_DOCUMENTS, Documents, Operations
from shared.documents.collection import Collection, Document, Index, Value
from shared.documents.query import Query
from shared.documents.unreadable_row import find_readable, read_document, readable
from shared.outbox import Outbox, OutboxRow, outbox_of

_BY_BRAND: Final = ("brand",)
_BY_JUDGED: Final = ("judged",)
_BY_TIME: Final = ("raised_ms",)
_OF_BRAND: Final = ("brand", "raised_ms")
RULES: Final = Collection("alert_rules", {"brand": str, "judged": int}, (Index(_BY_BRAND), Index(_BY_JUDGED)))
ALERTS: Final = Collection("alerts", {"brand": str, "raised_ms": int}, (Index(_OF_BRAND), Index(_BY_TIME)))
WEBHOOKS: Final = Collection("webhooks", {"url": str, "updated_at": str})
HEARTBEATS: Final = Collection("alert_heartbeats", {"at_ms": int, "judges_from_ms": int})
ALERT_OUTBOX: Final = outbox_of("alert_outbox")
COLLECTIONS: Final = (RULES, ALERTS, WEBHOOKS, HEARTBEATS, ALERT_OUTBOX)
ONE: Final = "round"
"""The key of the only heartbeat."""


class AlertStore:
    """Rules, alerts, webhooks and a heartbeat, shared by all replicas; deliveries of alerts are in `outbox`.

    Every operation is atomic by itself, between processes too, and what it returned is durable. The caller tells the
    time; moments are kept to the millisecond. Operations raise as those of documents do: then the operation has
    happened or not, and may be repeated.
    """

    def __init__(self, documents: Documents) -> None:
        """Use an open database with `COLLECTIONS`."""
        self._documents = documents
        self.outbox = Outbox(documents, ALERT_OUTBOX)

    async def put_rule(self, rule: AlertRule, judged: int) -> KeptRule:
        """Keep a rule in place of what its name had, whose standing stays; a new one has judged up to hour `judged`."""

        def put(before: Document | None) -> Document:
            standing = Standing(judged=judged) if before is None else _kept_rule(before).standing
            return rule_document(KeptRule(rule=rule, standing=standing))

        kept = await self._documents.update(RULES, _rule_key(rule.brand, rule.name), put)
        return _kept_rule(kept) if kept is not None else KeptRule(rule=rule, standing=Standing(judged=judged))

    async def rule(self, brand: str, name: str) -> KeptRule | None:
        """Return a rule, None where there is none."""
        document = await self._documents.get(RULES, _rule_key(brand, name))
        return read_document(RULES, document, _kept_rule) if document is not None else None

    async def rules(self, brand: str, after: str, limit: int) -> list[KeptRule]:
        """Return up to `limit` rules of a brand whose names come after `after` ("" for the front), by name."""
        query = Query(_BY_BRAND, (brand,), after=(_rule_key(brand, after),))
        return await find_readable(self._documents, RULES, query, limit, _kept_rule)

    async def delete_rule(self, brand: str, name: str) -> bool:
        """Remove a rule; tell whether it was there. Its alerts stay."""
        return await self._documents.delete(RULES, _rule_key(brand, name))

    async def due_rules(self, newest: int, after: KeptRule | None, limit: int) -> list[KeptRule]:
        """Return up to `limit` rules that have not judged the hour `newest`, those furthest behind first.

        Of the same hour they come by brand and name, and after the rule `after`, as it stood when it was read.
        """
        behind = None
        if after is not None:
            behind = (after.standing.judged, _rule_key(after.rule.brand, after.rule.name))
        query = Query(_BY_JUDGED, high=newest - 1, after=behind)
        return await find_readable(self._documents, RULES, query, limit, _kept_rule)

    async def rules_ahead(self, newest: int, limit: int) -> list[KeptRule]:
        """Return up to `limit` rules that have judged an hour later than `newest`."""
        query = Query(_BY_JUDGED, low=newest + 1)
        return await find_readable(self._documents, RULES, query, limit, _kept_rule)

    async def record(self, before: KeptRule, after: Standing, raised: RaisedAlert | None) -> bool:
        """Move a rule's standing on and keep what it raised with its delivery, or none of it; tell whether it was done.

        It is not where the rule has judged another hour than `before` says, or is gone. So each hour is judged once by
        a rule, however many replicas judge it at the same time. An alert whose id was there stays as it was.
        """
        key = _rule_key(before.rule.brand, before.rule.name)

        async def work(operations: Operations) -> bool:
            document = await operations.get(RULES, key)
            if document is None or document.fields["judged"] != before.standing.judged:
                return False
            kept = _kept_rule(document).model_copy(update={"standing": after})
            await operations.replace(RULES, replace(rule_document(kept), version=document.version))
            is_new = raised is not None and await operations.insert(ALERTS, alert_document(raised.alert))
            if raised is not None and raised.delivery is not None and is_new:
                await Outbox(operations, ALERT_OUTBOX).add([raised.delivery], raised.alert.raised_at)
            return True

        return await self._documents.transaction(work)

    async def heartbeat(self) -> Heartbeat | None:
        """Return the heartbeat that was put last, None where none was."""
        document = await self._documents.get(HEARTBEATS, ONE)
        if document is None:
            return None
        at, judges_from = (document.fields[name] for name in HEARTBEATS.fields)
        return Heartbeat(moment(int(at or 0)), moment(int(judges_from or 0)))

    async def put_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Keep a heartbeat in place of the last; of several at the same time one stays, whole."""
        fields = {"at_ms": milliseconds(heartbeat.at), "judges_from_ms": milliseconds(heartbeat.judges_from)}
        await self._documents.put_all(HEARTBEATS, [Document(ONE, "", fields)])

    async def alerts(self, brand: str, after: tuple[int, str] | None, limit: int) -> list[RaisedAlert]:
        """Return up to `limit` alerts of a brand after the `position` of one, the latest raised first."""
        return await self._raised(Query(_OF_BRAND, (brand,), after=after, descending=True), limit)

    async def every_alert(self, after: tuple[int, str] | None, limit: int) -> list[RaisedAlert]:
        """Return up to `limit` alerts of all brands after the `position` of one, the earliest raised first."""
        return await self._raised(Query(_BY_TIME, after=after), limit)

    async def keep(self, raised: RaisedAlert) -> None:
        """Keep an alert of another store with its delivery, which is due at once where it waits; one here stays."""

        async def work(operations: Operations) -> None:
            await operations.insert(ALERTS, alert_document(raised.alert))
            if raised.delivery is not None:
                await Outbox(operations, ALERT_OUTBOX).keep(raised.delivery, raised.alert.raised_at)

        await self._documents.transaction(work)

    async def _raised(self, query: Query, limit: int) -> list[RaisedAlert]:
        found = await find_readable(self._documents, ALERTS, query, limit, _alert)
        ids = [alert.id for alert in found]
        deliveries: dict[str, OutboxRow] = {}
        for start in range(0, len(ids), MOST_DOCUMENTS):
            rows = await self.outbox.of_subjects(ids[start : start + MOST_DOCUMENTS])
            deliveries.update((row.subject, row) for row in rows)
        return [RaisedAlert(alert=alert, delivery=deliveries.get(alert.id)) for alert in found]

    async def alert(self, key: str) -> Alert | None:
        """Return an alert by its id, None where there is none."""
        document = await self._documents.get(ALERTS, key)
        return read_document(ALERTS, document, _alert) if document is not None else None

    async def sweep(self, before: datetime, most: int) -> int:
        """Remove up to `most` alerts that were raised before a moment, with their deliveries; return how many."""
        query = Query(_BY_TIME, high=milliseconds(before) - 1, bodies=False)

        async def work(operations: Operations) -> int:
            ids = [document.key for document in await operations.find(ALERTS, query, most)]
            if ids:
                await Outbox(operations, ALERT_OUTBOX).delete_subjects(ids)
            return await operations.delete_all(ALERTS, ids)

        return await self._documents.transaction(work)

    async def redate(self, latest: datetime) -> None:
        """Say of alerts that were raised later than a moment, by a clock that ran ahead, that they were raised then."""
        query = Query(_BY_TIME, low=milliseconds(latest) + 1)
        while found := await self._documents.find(ALERTS, query, MOST_DOCUMENTS):
            alerts = readable(ALERTS, found, _alert)
            redated = [alert_document(alert.model_copy(update={"raised_at": latest})) for alert in alerts]
            await self._documents.put_all(ALERTS, redated)
            query = query.behind(found[-1])

    async def put_webhook(self, webhook: Webhook) -> None:
        """Keep a webhook in place of what its name had."""
        fields = {"url": webhook.url, "updated_at": webhook.updated_at.isoformat()}
        await self._documents.put_all(WEBHOOKS, [Document(webhook.name, "", fields)])

    async def webhook(self, name: str) -> Webhook | None:
        """Return a webhook, None where there is none."""
        document = await self._documents.get(WEBHOOKS, name)
        return _webhook(document) if document is not None else None

    async def webhooks(self, after: str, limit: int) -> list[Webhook]:
        """Return up to `limit` webhooks whose names come after `after` ("" for the front), by name."""
        found = await self._documents.find(WEBHOOKS, Query(after=(after,)), limit)
        return [_webhook(document) for document in found]

    async def delete_webhook(self, name: str) -> bool:
        """Remove a webhook; tell whether it was there."""
        return await self._documents.delete(WEBHOOKS, name)


def rule_document(kept: KeptRule) -> Document:
    """Return a rule as it is stored."""
    rule, judged = kept.rule, kept.standing.judged
    fields: dict[str, Value] = {"brand": rule.brand, "judged": judged}
    return Document(_rule_key(rule.brand, rule.name), kept.model_dump_json(), fields)


def alert_document(alert: Alert) -> Document:
    """Return an alert as it is stored."""
    fields: dict[str, Value] = {"brand": alert.brand, "raised_ms": milliseconds(alert.raised_at)}
    return Document(alert.id, alert.model_dump_json(), fields)


def _rule_key(brand: str, name: str) -> str:
    """Return the key of a rule; a blank comes before all that slugs hold, so keys are ordered by brand, then name."""
    return f"{brand} {name}"


def _kept_rule(document: Document) -> KeptRule:
    return KeptRule.model_validate_json(document.body)


def _alert(document: Document) -> Alert:
    return Alert.model_validate_json(document.body)


def _webhook(document: Document) -> Webhook:
    url, updated_at = (str(document.fields[name]) for name in WEBHOOKS.fields)
    return Webhook(document.key, url, datetime.fromisoformat(updated_at).astimezone(UTC))
