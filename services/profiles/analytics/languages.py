"""The languages of a brand's posts."""

from datetime import datetime

from pydantic import BaseModel, Field

from services.profiles.analytics.figures import share_of
from services.profiles.analytics.stretch import Stretch
from services.profiles.rollup import Rollup
from services.profiles.views import by_posts, view_time


class LanguageView(BaseModel):
    """`code` is that of the analysis, `und` where nobody could tell; `share` is of all posts, together 1."""

    code: str
    posts: int
    share: float | None


class LanguagesView(BaseModel):
    """Every language of the posts from `from` up to before `to`, with most posts first."""

    begins: datetime = Field(serialization_alias="from")
    ends: datetime = Field(serialization_alias="to")
    posts: int
    items: list[LanguageView]


def view_languages(stretch: Stretch, rollup: Rollup) -> LanguagesView:
    """Return the languages as they are shown."""
    return LanguagesView(
        begins=view_time(stretch.start),
        ends=view_time(stretch.end),
        posts=rollup.posts,
        items=[
            LanguageView(code=code, posts=posts, share=share_of(posts, rollup.posts))
            for code, posts in by_posts(rollup.languages).items()
        ],
    )
