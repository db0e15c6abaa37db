"""A stream: one source of one brand, as people ask for it and as its owner says that it fares."""

import json
import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from pydantic import AwareDatetime, Field

from shared.analysis import Frozen


class Kind(StrEnum):
    """A stream goes on until it is paused; a backfill ends by itself."""

    STREAM = "stream"
    BACKFILL = "backfill"


class Wanted(StrEnum):
    """What people want of it."""

    RUNNING = "running"
    PAUSED = "paused"


class State(StrEnum):
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


RESTING: Final = frozenset({State.PAUSED, State.FAILED, State.FINISHED})


class Counts(Frozen):
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


class Progress(Frozen):
    """How a stream fares, as its owner saw it at `updated_at`; all sentences are without secrets and content.

    `last_error` stays until there is another, also when all is well again: `state` says how it is now.
    `failures` are those in a row.
    """

    state: State = State.STARTING
    mode: str | None = None
    counts: Counts = Counts()
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
    """One stream or backfill; `owner` is the replica that holds it until `lapses_at`."""

    stream_id: str
    kind: Kind
    brand: str
    source: str
    parameters: dict[str, Any]
    wanted: Wanted = Wanted.RUNNING
    created_at: AwareDatetime
    progress: Progress
    owner: str | None = None
    lapses_at: AwareDatetime | None = None

    @classmethod
    def made(cls, kind: Kind, brand: str, source: str, parameters: dict[str, Any], now: datetime) -> Self:
        """Return a new one; ids sort by the time they were made."""
        stream_id = f"{now:%Y%m%dt%H%M%S}-{now.microsecond:06d}-{secrets.token_hex(4)}"
        return cls(
            stream_id=stream_id,
            kind=kind,
            brand=brand,
            source=source,
            parameters=parameters,
            created_at=now,
            progress=Progress(updated_at=now),
        )

    @property
    def slot(self) -> str:
        """Return what may be there once: the same question to the same network is paid for once."""
        parameters = json.dumps(self.parameters, sort_keys=True)
        return f"{self.kind}|{self.brand}|{self.source}|{parameters}"

    def is_held(self, now: datetime) -> bool:
        """Tell whether a replica holds it."""
        return self.owner is not None and self.lapses_at is not None and self.lapses_at > now

    def state_at(self, now: datetime) -> State:
        """Return the state; what a replica that is gone said last is not believed."""
        told = self.progress.state
        if self.is_held(now) or told in (State.FAILED, State.FINISHED):
            return told
        if self.wanted is Wanted.PAUSED:
            return State.PAUSED
        return State.WAITING if told is State.WAITING else State.STARTING
