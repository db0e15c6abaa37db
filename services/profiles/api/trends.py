"""What is named in a brand's posts, and what is named more than before: from the posts that still have a text."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query

from services.profiles.analytics.mentions import KINDS, Kind
from services.profiles.analytics.top_entities import EntitiesView, entities
from services.profiles.analytics.trends import TrendingView, trending
from services.profiles.analytics.window import length_of, window_of
from services.profiles.api.dependencies import Length, OfVoice, Res, Summed, Until, asked_window
from shared.access import Scope
from shared.analysis import EntityType
from shared.pages import DEFAULT_LIMIT
from shared.web.auth import requires
from shared.web.dependencies import Limit

router = APIRouter(prefix="/v1/brands/{brand}", tags=["trends"], dependencies=[requires(Scope.READ)])

MONTH: Final = "30d"
DAY: Final = "24h"
BASELINE: Final = "28d"
AskedKind = Literal["terms", "hashtags", "entities", "all"]
_KINDS: Final[dict[AskedKind, frozenset[Kind]]] = {
    "terms": frozenset({"term"}),
    "hashtags": frozenset({"hashtag"}),
    "entities": frozenset({"entity"}),
    "all": KINDS,
}


@router.get("/entities")
async def show_entities(
    summary: Summed,
    resources: Res,
    window: Length = MONTH,
    until: Until = None,
    voice: OfVoice = None,
    only: Annotated[EntityType | None, Query(alias="type", description="entities of one type; by default all")] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> EntitiesView:
    """Show who and what most posts name; a person whom fewer than five authors named is not shown."""
    time = asked_window(summary, window, until, resources)
    async with resources.reads.permit():
        return await entities(resources.store, summary.brand, time, voice, only, limit)


@router.get("/trending")
async def show_trending(
    summary: Summed,
    resources: Res,
    window: Length = DAY,
    baseline: Annotated[Length, Query(description="how long before the window is what it is compared with")] = BASELINE,
    until: Until = None,
    voice: OfVoice = None,
    kind: AskedKind = "all",
    limit: Limit = DEFAULT_LIMIT,
) -> TrendingView:
    """Show what is surely more frequent in the window than in the baseline before it, the surest first."""
    time = asked_window(summary, window, until, resources)
    before = window_of(length_of(baseline, "baseline"), time.start)
    async with resources.reads.permit():
        return await trending(resources.store, summary.brand, time, before, voice, _KINDS[kind], limit)
