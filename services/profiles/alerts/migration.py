"""What alerts kept in tables and collections before there were documents, and what becomes of it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.profiles.alerts.alert import Alert
from services.profiles.alerts.alert_rule import AlertRule, KeptRule, Standing
from services.profiles.alerts.store import (
    ALERT_OUTBOX,
    ALERTS,
    HEARTBEATS,
    ONE,
    RULES,
    WEBHOOKS,
    alert_document,
    rule_document,
)
from shared.documents.collection import Document
from shared.documents.migration import Kept, Move
from shared.outbox import OutboxRow

Row = Mapping[str, Any]


def _rule(row: Row) -> Iterator[Kept]:
    rule, standing = AlertRule.model_validate_json(row["rule"]), Standing.model_validate_json(row["standing"])
    yield RULES, rule_document(KeptRule(rule=rule, standing=standing))
    if row.get("pending"):
        # In MongoDB a rule held the alert that was not inserted yet.
        yield from _alert(row["pending"])


def _alert(row: Row) -> Iterator[Kept]:
    alert = Alert.model_validate_json(row["body"])
    yield ALERTS, alert_document(alert)
    if row["delivery"] is not None:
        delivery = json.loads(row["delivery"])
        kept = OutboxRow(
            id=alert.id,
            subject=alert.id,
            destination=delivery["webhook"],
            state=delivery["state"],
            attempts=delivery["attempts"],
            known=delivery["known"],
        )
        due = max(row["due_ms"], row["leased_ms"]) if kept.state == "waiting" else None
        fields = {"state": kept.state, "subject": kept.subject, "due_ms": due, "token": row["token"]}
        yield ALERT_OUTBOX, Document(kept.id, kept.model_dump_json(), fields)


def _heartbeat(row: Row) -> Iterator[Kept]:
    yield HEARTBEATS, Document(ONE, "", {name: row[name] for name in HEARTBEATS.fields})


def _webhook(row: Row) -> Iterator[Kept]:
    fields = {name: row[name] for name in WEBHOOKS.fields}
    yield WEBHOOKS, Document(row["name"] if "name" in row else row["_id"], "", fields)


SQLITE_MOVES: Final = (
    Move("alert_rule", _rule),
    Move("alert", _alert),
    Move("alert_heartbeat", _heartbeat),
    Move("webhook", _webhook),
)
MONGO_MOVES: Final = (
    Move("alert_rules", _rule),
    Move("alerts", _alert),
    Move("alert_heartbeat", _heartbeat),
    Move("webhooks", _webhook),
)
"""Of MongoDB; the names of documents' collections begin otherwise, so none is met."""
