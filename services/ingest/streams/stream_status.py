"""A stream as callers see it: no cursor, no token."""

from typing import Any, Protocol, Self

from pydantic import AwareDatetime, BaseModel

from services.ingest.streams.budget import month_of
from services.ingest.streams.spend import SpendStore
from services.ingest.streams.stream import RESTING, DesiredState, Stream, StreamCounts, StreamState
from shared.clock import Clock


class Spend(BaseModel):
    """Posts that were paid for: by this stream ever, and from its purse (all its streams) in `month` of `limit`."""

    posts: int
    month: str
    month_posts: int
    limit: int


class StreamAnswer(BaseModel):
    """One stream or backfill; the rates are of the last record, at `updated_at`.

    `lag_seconds` is how long ago the newest post was published; `spend` is null where the platform is free.
    """

    id: str
    brand: str
    source: str
    parameters: dict[str, Any]
    wanted: DesiredState
    state: StreamState
    mode: str | None
    counts: StreamCounts
    dropped_reasons: dict[str, int]
    posts_per_minute: float
    lag_seconds: float | None
    last_error: str | None
    last_error_at: AwareDatetime | None
    reconnects: int
    spend: Spend | None
    owner: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime

    @classmethod
    def of(cls, stream: Stream, clock: Clock, spend: Spend | None) -> Self:
        """Return what is shown of a stream now."""
        now, progress = clock.now(), stream.progress
        state = stream.state_at(now)
        newest = progress.newest_at
        return cls(
            id=stream.stream_id,
            **stream.model_dump(include={"brand", "source", "parameters", "wanted", "created_at"}),
            **progress.model_dump(
                include={"mode", "counts", "dropped_reasons", "last_error", "last_error_at", "reconnects", "updated_at"}
            ),
            state=state,
            posts_per_minute=0.0 if state in RESTING else progress.posts_per_minute,
            lag_seconds=None if newest is None else max(0.0, (now - newest).total_seconds()),
            spend=spend,
            owner=stream.owner if stream.is_leased(now) else None,
        )


class SourcePrices(Protocol):
    """Knows which sources cost money; the registry of sources does."""

    def purse(self, source: str) -> str | None:
        """Return from which purse a source's posts are paid; None where they are free."""
        ...

    def limit(self, source: str) -> int | None:
        """Return how many posts a month may be paid for; None where they are free."""
        ...


class StreamStatuses:
    """Shows streams; this month's spend is read once a list."""

    def __init__(self, spend: SpendStore, prices: SourcePrices, clock: Clock) -> None:
        """Read from `spend`."""
        self._spend = spend
        self._prices = prices
        self._clock = clock

    async def of(self, streams: list[Stream]) -> list[StreamAnswer]:
        """Return what is shown of streams, in their order."""
        month = month_of(self._clock.now())
        purses = {stream.source: self._prices.purse(stream.source) for stream in streams}
        spent = {purse: await self._spend.spent(purse, month) for purse in set(purses.values()) if purse is not None}
        answers = []
        for stream in streams:
            purse, limit = purses[stream.source], self._prices.limit(stream.source)
            spend = None
            if purse is not None and limit is not None:
                posts = stream.progress.spent_posts
                spend = Spend(posts=posts, month=month, month_posts=spent[purse], limit=limit)
            answers.append(StreamAnswer.of(stream, self._clock, spend))
        return answers
