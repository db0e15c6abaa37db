"""Posts that say something, for tests of words and names."""

from shared.analysis import Entity, EntityType
from shared.analyzed_post import AnalyzedPost
from tests.unit.profiles.posts import analysis, post


def named(name: str, kind: EntityType) -> Entity:
    """Return an entity of that name at the beginning of a text."""
    return Entity(text=name, type=kind, start=0, end=len(name))


def said(number: int, text: str | None, author: int = 1, score: float | None = 0.5, *names: Entity) -> AnalyzedPost:
    """Return the post of that number with a text, a score and the entities that the model found in it."""
    return post(number, author, 0, analysis(score, entities=list(names)), text=text)
