"""A brand's posts broken down by language, by category, by voice, and beside those of other brands."""

import re
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from services.profiles.analytics.figures import (
    FiguresView,
    PeriodView,
    ReachView,
    by_posts,
    share_of,
    view_all_figures,
    view_figures,
    view_period,
)
from services.profiles.analytics.window import HourWindow
from services.profiles.profile import mean_of_millionths
from services.profiles.rollup import Rollup
from shared.analyzed_post import Voice
from shared.brand import BRAND_PATTERN
from shared.errors import InputError

MOST_OTHERS: Final = 20


class LanguageView(BaseModel):
    """`code` is that of the analysis, `und` where the language is unknown; `share` is of all posts, together 1."""

    code: str
    posts: int
    share: float | None


class LanguagesView(PeriodView):
    """Every language of the posts from `from` up to before `to`, with most posts first."""

    posts: int
    items: list[LanguageView]


class CategoryView(BaseModel):
    """`share` is of the posts that have a category, together 1; `mean_score` is null where none was scored."""

    name: str
    posts: int
    share: float | None
    scored_posts: int
    mean_score: float | None


class CategoriesView(PeriodView):
    """Every category of the posts from `from` up to before `to`, most posts first; `posts` counts the others too."""

    posts: int
    items: list[CategoryView]


class VoiceView(ReachView, FiguresView):
    """One voice; `share` is of the posts of both, together 1, null where there is none."""

    voice: Voice
    share: float | None


class VoicesView(PeriodView):
    """Both voices, external first, from `from` up to before `to`."""

    items: list[VoiceView]


class BrandShareView(FiguresView):
    """One brand; `share` is of the posts of all brands compared, together 1, null where there is none."""

    brand: str
    share: float | None


class ShareOfVoiceView(PeriodView):
    """The brands compared, each from `from` up to before `to`, most posts first."""

    items: list[BrandShareView]


def view_languages(window: HourWindow, rollup: Rollup) -> LanguagesView:
    """Return the languages as they are shown."""
    items = [
        LanguageView(code=code, posts=posts, share=share_of(posts, rollup.posts))
        for code, posts in by_posts(rollup.languages).items()
    ]
    return LanguagesView(**view_period(window), posts=rollup.posts, items=items)


def view_categories(window: HourWindow, rollup: Rollup) -> CategoriesView:
    """Return the categories as they are shown."""
    posts = by_posts({name: scored.posts for name, scored in rollup.categories.items()})
    categorised = sum(posts.values())
    items = [
        CategoryView(
            name=name,
            posts=scored.posts,
            share=share_of(scored.posts, categorised),
            scored_posts=scored.scored_posts,
            mean_score=mean_of_millionths(scored.score_sum, scored.scored_posts),
        )
        for name, scored in ((name, rollup.categories[name]) for name in posts)
    ]
    return CategoriesView(**view_period(window), posts=rollup.posts, items=items)


def view_voices(window: HourWindow, voices: Mapping[Voice, Rollup]) -> VoicesView:
    """Return the voices as they are shown, in the order given."""
    posts = sum(rollup.posts for rollup in voices.values())
    items = [
        VoiceView(voice=voice, share=share_of(rollup.posts, posts), **view_all_figures(rollup))
        for voice, rollup in voices.items()
    ]
    return VoicesView(**view_period(window), items=items)


def others_of(listed: str, brand: str) -> list[str]:
    """Return the brands in `a,b,c`, each once and without `brand` itself.

    Raises InputError, naming `with`, where there are none or more than 20, or where one is no slug.
    """
    names = listed.split(",")
    for number, name in enumerate(names):
        if not re.fullmatch(BRAND_PATTERN, name):
            raise InputError(f"with: brand {number} is no slug; separate slugs by commas", ("query", "with"))
    others = [name for name in dict.fromkeys(names) if name != brand]
    if not 1 <= len(others) <= MOST_OTHERS:
        raise InputError(f"with must name 1 to {MOST_OTHERS} other brands", ("query", "with"))
    return others


def view_share_of_voice(window: HourWindow, brands: Mapping[str, Rollup]) -> ShareOfVoiceView:
    """Return the comparison as it is shown; of brands with as many posts the first by name comes first."""
    posts = sum(rollup.posts for rollup in brands.values())
    ranked = sorted(brands.items(), key=lambda item: (-item[1].posts, item[0]))
    items = [
        BrandShareView(brand=brand, share=share_of(rollup.posts, posts), **dict(view_figures(rollup)))
        for brand, rollup in ranked
    ]
    return ShareOfVoiceView(**view_period(window), items=items)
