"""What a store's buckets say of a stretch of time."""

import asyncio

from services.profiles.analytics.stretch import Stretch, cover
from services.profiles.analytics.timeline import Grain, points_of, reading_of
from services.profiles.analytics.totals import total
from services.profiles.rollup import Bucket, Rollup
from services.profiles.stores.base import ProfileStore
from shared.analyzed_post import Voice

PAGE = 500
"""Buckets held at once: a full one has 4096 numbers of authors, so 32 MB at most."""


async def total_of(store: ProfileStore, brand: str, stretch: Stretch, voice: Voice | None = None) -> Rollup:
    """Return everything of the stretch together, of one voice or of both.

    Buckets are read in pages and joined off the loop, so memory is that of two pages. Raises what the store raises.
    """
    found: list[Rollup] = []
    for covered in cover(stretch):
        start: int | None = covered.start
        while start is not None:
            page = await store.rollups(brand, covered.span, start, covered.end, voice, PAGE)
            found += [bucket.rollup for bucket in page]
            if len(found) > PAGE:
                found = [await asyncio.to_thread(total, found)]
            start = page[-1].start + 1 if len(page) == PAGE else None
    return await asyncio.to_thread(total, found)


async def points_after(
    store: ProfileStore, brand: str, grain: Grain, stretch: Stretch, after: int | None, most: int, voice: Voice | None
) -> list[Bucket]:
    """Return up to `most` hours, days or weeks that have posts, by time, after the one that begins at `after`.

    They are whole ones: those that the stretch touches. Raises what the store raises.
    """
    reading = reading_of(grain, stretch, after, most)
    covered = reading.cover
    found = await store.rollups(brand, covered.span, covered.start, covered.end, voice, reading.most)
    return (await asyncio.to_thread(points_of, grain, found))[:most]
