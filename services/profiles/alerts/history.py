"""The hours of a brand and voice that a rule compares, read from the brand's buckets."""

from collections.abc import Mapping
from typing import Final, Protocol

from services.profiles.alerts.detection import Figures, figures_of
from services.profiles.folding import HOUR_SECONDS
from services.profiles.rollup import Bucket, Span
from shared.analyzed_post import Voice

WEEK_SECONDS: Final = 7 * 24 * HOUR_SECONDS
_REACH: Final = HOUR_SECONDS
_ASIDE: Final = (0, -_REACH, _REACH)


class Rollups(Protocol):
    """The part of `ProfileStore` that hours are read from."""

    async def rollups(
        self, brand: str, span: Span, start: int, end: int, voice: Voice | None = None, limit: int | None = None
    ) -> list[Bucket]:
        """See `ProfileStore.rollups`."""
        ...


class History:
    """Reads what rules of one brand and voice need, each range once however many rules ask for it.

    Hours are Unix seconds of their beginning.
    """

    def __init__(self, rollups: Rollups, brand: str, voice: Voice | None) -> None:
        """Read the buckets of a brand and voice (None for both voices together)."""
        self._rollups = rollups
        self._brand = brand
        self._voice = voice
        self._read: dict[tuple[int, int], Mapping[int, Figures]] = {}
        self._first: dict[tuple[int, int], int | None] = {}

    async def hour(self, hour: int) -> Figures:
        """Return the figures of an hour."""
        return (await self._between(hour, hour + HOUR_SECONDS)).get(hour, Figures())

    async def columns(self, hour: int, weeks: int) -> list[list[Figures]]:
        """Return what an hour is compared with: the same hour in the weeks before, then the hours beside it there.

        An hour without a bucket had no posts. Left out are the hours before the first bucket of the time that is
        looked at: nobody listened then, or not yet.
        """
        first = await self._first_bucket(hour - weeks * WEEK_SECONDS - _REACH, hour)
        columns: list[list[Figures]] = [[] for _ in _ASIDE]
        for week in range(1, weeks + 1):
            same = hour - week * WEEK_SECONDS
            found = await self._between(same - _REACH, same + _REACH + HOUR_SECONDS)
            for column, aside in zip(columns, _ASIDE, strict=True):
                if first is not None and same + aside >= first:
                    column.append(found.get(same + aside, Figures()))
        return columns

    async def _first_bucket(self, start: int, end: int) -> int | None:
        if (start, end) not in self._first:
            found = await self._rollups.rollups(self._brand, "hour", start, end, self._voice, 1)
            self._first[start, end] = found[0].start if found else None
        return self._first[start, end]

    async def _between(self, start: int, end: int) -> Mapping[int, Figures]:
        if (start, end) not in self._read:
            buckets = await self._rollups.rollups(self._brand, "hour", start, end, self._voice)
            self._read[start, end] = {bucket.start: figures_of(bucket.rollup) for bucket in buckets}
        return self._read[start, end]
