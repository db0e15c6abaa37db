"""What becomes of rows that alerts kept before there were documents, where the data of then does not show it."""

from typing import Any

from services.profiles.alerts.alert import Alert
from services.profiles.alerts.migration import MONGO_MOVES
from services.profiles.alerts.store import ALERT_OUTBOX, ALERTS, RULES
from shared.documents.collection import Collection, Document

RULE = '{"metric": "posts", "brand": "acme", "name": "volume", "webhook": "desk"}'
ALERT = (
    '{"id": "a1", "brand": "acme", "rule": "volume", "metric": "posts", "direction": "above", "voice": null, '
    '"hour": "2026-03-02T11:00:00Z", "posts": 90, "value": 90, "expected": 10, "low": 0, "high": 21.5, "z": 25.25, '
    '"threshold": 3.5, "raised_at": "2026-03-02T12:10:00Z"}'
)


def moved(source: str, row: dict[str, Any]) -> dict[Collection, Document]:
    """Return the documents that a row becomes, by collection."""
    (move,) = [move for move in MONGO_MOVES if move.source == source]
    return dict(move.convert(row))


def an_alert(state: str) -> dict[str, Any]:
    """Return an alert whose delivery is leased until after it is due."""
    delivery = f'{{"webhook": "desk", "state": "{state}", "attempts": 2, "known": "answered 500"}}'
    return {"body": ALERT, "delivery": delivery, "due_ms": 1000, "leased_ms": 2000, "token": 2}


def test_an_alert_that_was_not_inserted_yet_moves_with_its_rule() -> None:
    """A recorder that died between its steps left it in the rule alone."""
    row = {"_id": "acme|volume", "rule": RULE, "standing": '{"judged": 3600}', "pending": an_alert("waiting")}
    found = moved("alert_rules", row)
    assert found[RULES].fields == {"brand": "acme", "judged": 3600}
    assert Alert.model_validate_json(found[ALERTS].body) == Alert.model_validate_json(ALERT)
    assert found[ALERT_OUTBOX].key == "a1"
    assert set(moved("alert_rules", row | {"pending": None})) == {RULES}


def test_a_delivery_under_way_is_due_when_its_lease_is_over() -> None:
    """With the attempts and the token that it had; one that has ended is never due, and one of nothing is none."""
    waiting, ended = (moved("alerts", an_alert(state))[ALERT_OUTBOX].fields for state in ("waiting", "delivered"))
    assert (waiting["due_ms"], waiting["token"], ended["due_ms"]) == (2000, 2, None)
    assert set(moved("alerts", an_alert("waiting") | {"delivery": None})) == {ALERTS}
