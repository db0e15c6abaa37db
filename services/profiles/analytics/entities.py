"""Who and what is named in a brand's posts."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from pydantic import BaseModel, Field

from services.profiles.analytics.mentions import Mention, may_be_shown, mention_of, names_of, places_of
from services.profiles.analytics.persons import Persons, names_in
from services.profiles.analytics.stretch import Stretch
from services.profiles.kept import Sample
from services.profiles.stores.base import ProfileStore
from services.profiles.views import view_time
from shared.analysis import EntityType
from shared.analyzed_post import AnalyzedPost, Voice

MOST_POSTS = 20_000
"""Posts looked at, in one thread; of more a fair sample."""


class EntityView(BaseModel):
    """`posts`, `authors` and the mean score are of the posts looked at; `name` is the most frequent spelling."""

    type: EntityType
    name: str
    posts: int
    authors: int
    scored_posts: int
    mean_score: float | None


class EntitiesView(BaseModel):
    """Entities of the posts from `from` up to before `to` that still have a text, those of most posts first.

    `posts_looked_at` of all `posts_in_all` were counted, and nothing is scaled up.
    """

    begins: datetime = Field(serialization_alias="from")
    ends: datetime = Field(serialization_alias="to")
    posts_looked_at: int
    posts_in_all: int
    items: list[EntityView]


async def entities(
    store: ProfileStore, brand: str, stretch: Stretch, voice: Voice | None, only: EntityType | None, limit: int
) -> EntitiesView:
    """Return the `limit` entities, of one type or of all, that most posts name; raises what the store raises."""
    sample = await store.sample(brand, stretch.start, stretch.end, MOST_POSTS, voice)
    found = await asyncio.to_thread(most_named, sample.posts, only, limit)
    return _view(stretch, sample, found)


def most_named(posts: Sequence[AnalyzedPost], only: EntityType | None, limit: int) -> list[tuple[str, Mention]]:
    """Return up to `limit` entities of a type, or of all, as they are written most often, and what is known of them.

    Those of most posts come first, equal ones by name and type. Spellings that differ in case or width alone are one
    entity of each type. What would show a person of whom fewer than five authors wrote is left out, and what one
    author alone named.
    """
    places = places_of(posts, frozenset({"entity"}))
    found = [mention_of(posts, term, where) for term, where in places.items() if only in (None, term.type)]
    found.sort(key=lambda mention: (-mention.posts, mention.term.text, mention.term.type or ""))
    persons = Persons(names_in(posts))
    shown = list(islice((mention for mention in found if may_be_shown(mention, persons)), limit))
    names = names_of(posts, [mention.term for mention in shown])
    return [(names[mention.term], mention) for mention in shown]


def _view(stretch: Stretch, sample: Sample, found: Sequence[tuple[str, Mention]]) -> EntitiesView:
    return EntitiesView(
        begins=view_time(stretch.start),
        ends=view_time(stretch.end),
        posts_looked_at=len(sample.posts),
        posts_in_all=sample.posts_in_all,
        items=[
            EntityView(
                type=mention.term.type,
                name=name,
                posts=mention.posts,
                authors=mention.authors,
                scored_posts=mention.scored_posts,
                mean_score=mention.mean_score,
            )
            for name, mention in found
            if mention.term.type is not None
        ],
    )
