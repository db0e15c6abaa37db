"""Posts made ready for a store: everything that can be computed before the store is asked for anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.profiles.embedding import all_quantised
from services.profiles.folding import Increment, adds_of
from shared.analyzed_post import AnalyzedPost


@dataclass(frozen=True, slots=True)
class Arrival:
    """A post, the moment it was stored at (Unix seconds), its embedding as stores keep it, and what it adds."""

    post: AnalyzedPost
    stored_at: int
    embedding: bytes | None
    adds: Increment


def arrivals(posts: Sequence[AnalyzedPost], stored_at: Sequence[int]) -> list[Arrival]:
    """Return posts made ready, the first of each key; `stored_at` has a moment for each. CPU work."""
    first: dict[str, tuple[AnalyzedPost, int]] = {}
    for post, moment in zip(posts, stored_at, strict=True):
        first.setdefault(post.post_key, (post, moment))
    embeddings = _quantised([post for post, _ in first.values()])
    return [
        Arrival(post, moment, embedding := embeddings.get(post.post_key), adds_of(post, embedding))
        for post, moment in first.values()
    ]


def _quantised(posts: Sequence[AnalyzedPost]) -> dict[str, bytes]:
    """Return the embeddings of posts that have one, by key: those of one length at once."""
    by_length: dict[int, list[AnalyzedPost]] = {}
    for post in posts:
        if post.analysis.embedding is not None:
            by_length.setdefault(len(post.analysis.embedding), []).append(post)
    return {
        post.post_key: embedding
        for alike in by_length.values()
        for post, embedding in zip(alike, all_quantised([post.analysis.embedding or [] for post in alike]), strict=True)
    }
