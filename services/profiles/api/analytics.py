"""What a brand's buckets tell: its posts over time, by language, by category, by voice and beside other brands."""

from typing import Annotated, get_args

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from services.profiles.analytics.breakdown import (
    CategoriesView,
    LanguagesView,
    ShareOfVoiceView,
    VoicesView,
    others_of,
    view_categories,
    view_languages,
    view_share_of_voice,
    view_voices,
)
from services.profiles.analytics.bucket_reads import points_after, total_of
from services.profiles.analytics.timeline import Grain, PointView, decode_point, point_buckets
from services.profiles.analytics.window import window_between
from services.profiles.api.dependencies import (
    WEEK,
    KnownBrand,
    Length,
    MaybeLength,
    OfVoice,
    Res,
    Summed,
    Until,
    asked_window,
    known_part,
    permit,
    window_or_all_time,
)
from shared.access import Scope
from shared.analyzed_post import Voice
from shared.errors import InputError
from shared.pages import MAX_LIMIT, Page
from shared.web.auth import requires
from shared.web.dependencies import Cursor, Limit

router = APIRouter(prefix="/v1/brands/{brand}", tags=["analytics"], dependencies=[requires(Scope.READ)])

MOST_CHARACTERS = 2000


@router.get("/timeline")
async def show_timeline(
    brand: KnownBrand,
    resources: Res,
    bucket: Annotated[Grain, Query(description="what a point is; a week is an ISO week")] = "day",
    begins: Annotated[
        AwareDatetime | None, Query(alias="from", description="in the first point; by default all")
    ] = None,
    ends: Annotated[AwareDatetime | None, Query(alias="to", description="the last point is the one before it")] = None,
    voice: OfVoice = None,
    limit: Limit = MAX_LIMIT,
    cursor: Cursor = None,
) -> Page[PointView]:
    """List the hours, days or weeks that have posts, by time: whole ones, 1000 by default since a chart wants all."""
    time = window_between(begins, ends)
    after = decode_point(cursor, bucket)
    summary = await resources.store.summary(brand)
    async with resources.reads.permit_for(point_buckets(bucket, known_part(time, summary), after, limit + 1).most):
        found = await points_after(resources.store, brand, bucket, time, after, limit + 1, voice)
    return Page.of(found, limit, lambda point: [bucket, int(point.start.timestamp())])


@router.get("/languages")
async def show_languages(
    summary: Summed,
    resources: Res,
    window: MaybeLength = None,
    until: Until = None,
    voice: OfVoice = None,
) -> LanguagesView:
    """Show in which languages the posts are, of all time or of a window."""
    time = window_or_all_time(summary, window, until, resources)
    async with permit(resources, summary, time):
        return view_languages(time, await total_of(resources.store, summary.brand, time, voice))


@router.get("/categories")
async def show_categories(
    summary: Summed,
    resources: Res,
    window: MaybeLength = None,
    until: Until = None,
    voice: OfVoice = None,
) -> CategoriesView:
    """Show what the posts are about and how each category is spoken of, of all time or of a window."""
    time = window_or_all_time(summary, window, until, resources)
    async with permit(resources, summary, time):
        return view_categories(time, await total_of(resources.store, summary.brand, time, voice))


@router.get("/voices")
async def show_voices(summary: Summed, resources: Res, window: Length = WEEK, until: Until = None) -> VoicesView:
    """Show people's posts beside the brand's own."""
    time = asked_window(summary, window, until, resources)
    voices: tuple[Voice, ...] = get_args(Voice)
    async with permit(resources, summary, *[time] * len(voices)):
        found = {voice: await total_of(resources.store, summary.brand, time, voice) for voice in voices}
    return view_voices(time, found)


@router.get("/share-of-voice")
async def show_share_of_voice(
    summary: Summed,
    resources: Res,
    others: Annotated[
        str, Query(alias="with", max_length=MOST_CHARACTERS, description="the other brands, by commas: 20 at most")
    ],
    window: Length = WEEK,
    until: Until = None,
    voice: Annotated[Voice, Query(description="whose posts: people's alone by default")] = "external",
) -> ShareOfVoiceView:
    """Compare the brand with others over the same time, which ends with this brand's newest hour by default."""
    time = asked_window(summary, window, until, resources)
    brands = [summary.brand, *others_of(others, summary.brand)]
    for name in brands:
        if not await resources.store.has_brand(name):
            raise InputError(f"with: no post of the brand {name} was ever counted", ("query", "with"))
    async with permit(resources, None, *[time] * len(brands)):
        found = {name: await total_of(resources.store, name, time, voice) for name in brands}
    return view_share_of_voice(time, found)
