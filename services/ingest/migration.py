"""What ingest kept before there were documents: how each row of then becomes a document.

Erasures come first: they are the tombstones that posts are checked against.
"""

from collections.abc import Mapping
from typing import Any, Final

from services.ingest.brands.store import BRANDS, body_of
from services.ingest.erasures.erasure import Erasure
from services.ingest.erasures.store import ERASURES
from services.ingest.erasures.store import document_of as erasure_document
from services.ingest.streams.spend import SPEND, spend_document
from services.ingest.vault.store import VAULT, SealedRow
from services.ingest.vault.store import document_of as vault_document
from shared.clock import moment
from shared.documents.collection import Document
from shared.documents.migration import Kept, Move
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


SQLITE_MOVES: Final = (
    Move("erasure", _erasure),
    Move("vault", _vault_table),
    Move("brand", _brand),
    Move("spend", _spend_table),
    Move("round", earlier_round),
)
"""Tables of `ingest.db` in schema 0."""
MONGO_MOVES: Final = (
    Move("erasures", _erasure),
    Move("vault", _vault_collection),
    Move("brands", _brand),
    Move("spend", _spend_collection),
    Move("rounds", earlier_round),
)
