"""The vault as the rest of ingest uses it: plain texts in and out, nothing plain in the store."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from services.ingest.vault.cipher import Cipher, UnopenableError
from services.ingest.vault.store import MOST_ROWS, SealedRow, VaultStore
from shared.clock import Clock
from shared.errors import VoxpopError


class Vault:
    """Keeps texts that hold raw ids, sealed, under pseudonymous rows and with an expiry.

    `purpose` is a short word of the caller's ("draft", "compliance") without a colon. Operations raise as
    `VaultStore` does, reading raises UnopenableError besides.
    """

    def __init__(self, cipher: Cipher, store: VaultStore, clock: Clock) -> None:
        """Seal with `cipher`, keep in `store`, tell expiry by `clock`."""
        self.cipher = cipher
        self._store = store
        self._clock = clock

    async def keep(
        self,
        purpose: str,
        texts: Mapping[str, str],
        lasting: timedelta,
        authors: Mapping[str, str] | None = None,
    ) -> None:
        """Keep texts by row, each in place of what its row had; `authors` tells the author key of a row."""
        expires_at = self._clock.now() + lasting
        owners = authors or {}

        def sealed() -> list[SealedRow]:
            return [
                SealedRow(purpose, row, self.cipher.seal(purpose, row, text), expires_at, owners.get(row))
                for row, text in texts.items()
            ]

        rows = await asyncio.to_thread(sealed)
        for start in range(0, len(rows), MOST_ROWS):
            await self._store.put(rows[start : start + MOST_ROWS])

    async def read(self, purpose: str, row: str) -> str | None:
        """Return the text of a row, None where there is none or it has expired."""
        found = await self._store.find(purpose, [row], self._clock.now())
        return self.cipher.open_(purpose, row, found[row]) if row in found else None

    async def read_all(self, purpose: str, rows: Sequence[str]) -> dict[str, str]:
        """Return the texts of those rows (1,000 at the most) that are there and that today's keys open."""
        found = await self._store.find(purpose, rows, self._clock.now())

        def opened() -> dict[str, str]:
            texts = {}
            for row, sealed in found.items():
                with suppress(UnopenableError):
                    texts[row] = self.cipher.open_(purpose, row, sealed)
            return texts

        return await asyncio.to_thread(opened)

    async def page(self, purpose: str, after: str = "", limit: int = MOST_ROWS) -> list[tuple[str, str | None]]:
        """Return at most `limit` rows after `after` with their texts, in order; an empty list is the end.

        The text is None where today's keys do not open it: a row that is lost must not hide the others.
        """
        rows = await self._store.page(purpose, after, min(limit, MOST_ROWS), self._clock.now())
        return await asyncio.to_thread(lambda: [(row.row, self._text(purpose, row)) for row in rows])

    def _text(self, purpose: str, row: SealedRow) -> str | None:
        with suppress(UnopenableError):
            return self.cipher.open_(purpose, row.row, row.sealed)
        return None

    async def forget(self, purpose: str, rows: Sequence[str]) -> int:
        """Remove rows for good and return how many were there."""
        gone = 0
        for start in range(0, len(rows), MOST_ROWS):
            gone += await self._store.delete(purpose, rows[start : start + MOST_ROWS])
        return gone

    async def of_author(self, author_key: str, limit: int = MOST_ROWS) -> list[tuple[str, str]]:
        """Return up to `limit` places `(purpose, row)` of an author; nothing is opened."""
        return await self._store.of_author(author_key, min(limit, MOST_ROWS))

    async def forget_author(self, author_key: str) -> int:
        """Remove everything of an author and return how many rows that were."""
        return await self._store.delete_author(author_key)

    async def sweep(self) -> int:
        """Remove what has expired and return how many rows that were."""
        swept = 0
        while gone := await self._store.sweep(self._clock.now()):
            swept += gone
        return swept


SWEEP_SECONDS: Final = 600.0
log = structlog.get_logger(__name__)


async def keep_swept(vault: Vault, clock: Clock) -> None:
    """Remove expired rows every 10 minutes until cancelled; a store that is away is tried again then."""
    while True:
        try:
            await vault.sweep()
        except VoxpopError as error:
            log.warning("vault.not_swept", error=type(error).__name__)
        await clock.sleep(SWEEP_SECONDS)
