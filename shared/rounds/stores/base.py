"""What a store of rounds must do, in prose; `tests/contract/test_round_store.py` holds every store to it."""

from datetime import datetime
from typing import Protocol


class RoundStore(Protocol):
    """When each round is due, and which replica makes it now.

    The caller tells the time. Who began a round and neither ended it nor came back before it lapsed has lost it:
    somebody else begins it, and what the first one ends then changes nothing. So a round may be made twice at once
    after a stall, and must be harmless when it is. Times are kept to the millisecond.

    Operations raise PeerUnavailableError where the database is a server and does not answer.
    """

    async def begin(self, name: str, owner: str, now: datetime, lapses_at: datetime) -> bool:
        """Begin a round that is due and that nobody makes; tell whether it is the caller's. One never ended is due."""
        ...

    async def end(self, name: str, owner: str, due_at: datetime) -> None:
        """Say when the round is due again; nothing where it is no longer the owner's."""
        ...
