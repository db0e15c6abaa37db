"""The people and things that a brand's posts name."""

import asyncio
from collections.abc import Sequence
from itertools import islice

from pydantic import BaseModel

from services.profiles.analytics.figures import PeriodView, view_period
from services.profiles.analytics.mentions import Mention, may_be_shown, mention_of, occurrences_of, with_names
from services.profiles.analytics.persons import Persons, names_in
from services.profiles.analytics.window import HourWindow
from services.profiles.kept import Sample
from services.profiles.stores.base import ProfileStore
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


class EntitiesView(PeriodView):
    """Entities of the posts from `from` up to before `to` that still have a text, those of most posts first.

    `posts_looked_at` of all `posts_in_all` were counted, and nothing is scaled up.
    """

    posts_looked_at: int
    posts_in_all: int
    items: list[EntityView]


async def entities(
    store: ProfileStore, brand: str, window: HourWindow, voice: Voice | None, only: EntityType | None, limit: int
) -> EntitiesView:
    """Return the `limit` entities, of one type or of all, that most posts name; raises what the store raises."""
    sample = await store.sample(brand, window.start, window.end, MOST_POSTS, voice)
    found = await asyncio.to_thread(most_named, sample.posts, only, limit)
    return _view(window, sample, found)


def most_named(posts: Sequence[AnalyzedPost], only: EntityType | None, limit: int) -> list[tuple[str, Mention]]:
    """Return up to `limit` entities of a type, or of all, as they are written most often, and what is known of them.

    Those of most posts come first, equal ones by name and type. Spellings that differ in case or width alone are one
    entity of each type. What would show a person of whom fewer than five authors wrote is left out, and what one
    author alone named.
    """
    occurrences = occurrences_of(posts, frozenset({"entity"}))
    found = [mention_of(posts, term, seen) for term, seen in occurrences.items() if only in (None, term.type)]
    found.sort(key=lambda mention: (-mention.posts, mention.term.text, mention.term.type or ""))
    persons = Persons(names_in(posts))
    shown = list(islice((mention for mention in found if may_be_shown(mention, persons)), limit))
    return with_names(posts, shown)


def _view(window: HourWindow, sample: Sample, found: Sequence[tuple[str, Mention]]) -> EntitiesView:
    return EntitiesView(
        **view_period(window),
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
