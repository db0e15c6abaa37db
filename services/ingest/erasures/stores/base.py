"""What a store of erasures must do, in prose; `tests/contract/test_erasure_store.py` holds every store to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.ingest.erasures.erasure import Erasure


class ErasureStore(Protocol):
    """Who was to be erased, and how far that has come; shared by all replicas.

    There is one erasure an author, for good: it is the tombstone by which later posts are known. Every operation is
    atomic by itself, between processes too. The caller tells the time; moments are kept to the millisecond.
    Operations raise PeerUnavailableError where the database is a server and does not answer.
    """

    async def ask(self, wanted: Erasure) -> Erasure:
        """Keep an erasure and return it; of an author who has one, that one is returned instead.

        It is queued once more where it is done (see `asked_again`). From when this returns, `erased` knows the author.
        """
        ...

    async def find(self, erasure_id: str) -> Erasure:
        """Return one; raises NotFoundError."""
        ...

    async def erased(self, author_keys: Sequence[str]) -> set[str]:
        """Return those of the authors (1,000 at the most) that were ever to be erased, done or not."""
        ...

    async def lease(self, now: datetime, until: datetime) -> Erasure | None:
        """Take the erasure that is due longest and that nobody works on (see `taken`); None where there is none.

        No erasure is leased to two at a time.
        """
        ...

    async def record(self, erasure: Erasure) -> bool:
        """Put an erasure in its new state where its token still is the latest; tell whether it was."""
        ...


def missing(erasure_id: str) -> str:
    """Return the sentence for an id that is not there."""
    return f"there is no erasure '{erasure_id}'; POST /v1/erasures says the id of each"


def milliseconds(moment: datetime) -> int:
    """Return the milliseconds since 1970, cut."""
    return int(moment.timestamp() * 1000)
