"""What routes ask for by annotation: the brand of the path, and the time and the voice of the query."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime

from services.profiles.analytics.window import (
    MOST_DAYS,
    PATTERN,
    HourWindow,
    all_time,
    hour_end,
    length_of,
    most_buckets,
    newest_end,
    window_of,
)
from services.profiles.profile import BrandSummary
from services.profiles.resources import Resources
from shared.analyzed_post import Voice
from shared.brand import Brand
from shared.errors import NotFoundError
from shared.web.dependencies import opened

Res = Annotated[Resources, Depends(opened)]

NO_POSTS = "no post of this brand was ever counted"
WEEK = "7d"
_LENGTH = Query(
    pattern=PATTERN, description=f"so many whole hours or days, such as 24h or 7d, {MOST_DAYS} days at most"
)
Length = Annotated[str, _LENGTH]
MaybeLength = Annotated[str | None, _LENGTH]
Until = Annotated[
    AwareDatetime | None,
    Query(
        description="where the window ends, rounded up to a full hour; by default the end of the hour of the brand's "
        "newest post, but not after the end of the present hour"
    ),
]
OfVoice = Annotated[Voice | None, Query(description="whose posts: people's or the brand's own; by default both")]


async def known_brand(brand: Brand, resources: Res) -> str:
    """Return the brand of the path; raises NotFoundError where it has no posts."""
    if not await resources.store.has_brand(brand):
        raise NotFoundError(NO_POSTS)
    return brand


KnownBrand = Annotated[str, Depends(known_brand)]


async def summed_brand(brand: Brand, resources: Res) -> BrandSummary:
    """Return the brand of the path in sum; raises NotFoundError where it has no posts."""
    summary = await resources.store.summary(brand)
    if summary is None:
        raise NotFoundError(NO_POSTS)
    return summary


Summed = Annotated[BrandSummary, Depends(summed_brand)]


def end_of(summary: BrandSummary, until: datetime | None, resources: Res) -> int:
    """Return where the brand's windows end (Unix seconds); raises InputError."""
    return newest_end(summary.last_seen, resources.clock.now()) if until is None else hour_end(until, "until")


def asked_window(summary: BrandSummary, window: str, until: datetime | None, resources: Res) -> HourWindow:
    """Return the window asked for; raises InputError, naming the field."""
    return window_of(length_of(window, "window"), end_of(summary, until, resources))


def permit(resources: Res, summary: BrandSummary | None, *windows: HourWindow) -> AbstractAsyncContextManager[None]:
    """Return a permit for long readings where the buckets of these windows may be many, else nothing."""
    return resources.reads.permit_for(sum(most_buckets(known_part(window, summary)) for window in windows))


def known_part(window: HourWindow, summary: BrandSummary | None) -> HourWindow:
    """Return the part of the window in which the brand had posts, all of it without a summary.

    To reckon how long a reading is, so that a young brand never waits for a permit; what is read is not cut by it.
    """
    return window if summary is None else window.within(all_time(summary.first_seen, summary.last_seen))


def window_or_all_time(summary: BrandSummary, window: str | None, until: datetime | None, resources: Res) -> HourWindow:
    """Return the window asked for, or without one everything up to `until` or of all time; raises InputError."""
    if window is not None:
        return asked_window(summary, window, until, resources)
    end = None if until is None else hour_end(until, "until")
    return all_time(summary.first_seen, summary.last_seen, end)
