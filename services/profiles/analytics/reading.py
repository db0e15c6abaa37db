"""What a store's buckets say of a stretch of time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from services.profiles.analytics.stretch import Cover, Stretch, cover
from services.profiles.analytics.timeline import Grain, PointView, points_of, reading_of, unfinished, view_points
from services.profiles.analytics.totals import total
from services.profiles.rollup import Bucket, Rollup
from services.profiles.stores.base import ProfileStore
from shared.analyzed_post import Voice

PAGE: Final = 200
"""Buckets read at once: a full one has 4096 numbers of authors, so 13 MB at most, and the store is soon free again."""


async def total_of(store: ProfileStore, brand: str, stretch: Stretch, voice: Voice | None = None) -> Rollup:
    """Return everything of the stretch together, of one voice or of both.

    Buckets are read in pages and joined off the loop, so memory is that of two pages. Raises what the store raises.
    """
    found: list[Rollup] = []
    for covered in cover(stretch):
        async with aclosing(_pages(store, brand, covered, voice, covered.most)) as pages:
            async for page in pages:
                found += [bucket.rollup for bucket in page]
                if len(found) > PAGE:
                    found = [await asyncio.to_thread(total, found)]
    return await asyncio.to_thread(total, found)


async def points_after(
    store: ProfileStore, brand: str, grain: Grain, stretch: Stretch, after: int | None, most: int, voice: Voice | None
) -> list[PointView]:
    """Return up to `most` hours, days or weeks that have posts, by time, after the one that begins at `after`.

    They are whole ones: those that the stretch touches. Buckets are read in pages until there are enough points,
    and no page is held after its points are made. Raises what the store raises.
    """
    reading = reading_of(grain, stretch, after, most)
    points: list[PointView] = []
    rest: list[Bucket] = []
    async with aclosing(_pages(store, brand, reading.cover, voice, reading.most)) as pages:
        async for page in pages:
            found = [*rest, *page]
            whole = len(found) - unfinished(grain, found)
            points += await asyncio.to_thread(_view, grain, found[:whole])
            rest = found[whole:]
            if len(points) >= most:
                break
    return [*points, *await asyncio.to_thread(_view, grain, rest)][:most]


async def _pages(
    store: ProfileStore, brand: str, covered: Cover, voice: Voice | None, most: int
) -> AsyncGenerator[list[Bucket], None]:
    """Yield up to `most` of the buckets by time, in pages; none is empty."""
    start, left = covered.start, most
    while left:
        asked = min(PAGE, left)
        page = await store.rollups(brand, covered.span, start, covered.end, voice, asked)
        if page:
            yield page
        if len(page) < asked:
            return
        start, left = page[-1].start + 1, left - len(page)


def _view(grain: Grain, buckets: list[Bucket]) -> list[PointView]:
    return view_points(points_of(grain, buckets))
