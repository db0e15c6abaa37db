"""What was spent on streams."""

from typing import Final

from shared.documents.base import Documents
from shared.documents.collection import Collection, Document

SPEND: Final = Collection("spend")


class SpendStore:
    """Posts that were paid for, by purse and calendar month ("2026-11"); shared by all replicas.

    Operations raise as those of documents do.
    """

    def __init__(self, documents: Documents) -> None:
        """Use an open database with `SPEND`."""
        self._documents = documents

    async def spend(self, purse: str, month: str, posts: int) -> int:
        """Add posts and return the month's sum with them, atomically: of additions at once none is lost."""

        def added(before: Document | None) -> Document:
            return spend_document(purse, month, posts + _sum(before))

        return _sum(await self._documents.update(SPEND, _key(purse, month), added))

    async def spent(self, purse: str, month: str) -> int:
        """Return the month's sum."""
        return _sum(await self._documents.get(SPEND, _key(purse, month)))


def spend_document(purse: str, month: str, posts: int) -> Document:
    """Return a month's sum as it is kept."""
    return Document(_key(purse, month), str(posts))


def _key(purse: str, month: str) -> str:
    return f"{purse}|{month}"


def _sum(document: Document | None) -> int:
    return int(document.body) if document is not None else 0
