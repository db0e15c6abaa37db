"""Replies, rules and tickets for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.ingest.replies.reply import Reply
from services.ingest.replies.reply_rule import ReplyRule
from services.ingest.replies.ticket import StoredTicket, Ticket

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TEMPLATE = "We are sorry. Your ticket is {{ ticket }}."


def a_reply(number: int = 1, **changes: Any) -> Reply:
    """Return a draft; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "id": f"{number:032x}",
        "brand": "aerolume",
        "platform": "x",
        "author": f"{number + 1000:032x}",
        "rule": "sorry",
        "content": f"content-{number}",
        "state": "draft",
        "created_at": NOW + timedelta(seconds=number),
        "updated_at": NOW,
        "expires_at": NOW + timedelta(days=7),
        "due_at": NOW,
    }
    return Reply.model_validate(fields | changes)


def a_rule(name: str = "sorry", **changes: Any) -> ReplyRule:
    """Return a rule for negative posts; `changes` replace its fields."""
    fields: dict[str, Any] = {"name": name, "brand": "aerolume", "sentiment_below": 0.3, "template": TEMPLATE}
    return ReplyRule.model_validate(fields | changes)


def a_ticket(number: int = 1, **changes: Any) -> StoredTicket:
    """Return a ticket as stores have it; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "id": f"{number:032x}",
        "sealed_id": "00",
        "brand": "aerolume",
        "platform": "x",
        "rule": "sorry",
        "score": 0.1,
        "created_at": NOW + timedelta(seconds=number),
    }
    return StoredTicket.model_validate(fields | changes)


def a_shown_ticket(number: int = 1, **changes: Any) -> Ticket:
    """Return a ticket under its public id; `changes` replace its fields."""
    return Ticket.model_validate(a_ticket(number).model_dump() | {"id": f"VP-{number:012}"} | changes)
