"""What a store of sealed rows must do, in prose; `tests/contract/test_vault_store.py` holds every store to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

MOST_ROWS: Final = 1000
"""Rows in one call."""


@dataclass(frozen=True, repr=False)
class SealedRow:
    """One sealed text at its place `(purpose, row)`.

    `row` is a pseudonym (a post key, a draft's id), never a raw id. `author_key` names whose it is, where it
    is somebody's, so that an erasure finds it. Past `expires_at` (UTC) it counts as gone.
    """

    purpose: str
    row: str
    sealed: bytes
    expires_at: datetime
    author_key: str | None = None


class VaultStore(Protocol):
    """Sealed rows by purpose and row. The store never sees a plain text or a key.

    An expired row is neither found nor listed, whether or not `sweep` has come by; the caller tells the time.
    Expiry is kept to the millisecond. A call takes 1,000 rows at the most. Each row is written whole or not at
    all; a call that fails may have written some of its rows, and may be repeated.

    Operations raise PeerUnavailableError where the database is a server and does not answer.
    """

    async def put(self, rows: Sequence[SealedRow]) -> None:
        """Keep rows, each in place of what its place had."""
        ...

    async def find(self, purpose: str, rows: Sequence[str], now: datetime) -> dict[str, bytes]:
        """Return the sealed texts of those rows that are there."""
        ...

    async def page(self, purpose: str, after: str, limit: int, now: datetime) -> list[SealedRow]:
        """Return at most `limit` rows of a purpose that sort after `after` (by code points), in order.

        "" begins at the front. A row that is there all the while is met once in a walk from page to page.
        """
        ...

    async def delete(self, purpose: str, rows: Sequence[str]) -> int:
        """Remove rows for good and return how many were there."""
        ...

    async def of_author(self, author_key: str, limit: int) -> list[tuple[str, str]]:
        """Return up to `limit` places `(purpose, row)` of an author, of every purpose, expired ones too."""
        ...

    async def delete_author(self, author_key: str) -> int:
        """Remove everything of an author, of every purpose, and return how many rows that were."""
        ...

    async def sweep(self, now: datetime) -> int:
        """Remove up to 1,000 expired rows for good and return how many; ask again until it is none."""
        ...
