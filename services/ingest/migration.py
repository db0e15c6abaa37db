"""What ingest kept before there were documents: how each row of then becomes a document.

Erasures come first: they are the tombstones that posts are checked against.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from services.ingest.brands.store import BRANDS, body_of
from services.ingest.erasures.erasure import Erasure
from services.ingest.erasures.store import ERASURES
from services.ingest.erasures.store import document_of as erasure_document
from services.ingest.replies.claims import AUTHOR_CLAIMS, DAYS, GONE, OPT_OUTS, SendClaim, author_document, day_document
from services.ingest.replies.reply import Reply
from services.ingest.replies.store import REPLIES, RULES, reply_document
from services.ingest.replies.ticket import StoredTicket
from services.ingest.replies.ticket_store import TICKET_OUTBOX, TICKETS, ticket_document
from services.ingest.streams.spend import SPEND, spend_document
from services.ingest.streams.store import STREAMS
from services.ingest.streams.store import document_of as stream_document
from services.ingest.streams.stream import Stream
from services.ingest.vault.store import VAULT, SealedRow
from services.ingest.vault.store import document_of as vault_document
from shared.clock import moment
from shared.documents.collection import Document
from shared.documents.migration import Kept, Move
from shared.outbox import OutboxRow
from shared.rounds import earlier_round

Row = Mapping[str, Any]


def _erasure(row: Row) -> list[Kept]:
    """Return an erasure, due when its lease of then is over."""
    document = erasure_document(Erasure.model_validate_json(row["body"]))
    due = row.get("due_ms")
    lease = {"due_ms": None if due is None else max(due, row["leased_ms"]), "token": row["token"]}
    return [(ERASURES, Document(document.key, document.body, {**document.fields, **lease}))]


def _vault_table(row: Row) -> list[Kept]:
    sealed = SealedRow(row["purpose"], row["row"], row["sealed"], moment(row["expires_ms"]), row["author_key"])
    return [(VAULT, vault_document(sealed))]


def _vault_collection(row: Row) -> list[Kept]:
    purpose, _, name = row["_id"].partition(":")
    sealed = SealedRow(purpose, name, bytes(row["sealed"]), row["expires_at"], row.get("author_key"))
    return [(VAULT, vault_document(sealed))]


def _brand(row: Row) -> list[Kept]:
    body = body_of(row["updated_at"], row["settings"])
    return [(BRANDS, Document(row.get("_id") or row["brand"], body, version=row["version"]))]


def _spend_table(row: Row) -> list[Kept]:
    return [(SPEND, spend_document(row["purse"], row["month"], row["posts"]))]


def _spend_collection(row: Row) -> list[Kept]:
    purse, _, month = row["_id"].rpartition("|")
    return [(SPEND, spend_document(purse, month, row["posts"]))]


def _stream(row: Row) -> list[Kept]:
    """Return a stream, due when its lease of then is over."""
    told = {"progress": json.loads(row["progress"]), "wanted": row["wanted"]}
    document = stream_document(Stream.model_validate(json.loads(row["body"]) | told))
    lease = {
        "due_ms": row["due_ms"] if row["owner"] is None else row["lapses_ms"],
        "owner": row["owner"],
        "token": row["token"],
    }
    cursor = None if row["cursor"] is None else bytes(row["cursor"])
    return [(STREAMS, Document(document.key, document.body, {**document.fields, **lease, "cursor": cursor}))]


def _reply_rule(row: Row) -> list[Kept]:
    return [(RULES, Document(row.get("_id") or row["name"], row["body"]))]


def _reply(row: Row) -> list[Kept]:
    return [(REPLIES, reply_document(Reply.model_validate_json(row["body"])))]


def _reply_author(row: Row) -> list[Kept]:
    claim = SendClaim(row["reply"], row["attempt"])
    return [(AUTHOR_CLAIMS, author_document(row.get("_id") or row["author"], claim, row["until_ms"]))]


def _reply_day(row: Row) -> list[Kept]:
    """Return a day; its replies are an object of JSON in a row, a list in a document."""
    found = row["replies"]
    counted = json.loads(found) if isinstance(found, str) else {one["reply"]: one["attempt"] for one in found}
    return [(DAYS, day_document(row.get("_id") or row["day"], counted))]


def _reply_gone(row: Row) -> list[Kept]:
    return [(GONE, Document(row.get("_id") or row["key"], "", {"through_ms": row["through_ms"]}))]


def _reply_opt_out(row: Row) -> list[Kept]:
    return [(OPT_OUTS, Document(row.get("_id") or row["author"], "", {"since_ms": row["since_ms"]}))]


def _ticket(row: Row) -> list[Kept]:
    return [(TICKETS, ticket_document(StoredTicket.model_validate_json(row["body"])))]


def _delivery(row: Row) -> list[Kept]:
    """Return a row of the outbox, due when its lease of then is over."""
    told = json.loads(row["body"])
    kept = OutboxRow(
        id=told["id"],
        subject=told["ticket"],
        destination=told["desk"],
        state=told["state"],
        attempts=told["attempts"],
        known=told["known"],
    )
    due = max(row["due_ms"], row["leased_ms"]) if kept.state == "waiting" else None
    fields = {"state": kept.state, "subject": kept.subject, "due_ms": due, "token": row["token"]}
    return [(TICKET_OUTBOX, Document(kept.id, kept.model_dump_json(), fields))]


_REPLY_DAYS: Final = "SELECT day, json_group_object(reply, attempt) AS replies FROM reply_day GROUP BY day"
SQLITE_MOVES: Final = (
    Move("erasure", _erasure),
    Move("vault", _vault_table),
    Move("brand", _brand),
    Move("spend", _spend_table),
    Move("round", earlier_round),
    Move("stream", _stream),
    Move("reply_rule", _reply_rule),
    Move("reply", _reply),
    Move("reply_author", _reply_author),
    Move("reply_day", _reply_day, _REPLY_DAYS),
    Move("reply_gone", _reply_gone),
    Move("reply_opt_out", _reply_opt_out),
    Move("ticket", _ticket),
    Move("delivery", _delivery),
)
"""Tables of `ingest.db` in schema 0."""
MONGO_MOVES: Final = (
    Move("erasures", _erasure),
    Move("vault", _vault_collection),
    Move("brands", _brand),
    Move("spend", _spend_collection),
    Move("rounds", earlier_round),
    Move("streams", _stream),
    Move("reply_rules", _reply_rule),
    Move("replies", _reply),
    Move("reply_authors", _reply_author),
    Move("reply_days", _reply_day),
    Move("reply_gone", _reply_gone),
    Move("reply_opt_outs", _reply_opt_out),
    Move("tickets", _ticket),
    Move("deliveries", _delivery),
)
