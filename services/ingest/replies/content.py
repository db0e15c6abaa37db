"""What of a reply is kept in the vault alone: the raw id of the post, the words, the ticket."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from services.ingest.vault.vault import Vault

_PURPOSE: Final = "reply"
_ROW_BYTES: Final = 16


class ReplyContent(BaseModel):
    """What one reply says, and to which post. `post_text` is cleaned, `ticket` is "" where there is none.

    Not printed: `repr` shows the class alone. Words and ticket are sealed as the raw id is, because a search for
    published words finds the post.
    """

    model_config = ConfigDict(frozen=True)

    post_id: str
    post_text: str
    text: str
    ticket: str = ""

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "ReplyContent(...)"

    __str__ = __repr__


class ReplyContents:
    """Contents of replies in the vault, each under a random row that its reply names."""

    def __init__(self, vault: Vault) -> None:
        """Keep them in `vault`."""
        self._vault = vault

    async def keep(self, content: ReplyContent, author: str, lasting: timedelta) -> str:
        """Seal one and return its row; `author` is the key by which an erasure finds it."""
        row = secrets.token_hex(_ROW_BYTES)
        await self._vault.keep(_PURPOSE, {row: content.model_dump_json()}, lasting, {row: author})
        return row

    async def find(self, row: str) -> ReplyContent | None:
        """Return one, None where it has expired or today's key does not open it."""
        return (await self.find_all([row])).get(row)

    async def find_all(self, rows: Sequence[str]) -> dict[str, ReplyContent]:
        """Return those of 1,000 rows at most that `find` would."""
        texts = await self._vault.read_all(_PURPOSE, rows)
        return {row: ReplyContent.model_validate_json(text) for row, text in texts.items()}

    async def read(self, row: str) -> ReplyContent | None:
        """Return one, None where it has expired; raises UnopenableError."""
        text = await self._vault.read(_PURPOSE, row)
        return ReplyContent.model_validate_json(text) if text is not None else None

    async def forget(self, row: str) -> None:
        """Remove one."""
        await self._vault.forget(_PURPOSE, [row])
