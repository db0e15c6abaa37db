"""Hypothesis strategies for posts, increments and sums of embeddings."""

from functools import reduce

from hypothesis import strategies as st

from services.profiles.embedding import Embeddings, add, has_length, quantised, sum_of
from services.profiles.folding import Increment, combine_all, increment_of
from shared.analyzed_post import AnalyzedPost
from tests.unit.profiles.posts import analysis, key, post

SCORES = st.none() | st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1.0])
COUNTS = st.integers(0, 10**12)
ACCOUNTS = st.fixed_dictionaries(
    {},
    optional={
        "followers": COUNTS,
        "posts": COUNTS,
        "verified": st.booleans(),
        "age_months": st.integers(0, 1200),
    },
)
ANALYSES = st.builds(
    analysis,
    SCORES,
    st.sampled_from([None, "en", "de", "und"]),
    st.sampled_from([None, "crew", "a.b", "$set"]),
    subjectivity=SCORES,
    supported_language=st.booleans(),
)
POSTS: st.SearchStrategy[AnalyzedPost] = st.builds(
    post,
    st.integers(0, 10**6),
    st.just(1),
    st.integers(-1000, 1000),
    ANALYSES,
    account=ACCOUNTS,
    likes=COUNTS,
    is_repost=st.booleans(),
    is_reply=st.booleans(),
    key_version=st.integers(1, 3),
)


def _of_one(posts: list[AnalyzedPost], unknown: bool) -> list[AnalyzedPost]:  # noqa: FBT001 - by a strategy
    return [one.model_copy(update={"author_is_unknown": unknown}) for one in posts]


POST_LISTS = st.builds(_of_one, st.lists(POSTS, max_size=8), st.booleans())
"""Posts of one author key: all of a person, or all of those whom the network does not tell."""
INCREMENTS: st.SearchStrategy[Increment] = st.builds(lambda posts: combine_all(map(increment_of, posts)), POST_LISTS)
NUMBERS = st.floats(-1, 1) | st.floats(-1e6, 1e6)
EMBEDDINGS = st.lists(NUMBERS, min_size=1, max_size=40).filter(
    lambda one: has_length(one) and max(map(abs, one)) > 1e-6
)
"""Embeddings whose numbers are of usual size."""


def _one(version: str, embedding: list[float]) -> Embeddings:
    return {version: sum_of(quantised(embedding))}


def _total(ones: list[Embeddings]) -> Embeddings:
    return reduce(add, ones, {})


SUMS: st.SearchStrategy[Embeddings] = st.lists(
    st.builds(
        _one,
        st.sampled_from(["v1", "v2"]),
        st.lists(st.floats(-1, 1), min_size=3, max_size=3).filter(has_length),
    ),
    max_size=6,
).map(_total)
"""Sums of up to six embeddings of two versions."""
DIRECTIONS = st.sampled_from([[1.0, 2.0, -3.0], [0.25, 0.0, 0.5], [-7.0, 1e-4, 0.3]])
EMBEDDED_POSTS: st.SearchStrategy[AnalyzedPost] = st.builds(
    lambda one, embedding, version, author, voice, text: one.model_copy(
        update={
            "analysis": one.analysis.model_copy(update={"embedding": embedding}),
            "embedding_version": version,
            "author_key": key(author),
            "voice": voice,
            "text": text,
        }
    ),
    POSTS,
    DIRECTIONS,
    st.sampled_from(["v1", "v2"]),
    st.integers(0, 4),
    st.sampled_from(["external", "internal"]),
    st.none() | st.text(max_size=20),
)
"""Posts by several authors of both voices, with embeddings and texts."""
