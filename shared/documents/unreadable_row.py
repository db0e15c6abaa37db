"""Documents made into what they stand for; one that cannot be read is named and takes no other's list down."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import structlog

from shared.documents.base import Operations
from shared.documents.collection import Collection, Document
from shared.documents.query import Query
from shared.errors import StoreFaultError

Thing = TypeVar("Thing")

_DIGITS: Final = 12
_UNREADABLE: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What reading a damaged body raises: no JSON, other JSON than was written, or fields that are missing."""

log = structlog.get_logger(__name__)


class UnreadableRowError(StoreFaultError):
    """A stored row cannot be read; it is named by its table and a digest of its key, which may be a person's."""

    def __init__(self, table: str, key: str) -> None:
        """Name the row."""
        row = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
        super().__init__(
            f"row {row} of the store's table {table} cannot be read: restore a backup, or remove the row whose key has "
            "a SHA-256 that begins so (docs/operating.md)"
        )
        self.table = table
        self.row = row


def read_document(collection: Collection, document: Document, read: Callable[[Document], Thing]) -> Thing:
    """Return what `read` makes of a document; raises UnreadableRowError where it cannot."""
    return read_row(collection.table, document.key, lambda: read(document))


def read_row(table: str, key: str, read: Callable[[], Thing]) -> Thing:
    """Return what `read` makes of a row of a table; raises UnreadableRowError where it cannot."""
    try:
        return read()
    except _UNREADABLE:
        raise UnreadableRowError(table, key) from None


def readable(collection: Collection, documents: Iterable[Document], read: Callable[[Document], Thing]) -> list[Thing]:
    """Return what `read` makes of the documents that it can read; the others are logged by table and digest."""
    found: list[Thing] = []
    for document in documents:
        try:
            found.append(read_document(collection, document, read))
        except UnreadableRowError as error:
            log.warning("store.row_unreadable", table=error.table, row=error.row)
    return found


async def find_readable(
    operations: Operations, collection: Collection, query: Query, limit: int, read: Callable[[Document], Thing]
) -> list[Thing]:
    """Return the first `limit` of what a query asks for that `read` can read, so that a page is as full as others."""
    found: list[Thing] = []
    while limit > len(found):
        page = await operations.find(collection, query, limit - len(found))
        found += readable(collection, page, read)
        if not page or len(found) == limit:
            break
        query = query.behind(page[-1])
    return found
