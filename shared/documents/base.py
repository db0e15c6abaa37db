"""What an adapter of documents must do, in prose; `tests/contract/documents` holds both to it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from shared.documents.collection import Collection, Document
from shared.documents.query import Query

Result = TypeVar("Result")
Change = Callable[[Document | None], Document | None]
"""What becomes of a document (None: there is none): the document to keep, None to remove it, the same to leave it."""

MOST_DOCUMENTS: Final = 1000
"""Documents or keys in one call."""


class Operations(ABC):
    """Operations on the documents of declared collections, each atomic for every document that it touches.

    What a writing operation returned is durable; a reading one sees all that was written before. A call takes 1,000
    documents or keys at the most. Where a call over several documents fails, outside a transaction, some of them may
    have been written; it may be repeated.

    Operations raise ValueError for a collection, field or index that is not declared or a value of another type,
    before anything is read; PeerUnavailableError or OverloadedError where the database cannot do its part now.
    """

    async def get(self, collection: Collection, key: str) -> Document | None:
        """Return a document, None where there is none."""
        found = await self.get_all(collection, (key,))
        return found[0] if found else None

    @abstractmethod
    async def get_all(self, collection: Collection, keys: Sequence[str], *, bodies: bool = True) -> list[Document]:
        """Return those of the documents that are there, in no order; without `bodies` the body is empty."""

    @abstractmethod
    async def find(self, collection: Collection, query: Query, limit: int) -> list[Document]:
        """Return the first `limit` documents that the query asks for, in its order."""

    @abstractmethod
    async def count(self, collection: Collection, query: Query, limit: int) -> int:
        """Return how many documents the query asks for, `limit` where they are more."""

    @abstractmethod
    async def insert(self, collection: Collection, document: Document) -> bool:
        """Keep a new document, in version 1; False where its key or what must be unique is there already."""

    @abstractmethod
    async def replace(self, collection: Collection, document: Document) -> Document | None:
        """Keep a document in place of the one of its key where that still has its version.

        Returns it with the next version, None where there is none of that version. Raises ConflictError where another
        document has what must be unique.
        """

    @abstractmethod
    async def update(self, collection: Collection, key: str, change: Change) -> Document | None:
        """Read a document, keep in its place what `change` makes of it, and return what is there then.

        `change` may run several times and in another thread, so it must be a function of what it is given; what it
        raises is raised, and nothing is changed. Raises ConflictError where what must be unique is there already,
        OverloadedError where others changed the document each time.
        """

    @abstractmethod
    async def put_all(self, collection: Collection, documents: Sequence[Document]) -> None:
        """Keep documents, each in place of the one of its key, in whatever version that is.

        Raises ValueError where the collection has a unique index.
        """

    @abstractmethod
    async def delete(self, collection: Collection, key: str, version: int | None = None) -> bool:
        """Remove a document (where it still has `version`) and tell whether it was there."""

    @abstractmethod
    async def delete_all(self, collection: Collection, keys: Sequence[str]) -> int:
        """Remove documents and return how many were there."""

    @abstractmethod
    async def delete_found(self, collection: Collection, query: Query, limit: int) -> int:
        """Remove the first `limit` documents that the query asks for, as long as it does, and return how many.

        Fewer than `limit` does not mean that none is left where others write meanwhile; none does.
        """


class Documents(Operations):
    """An open database of documents."""

    @abstractmethod
    async def transaction(self, work: Callable[[Operations], Awaitable[Result]]) -> Result:
        """Run `work` in one transaction: what it reads is one snapshot, what it writes is kept as a whole or not.

        `work` must do everything by the operations that it is given, may run more than once, and so must be a function
        of what it reads; it is over in seconds. What it raises undoes it and is raised; so does a cancellation.
        Raises OverloadedError where others stayed in the way.
        """

    @abstractmethod
    async def check_ready(self) -> None:
        """Return where the database answers and has every index; raises where it does not.

        Operations wait for it by themselves. Raises SettingsError where the server cannot keep what this port
        promises.
        """

    @abstractmethod
    async def scrub(self) -> None:
        """Take what was deleted out of the database's files, as far as it can be told to."""
