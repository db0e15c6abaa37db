"""Hypothesis strategies for what stores keep, and a brand that has some of everything."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from services.profiles.embedding import dequantised, quantised
from services.profiles.folding import combine_all, increment_of
from services.profiles.kept import KeptBucket, KeptPost, KeptProfile
from services.profiles.profile import Profile
from services.profiles.rollup import rolled_up
from services.profiles.transfer.profile_table import BASES
from services.profiles.transfer.tables import KeptRemoval
from shared.analysis import Analysis, Classification, Entity, Language
from shared.analyzed_post import AnalyzedPost
from tests.unit.profiles.posts import analysis, key, post, sentiment
from tests.unit.profiles.strategies import ACCOUNTS, COUNTS, SCORES

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(["=1+1", "-x", "@a", "a\nb,c"])
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
KEYS = st.integers(0, 16**32 - 1).map(key)
CLASSES = st.none() | st.builds(
    lambda label, score, shares: Classification(label=label, score=score, probabilities=shares),
    NAMES,
    st.floats(0, 1),
    st.dictionaries(NAMES, st.floats(0, 1), max_size=3),
)
ENTITIES = st.builds(
    lambda text, start: Entity(text=text, type="person", start=start, end=start + 1), TEXTS, st.integers(0, 99)
)
EMBEDDINGS = st.lists(st.integers(-9, 9), min_size=3, max_size=3).filter(any).map(lambda a: dequantised(quantised(a)))
ANALYSES = st.builds(
    lambda score, code, **more: Analysis(
        sentiment=None if score is None else sentiment(score),
        language=None if code is None else Language(code=code, confidence=0.25),
        **more,
    ),
    SCORES,
    st.sampled_from([None, "en", "de", "und"]),
    category=CLASSES,
    emotion=CLASSES,
    entities=st.none() | st.lists(ENTITIES, max_size=2),
    subjectivity=SCORES,
    offensive=SCORES,
    embedding=st.none() | EMBEDDINGS,
    truncated=st.booleans(),
    supported_language=st.booleans(),
)


def _post(number: int, analyzed: Analysis, **more: Any) -> AnalyzedPost:
    return post(number, analyzed=analyzed, embedding_version=None if analyzed.embedding is None else "mini-1", **more)


POSTS = st.builds(
    _post,
    st.integers(0, 10**6),
    ANALYSES,
    author=st.integers(0, 9),
    hours=st.integers(-60, 60),
    account=ACCOUNTS,
    likes=COUNTS,
    is_repost=st.booleans(),
    key_version=st.integers(1, 3),
    voice=st.sampled_from(["external", "internal"]),
    text=st.none() | TEXTS,
    author_is_unknown=st.booleans(),
)
DATED = st.builds(
    lambda item, stored: KeptPost(item.post_key, item.author_key, item.key_version, stored, item),
    POSTS,
    st.integers(0, 2 * 10**9),
)
BARE = st.builds(KeptPost, KEYS, st.none() | KEYS, st.integers(0, 3))


def _in_order(posts: Sequence[KeptPost]) -> list[KeptPost]:
    dated = {(kept.post.hour, kept.post_key): kept for kept in posts if kept.post}
    bare = {kept.post_key: kept for kept in posts if kept.post is None}
    return [*(dated[place] for place in sorted(dated)), *(bare[place] for place in sorted(bare))]


KEPT_POSTS = st.lists(DATED | BARE, max_size=12).map(_in_order)
KEPT_PROFILES = st.lists(
    st.builds(
        lambda posts, clusters, remnants: KeptProfile(
            Profile("acme", posts[0].author_key, combine_all(map(increment_of, posts)), clusters), remnants
        ),
        st.lists(POSTS, min_size=1, max_size=4),
        st.dictionaries(st.sampled_from(BASES), st.integers(0, 50)),
        st.integers(0, 1),
    ),
    max_size=5,
    unique_by=lambda kept: kept.profile.author_key,
).map(lambda rows: sorted(rows, key=lambda kept: kept.profile.author_key))
KEPT_BUCKETS = st.lists(POSTS, max_size=8).map(
    lambda posts: [
        KeptBucket(place, rollup)
        for place, rollup in sorted(
            rolled_up((item.voice, item.author_key, increment_of(item)) for item in posts).items()
        )
    ]
)
REMOVED = st.lists(
    st.builds(lambda who: KeptRemoval("erased", who), KEYS)
    | st.builds(lambda who, hour: KeptRemoval("removed", who, hour * 3600), KEYS, st.integers(0, 10**6)),
    max_size=6,
    unique_by=lambda row: (row.kind, row.author_key),
).map(lambda rows: sorted(rows, key=lambda row: (row.kind, row.author_key)))


def crowd(count: int = 60) -> list[AnalyzedPost]:
    """Return posts by ten authors over three days, each with all there can be; a text in three looks like a formula."""
    return [
        post(
            number,
            author=number % 10,
            hours=number * 7 % 72,
            analyzed=analysis(
                number % 5 / 4,
                ("en", "de", "es")[number % 3],
                ("crew", "luggage")[number % 2],
                entities=[Entity(text="Denver", type="location", start=0, end=6)],
                subjectivity=0.5,
                embedding=dequantised(quantised([1.0, float(number), 0.5, -2.0])),
            ),
            embedding_version="mini-1",
            likes=number,
            account={"followers": 10 * number, "verified": number % 2 == 0},
            voice="internal" if number % 10 == 9 else "external",
            text=f"{'=' if number % 3 == 0 else ''}text, of “{number}”\nsecond line",
        )
        for number in range(count)
    ]
