"""What a store's buckets say of a window, and how many long readings there are at once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext
from typing import Final

from services.profiles.analytics.timeline import Grain, PointView, point_buckets, total, unfinished, view_points
from services.profiles.analytics.window import BucketRange, HourWindow, bucket_ranges
from services.profiles.rollup import Bucket, Rollup
from services.profiles.stores.base import ProfileStore
from shared.analyzed_post import Voice
from shared.errors import OverloadedError

PAGE: Final = 200
"""Buckets read at once: a full one has 4096 numbers of authors, so 13 MB at most, and the store is soon free again."""
PERMITS: Final = 2
MOST_WAITING: Final = 16
WAIT_SECONDS: Final = 5
"""A sample of 20,000 posts is read and looked through in a few seconds."""
WIDE: Final = 400
"""Buckets. Of as many or fewer, a year of days, both readers of a store are soon free again."""


async def total_of(store: ProfileStore, brand: str, window: HourWindow, voice: Voice | None = None) -> Rollup:
    """Return everything of the window together, of one voice or of both.

    Buckets are read in pages and joined off the loop, so memory is that of two pages. Raises what the store raises.
    """
    found: list[Rollup] = []
    for buckets in bucket_ranges(window):
        async with aclosing(_pages(store, brand, buckets, voice, buckets.most)) as pages:
            async for page in pages:
                found += [bucket.rollup for bucket in page]
                if len(found) > PAGE:
                    found = [await asyncio.to_thread(total, found)]
    return await asyncio.to_thread(total, found)


async def points_after(
    store: ProfileStore, brand: str, grain: Grain, window: HourWindow, after: int | None, most: int, voice: Voice | None
) -> list[PointView]:
    """Return up to `most` hours, days or weeks that have posts, by time, after the one that begins at `after`.

    They are whole ones: those that the window touches. Buckets are read in pages until there are enough points,
    and no page is held after its points are made. Raises what the store raises.
    """
    needed = point_buckets(grain, window, after, most)
    points: list[PointView] = []
    rest: list[Bucket] = []
    async with aclosing(_pages(store, brand, needed.range, voice, needed.most)) as pages:
        async for page in pages:
            found = [*rest, *page]
            whole = len(found) - unfinished(grain, found)
            points += await asyncio.to_thread(view_points, grain, found[:whole])
            rest = found[whole:]
            if len(points) >= most:
                break
    return [*points, *await asyncio.to_thread(view_points, grain, rest)][:most]


async def _pages(
    store: ProfileStore, brand: str, buckets: BucketRange, voice: Voice | None, most: int
) -> AsyncGenerator[list[Bucket], None]:
    """Yield up to `most` of the buckets by time, in pages; none is empty."""
    start, left = buckets.start, most
    while left:
        asked = min(PAGE, left)
        page = await store.rollups(brand, buckets.span, start, buckets.end, voice, asked)
        if page:
            yield page
        if len(page) < asked:
            return
        start, left = page[-1].start + 1, left - len(page)


class ReadLimit:
    """Two long readings at a time, so that memory is bounded and the store stays free for others; 16 wait at most.

    Belongs to one event loop.
    """

    def __init__(self) -> None:
        """Begin with all permits free."""
        self._permits = asyncio.Semaphore(PERMITS)
        self._waiting = 0

    def permit_for(self, buckets: int) -> AbstractAsyncContextManager[None]:
        """Return `permit` where up to so many buckets are to be read that others would wait for it, else nothing."""
        return self.permit() if buckets > WIDE else nullcontext()

    @asynccontextmanager
    async def permit(self) -> AsyncGenerator[None, None]:
        """Hold a permit inside, after waiting for one; raises OverloadedError where too many wait."""
        if self._waiting >= MOST_WAITING:
            raise OverloadedError("too many long readings wait; ask again after a while", WAIT_SECONDS)
        self._waiting += 1
        try:
            await self._permits.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._permits.release()
