"""A stream: one source of one brand, as people ask for it and as its owner reports it."""

import json
import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from pydantic import AwareDatetime, Field

from shared.analysis import Frozen


class StreamKind(StrEnum):
    """A stream goes on until it is paused; a backfill ends by itself."""

    STREAM = "stream"
    BACKFILL = "backfill"


class DesiredState(StrEnum):
    """The state that people ask for."""

    RUNNING = "running"
    PAUSED = "paused"


class StreamState(StrEnum):
    """`starting → running ⇄ degraded / waiting`, then `paused`, `failed` or (a backfill) `finished`.

    Degraded: posts come, though not as wished. Waiting: none are taken in just now, and it goes on by itself.
    Failed: a person has to do something; it is tried again all the same, seldom.
    """

    STARTING = "starting"
    RUNNING = "running"
    DEGRADED = "degraded"
    WAITING = "waiting"
    PAUSED = "paused"
    FAILED = "failed"
    FINISHED = "finished"


RESTING: Final = frozenset({StreamState.PAUSED, StreamState.FAILED, StreamState.FINISHED})


class StreamCounts(Frozen):
    """Posts since the stream was made: folded, folded before, unreadable to voxpop, left out, and gone again.

    `dropped` are those that the brand's rules left out and those that the source could not read;
    `counted_reposts` are reposts of a brand that wants them counted alone.
    """

    posts: int = 0
    duplicates: int = 0
    rejected: int = 0
    dropped: int = 0
    counted_reposts: int = 0
    removed: int = 0


class StreamProgress(Frozen):
    """How a stream stands, as its owner saw it at `updated_at`; all sentences are without secrets and content.

    `last_error` stays until there is another, also when all is well again: `state` says how it is now.
    `failures` are those in a row.
    """

    state: StreamState = StreamState.STARTING
    mode: str | None = None
    counts: StreamCounts = StreamCounts()
    dropped_reasons: dict[str, int] = Field(default_factory=dict)
    posts_per_minute: float = 0.0
    newest_at: AwareDatetime | None = None
    last_error: str | None = None
    last_error_at: AwareDatetime | None = None
    reconnects: int = 0
    spent_posts: int = 0
    failures: int = 0
    updated_at: AwareDatetime


class Stream(Frozen):
    """One stream or backfill; `owner` is the replica that has its lease until `lapses_at`."""

    stream_id: str
    kind: StreamKind
    brand: str
    source: str
    parameters: dict[str, Any]
    wanted: DesiredState = DesiredState.RUNNING
    created_at: AwareDatetime
    progress: StreamProgress
    owner: str | None = None
    lapses_at: AwareDatetime | None = None

    @classmethod
    def made(cls, kind: StreamKind, brand: str, source: str, parameters: dict[str, Any], now: datetime) -> Self:
        """Return a new one; ids sort by the time they were made."""
        stream_id = f"{now:%Y%m%dt%H%M%S}-{now.microsecond:06d}-{secrets.token_hex(4)}"
        return cls(
            stream_id=stream_id,
            kind=kind,
            brand=brand,
            source=source,
            parameters=parameters,
            created_at=now,
            progress=StreamProgress(updated_at=now),
        )

    @property
    def slot(self) -> str:
        """Return what may exist once: the same query to the same network is paid for once."""
        parameters = json.dumps(self.parameters, sort_keys=True)
        return f"{self.kind}|{self.brand}|{self.source}|{parameters}"

    def is_leased(self, now: datetime) -> bool:
        """Tell whether a replica has its lease."""
        return self.owner is not None and self.lapses_at is not None and self.lapses_at > now

    def state_at(self, now: datetime) -> StreamState:
        """Return the state; the last report of a replica without a lease does not count."""
        told = self.progress.state
        if self.is_leased(now) or told in (StreamState.FAILED, StreamState.FINISHED):
            return told
        if self.wanted is DesiredState.PAUSED:
            return StreamState.PAUSED
        return StreamState.WAITING if told is StreamState.WAITING else StreamState.STARTING
