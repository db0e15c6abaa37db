"""A brand beside others: whose posts are how much of all that are said of any of them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field

from services.profiles.analytics.figures import FiguresView, share_of, view_figures
from services.profiles.analytics.stretch import Stretch
from services.profiles.rollup import Rollup
from services.profiles.views import view_time
from shared.brand import BRAND_PATTERN
from shared.errors import InputError

MOST_OTHERS: Final = 20


class BrandShareView(FiguresView):
    """One brand; `share` is of the posts of all brands compared, together 1, null where there is none."""

    brand: str
    share: float | None


class ShareOfVoiceView(BaseModel):
    """The brands compared, each from `from` up to before `to`, most posts first."""

    begins: datetime = Field(serialization_alias="from")
    ends: datetime = Field(serialization_alias="to")
    items: list[BrandShareView]


def others_of(listed: str, brand: str) -> list[str]:
    """Return the brands in `a,b,c`, each once and without `brand` itself.

    Raises InputError, naming `with`, where there are none or more than 20, or where one is no slug.
    """
    names = listed.split(",")
    for place, name in enumerate(names):
        if not re.fullmatch(BRAND_PATTERN, name):
            raise InputError(f"with: brand {place} is no slug; separate slugs by commas", ("query", "with"))
    others = [name for name in dict.fromkeys(names) if name != brand]
    if not 1 <= len(others) <= MOST_OTHERS:
        raise InputError(f"with must name 1 to {MOST_OTHERS} other brands", ("query", "with"))
    return others


def view_share_of_voice(stretch: Stretch, brands: Mapping[str, Rollup]) -> ShareOfVoiceView:
    """Return the comparison as it is shown; of brands with as many posts the first by name comes first."""
    posts = sum(rollup.posts for rollup in brands.values())
    ranked = sorted(brands.items(), key=lambda item: (-item[1].posts, item[0]))
    return ShareOfVoiceView(
        begins=view_time(stretch.start),
        ends=view_time(stretch.end),
        items=[
            BrandShareView(brand=brand, share=share_of(rollup.posts, posts), **dict(view_figures(rollup)))
            for brand, rollup in ranked
        ],
    )
