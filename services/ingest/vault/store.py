"""Sealed rows as they are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.clock import SKEW, milliseconds, moment
from shared.documents.base import MOST_DOCUMENTS, Documents
from shared.documents.collection import Collection, Document, Index
from shared.documents.query import Query

_EXPIRY: Final = ("expires_ms",)
_AUTHOR: Final = ("author_key",)
VAULT: Final = Collection(
    "vault", {"sealed": bytes, "author_key": str, "expires_ms": int}, (Index(_EXPIRY), Index(_AUTHOR))
)
LONGEST: Final = timedelta(days=30)
"""How long a row is kept at the most."""
MOST_ROWS: Final = MOST_DOCUMENTS
"""Rows in one call."""


@dataclass(frozen=True, repr=False)
class SealedRow:
    """One sealed text at its place `(purpose, row)`.

    `row` is a pseudonym (a post key, a draft's id), never a raw id. `author_key` names the author it belongs to, where
    there is one, so that an erasure finds it. Past `expires_at` (UTC) it counts as gone.
    """

    purpose: str
    row: str
    sealed: bytes
    expires_at: datetime
    author_key: str | None = None


class VaultStore:
    """Sealed rows by purpose and row. The store never sees a plain text or a key.

    An expired row is neither found nor listed, whether or not `sweep` has come by; the caller tells the time.
    Expiry is kept to the millisecond. A call takes 1,000 rows at the most. Each row is written whole or not at
    all; a call that fails may have written some of its rows, and may be repeated.

    Operations raise as those of documents do.
    """

    def __init__(self, documents: Documents) -> None:
        """Use an open database with `VAULT`."""
        self._documents = documents

    async def put(self, rows: Sequence[SealedRow]) -> None:
        """Keep rows, each in place of what its place had."""
        await self._documents.put_all(VAULT, [document_of(row) for row in rows])

    async def find(self, purpose: str, rows: Sequence[str], now: datetime) -> dict[str, bytes]:
        """Return the sealed texts of those rows that are there."""
        found = await self._documents.get_all(VAULT, [_place(purpose, row) for row in rows])
        return {row.row: row.sealed for row in map(_row, found) if row.expires_at > now}

    async def page(self, purpose: str, after: str, limit: int, now: datetime) -> list[SealedRow]:
        """Return at most `limit` rows of a purpose that sort after `after` (by code points), in order.

        "" begins at the front. A row that is there all the while is met once in a walk from page to page.
        """
        # A purpose has no colon, and ";" is the character after it.
        query = Query(high=f"{purpose};", after=(_place(purpose, after),))
        page: list[SealedRow] = []
        while len(page) < limit and (found := await self._documents.find(VAULT, query, limit - len(page))):
            page += [row for row in map(_row, found) if row.expires_at > now]
            query = query.behind(found[-1])
        return page

    async def delete(self, purpose: str, rows: Sequence[str]) -> int:
        """Remove rows for good and return how many were there."""
        return await self._documents.delete_all(VAULT, [_place(purpose, row) for row in rows])

    async def of_author(self, author_key: str, limit: int) -> list[tuple[str, str]]:
        """Return up to `limit` places `(purpose, row)` of an author, of every purpose, expired ones too."""
        found = await self._documents.find(VAULT, Query(_AUTHOR, (author_key,), bodies=False), limit)
        return [(purpose, row) for purpose, _, row in (document.key.partition(":") for document in found)]

    async def delete_author(self, author_key: str) -> int:
        """Remove everything of an author, of every purpose, and return how many rows that were."""
        gone = 0
        while some := await self._documents.delete_found(VAULT, Query(_AUTHOR, (author_key,)), MOST_ROWS):
            gone += some
        return gone

    async def sweep(self, now: datetime) -> int:
        """Remove up to 1,000 expired rows for good and return how many; ask again until it is none.

        Rows that a clock that ran ahead would keep for longer than `LONGEST` are kept for that from now on.
        """
        far = Query(_EXPIRY, low=milliseconds(now + LONGEST + SKEW) + 1)
        expiry = {"expires_ms": milliseconds(now + LONGEST)}
        while found := await self._documents.find(VAULT, far, MOST_ROWS):
            for document in found:
                await self._documents.replace(VAULT, replace(document, fields={**document.fields, **expiry}))
        return await self._documents.delete_found(VAULT, Query(_EXPIRY, high=milliseconds(now)), MOST_ROWS)


def document_of(row: SealedRow) -> Document:
    """Return a row as it is kept."""
    fields = {"sealed": row.sealed, "author_key": row.author_key, "expires_ms": milliseconds(row.expires_at)}
    return Document(_place(row.purpose, row.row), "", fields)


def _place(purpose: str, row: str) -> str:
    return f"{purpose}:{row}"


def _row(document: Document) -> SealedRow:
    purpose, _, row = document.key.partition(":")
    sealed, expires, author = (document.fields.get(name) for name in ("sealed", "expires_ms", "author_key"))
    if not isinstance(sealed, bytes) or not isinstance(expires, int):
        raise TypeError("a row of the vault lacks its text or its expiry")
    return SealedRow(purpose, row, sealed, moment(expires), author if isinstance(author, str) else None)
