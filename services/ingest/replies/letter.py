"""What of a reply only the vault may hold: the raw id it goes to, the words, the ticket."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from services.ingest.vault.vault import Vault

_PURPOSE: Final = "reply"
_ROW_BYTES: Final = 16


class Letter(BaseModel):
    """The words of one reply. `post_text` is cleaned, `ticket` is "" where there is none.

    Not printed: `repr` shows the class alone. The words and the ticket are sealed as the raw id is, because once they
    are published a search for them finds the post.
    """

    model_config = ConfigDict(frozen=True)

    post_id: str
    post_text: str
    text: str
    ticket: str = ""

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "Letter(...)"

    __str__ = __repr__


class Letters:
    """Letters in the vault, each under a random row that its reply names."""

    def __init__(self, vault: Vault) -> None:
        """Keep them in `vault`."""
        self._vault = vault

    async def keep(self, letter: Letter, author: str, lasting: timedelta) -> str:
        """Seal a letter and return its row; `author` is the key by which an erasure finds it."""
        row = secrets.token_hex(_ROW_BYTES)
        await self._vault.keep(_PURPOSE, {row: letter.model_dump_json()}, lasting, {row: author})
        return row

    async def find(self, row: str) -> Letter | None:
        """Return a letter, None where it has expired or today's key does not open it."""
        return (await self.find_all([row])).get(row)

    async def find_all(self, rows: Sequence[str]) -> dict[str, Letter]:
        """Return those letters (of 1,000 rows at the most) that `find` would."""
        texts = await self._vault.read_all(_PURPOSE, rows)
        return {row: Letter.model_validate_json(text) for row, text in texts.items()}

    async def read(self, row: str) -> Letter | None:
        """Return a letter, None where it has expired; raises UnopenableError."""
        text = await self._vault.read(_PURPOSE, row)
        return Letter.model_validate_json(text) if text is not None else None

    async def forget(self, row: str) -> None:
        """Remove a letter for good."""
        await self._vault.forget(_PURPOSE, [row])
