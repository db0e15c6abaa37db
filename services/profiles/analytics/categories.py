"""What the posts of a brand are about, by the category that the model gave them, and how each is spoken of."""

from datetime import datetime

from pydantic import BaseModel, Field

from services.profiles.analytics.figures import share_of
from services.profiles.analytics.stretch import Stretch
from services.profiles.profile import mean_of_millionths
from services.profiles.rollup import Rollup
from services.profiles.views import by_posts, view_time


class CategoryView(BaseModel):
    """`share` is of the posts that have a category, together 1; `mean_score` is null where none was scored."""

    name: str
    posts: int
    share: float | None
    scored_posts: int
    mean_score: float | None


class CategoriesView(BaseModel):
    """Every category of the posts from `from` up to before `to`, most posts first; `posts` counts the others too."""

    begins: datetime = Field(serialization_alias="from")
    ends: datetime = Field(serialization_alias="to")
    posts: int
    items: list[CategoryView]


def view_categories(stretch: Stretch, rollup: Rollup) -> CategoriesView:
    """Return the categories as they are shown."""
    posts = by_posts({name: scored.posts for name, scored in rollup.categories.items()})
    return CategoriesView(
        begins=view_time(stretch.start),
        ends=view_time(stretch.end),
        posts=rollup.posts,
        items=[_view(name, rollup, sum(posts.values())) for name in posts],
    )


def _view(name: str, rollup: Rollup, categorised: int) -> CategoryView:
    scored = rollup.categories[name]
    return CategoryView(
        name=name,
        posts=scored.posts,
        share=share_of(scored.posts, categorised),
        scored_posts=scored.scored_posts,
        mean_score=mean_of_millionths(scored.score_sum, scored.scored_posts),
    )
