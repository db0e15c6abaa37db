"""Buckets and posts in memory, read as a store's are; and posts of any time, voice and author to put there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from hypothesis import strategies as st

from services.profiles.folding import increment_of
from services.profiles.kept import Sample
from services.profiles.rollup import Bucket, Span, join_all, rolled_up
from services.profiles.stores.base import ProfileStore
from shared.analyzed_post import AnalyzedPost, Voice
from tests.unit.profiles.posts import analysis, post

SCORES = st.none() | st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
ANALYSES = st.builds(
    analysis,
    SCORES,
    st.sampled_from([None, "en", "de"]),
    st.sampled_from([None, "crew", "bags"]),
    supported_language=st.booleans(),
)


def _numbered(posts: Iterable[AnalyzedPost]) -> list[AnalyzedPost]:
    return [one.model_copy(update={"post_key": f"{number:032x}"}) for number, one in enumerate(posts)]


POSTS: st.SearchStrategy[list[AnalyzedPost]] = st.lists(
    st.builds(
        post,
        st.just(0),
        st.integers(1, 6),
        st.integers(-900, 100),
        ANALYSES,
        voice=st.sampled_from(["external", "internal"]),
        likes=st.integers(0, 9),
    ),
    max_size=30,
).map(_numbered)


class Shelf:
    """What a store answers of one brand's posts; `reads` counts the questions."""

    def __init__(self, posts: Iterable[AnalyzedPost]) -> None:
        """Put the posts there."""
        self.posts = list(posts)
        self.reads = 0
        self._buckets = rolled_up((one.voice, one.author_key, increment_of(one)) for one in self.posts)

    @property
    def store(self) -> ProfileStore:
        """Return the shelf as the store it stands in for."""
        return cast("ProfileStore", self)

    async def rollups(
        self, _brand: str, span: Span, start: int, end: int, voice: Voice | None = None, limit: int | None = None
    ) -> list[Bucket]:
        """See `ProfileStore.rollups`."""
        self.reads += 1
        found: dict[int, list[Bucket]] = {}
        for key, rollup in self._buckets.items():
            if key.span == span and start <= key.start < end and voice in (None, key.voice):
                found.setdefault(key.start, []).append(Bucket(key.start, rollup))
        joined = [Bucket(at, join_all(bucket.rollup for bucket in same)) for at, same in sorted(found.items())]
        return joined[:limit]

    async def sample(self, _brand: str, start: int, end: int, most: int, voice: Voice | None = None) -> Sample:
        """See `ProfileStore.sample`."""
        found = sorted(during(self.posts, start, end, voice), key=lambda one: one.post_key)
        return Sample(found[:most], len(found))


def during(posts: Iterable[AnalyzedPost], start: int, end: int, voice: Voice | None = None) -> Iterator[AnalyzedPost]:
    """Return the posts of a time (Unix seconds), of one voice or of both."""
    return (one for one in posts if start <= one.hour.timestamp() < end and voice in (None, one.voice))


def counted(posts: Iterable[AnalyzedPost]) -> Mapping[str, int | float | None]:
    """Return the plain figures of posts, counted one by one."""
    found = list(posts)
    scores = [
        round(one.analysis.sentiment.score * 10**6)
        for one in found
        if one.analysis.sentiment and one.analysis.supported_language
    ]
    return {
        "posts": len(found),
        "authors": len({one.author_key for one in found}),
        "scored_posts": len(scores),
        "mean_score": sum(scores) / len(scores) / 10**6 if scores else None,
        "likes": sum(one.likes for one in found),
    }
