"""What a source of posts promises, whatever network it listens to; `tests/contract` holds every source to it."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from shared.analyzed_post import Platform
from shared.errors import VoxpopError

MAX_POSTS = 500
"""The most that a batch holds."""
MAX_CURSOR = 64 * 1024
"""Characters of a cursor."""
AFTER_THEIR_POSTS = frozenset[Platform]({"bluesky", "mastodon"})
"""Platforms whose sources tell of everyone's removals, each removal after its post in the same stream.

A mark for each post that is not known here would fill the store of profiles with posts that no brand asked for.
"""


@dataclass(frozen=True, repr=False)
class Removal:
    """A platform's word that something is gone or hidden: a post, or with `author_id` alone everything of an author.

    An edited post is a removal of what was read; where the platform gives the new text, it comes as a post
    under an id of its own (X gives each edit one) or is dropped (a post is read once).
    """

    platform: Platform
    reason: Literal["deleted", "edited", "protected", "account deleted"]
    post_id: str | None = None
    author_id: str | None = None


@dataclass(frozen=True, repr=False)
class SourceBatch:
    """What a source hands over at once.

    `posts` are decoded JSON values as `POST /v1/posts` takes them, 500 at the most. `cursor` is where a
    source would go on after this batch, opaque to all others; None leaves the cursor as it was.
    It may hold raw ids, so it is stored encrypted and never shown. A batch may hold nothing but a cursor.
    """

    posts: Sequence[dict[str, Any]] = ()
    removals: Sequence[Removal] = ()
    cursor: str | None = None


class Report(Protocol):
    """Where a source says how it fares; a person reads it at `GET /v1/streams/{id}`. Calls never block or raise."""

    def listening(self, mode: str) -> None:
        """Say that it is connected (or polling) and well; `mode` in words, e.g. "filtered stream"."""
        ...

    def degraded(self, sentence: str) -> None:
        """Say in a sentence what is not as wished though posts come, or will: kept until `listening`."""
        ...

    def reconnected(self) -> None:
        """Count a connection made after the first."""
        ...

    def dropped(self, reason: str, count: int = 1) -> None:
        """Count what the network sent and what could not be read, by a short reason without any of its content."""
        ...


class PostBudget(Protocol):
    """What may still be read of a platform that asks money for each post, per calendar month in UTC."""

    async def left(self) -> int:
        """Return how many posts may still be read this month."""
        ...

    async def spend(self, posts: int) -> None:
        """Count posts that the platform has sent, before they are worked on: they are paid for in any case.

        Raises BudgetSpentError once the month's limit is reached; what was sent up to then is kept by the source.
        """
        ...


class Source(Protocol):
    """One query of one brand at one network, as an endless (or for a backfill, ending) stream of batches.

    Ordering: as the network gives them; no order is promised between posts, since folding needs none.
    Cursor: each batch carries where to go on. `batches(cursor)` goes on after it; None begins with now
    for a stream, and with the oldest that is asked for in a backfill.
    At least once: after a crash, a post that was delivered may be delivered again, none is left out that the
    network would still give. Duplicates are harmless: folding knows posts by their ids.
    Acknowledging: asking for the next batch says that the one before is stored. A source reads no further
    than its bounded queue (`MAX_POSTS` posts) ahead of that, so a slow reader slows the network, not the memory.
    Rate limits: a source keeps the network's, waits as it is told, and says so through the report.
    Reconnecting: never more than once a second, growing waits with jitter; posts missed meanwhile are fetched
    where the network can give them.
    Cost: a source of paid posts asks its `PostBudget` before it reads and stops at the limit.
    Stop: closing the generator (or cancelling its reader) closes connections and ends tasks before it returns.
    What it raises: CredentialError, SourceRefusedError, BudgetSpentError. Everything else that a network does
    (drops, stalls, nonsense, 429, 503) is dealt with inside.
    Bad input: what cannot be read is counted by `Report.dropped` and skipped; it never ends the source.
    """

    platform: Platform

    def batches(self, cursor: str | None) -> AsyncGenerator[SourceBatch, None]:
        """Return the batches after `cursor`."""
        ...


class SourceError(VoxpopError):
    """A source cannot go on by itself; `detail` is a sentence for the person who runs it, without any secret."""


class CredentialError(SourceError):
    """A key or token is missing or wrong; the sentence names the variable."""


class SourceRefusedError(SourceError):
    """The network will not do what is asked for, now and later: a query it does not know, a page that is not there."""


class LeftBehindError(SourceError):
    """What a source left at its network could not be taken away; `wait` is how many seconds the network asks for."""

    def __init__(self, detail: str, wait: float = 0.0) -> None:
        """Keep both."""
        super().__init__(detail)
        self.wait = wait


class BudgetSpentError(SourceError):
    """The month's reads are spent."""
