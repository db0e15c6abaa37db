"""A collection with a field of every kind, for the contract of documents."""

from typing import Final

from shared.documents.collection import Collection, Document, Index, Value

NOTES: Final = Collection(
    "notes",
    {"place": str, "owner": str, "due": int, "slot": str, "sealed": bytes},
    (Index(("place", "due")), Index(("owner",)), Index(("due",)), Index(("slot",), unique=True)),
)
TALLIES: Final = Collection("tallies")
COLLECTIONS: Final = (NOTES, TALLIES)


def a_note(key: str, body: str = "{}", version: int = 0, **fields: Value) -> Document:
    """Return a note."""
    return Document(key, body, fields, version)
