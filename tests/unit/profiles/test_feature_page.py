"""The feature matrix in Arrow."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from hypothesis import given, settings

from services.profiles.embedding import EmbeddingSpace
from services.profiles.feature_page import FeatureRows, arrow_stream
from services.profiles.feature_record import columns_of, to_record
from services.profiles.folding import SHOWN, combine_all, increment_of
from services.profiles.profile import Profile
from shared.analyzed_post import Account, AnalyzedPost
from tests.unit.profiles.posts import analysis, key, post
from tests.unit.profiles.strategies import POST_LISTS

SCHEMA = {
    "author_key": "string",
    **dict.fromkeys(
        ("posts", "scored_posts", "likes", "reposts", "replies", "repost_posts", "reply_posts", "languages"), "int64"
    ),
    **dict.fromkeys(("mean_score", "score_stddev", "mean_subjectivity"), "double"),
    **dict.fromkeys(("negative", "neutral", "positive"), "int64"),
    **dict.fromkeys(("followers", "following", "account_posts", "listed", "age_days"), "int64"),
    **dict.fromkeys(("verified", "protected"), "bool"),
    **dict.fromkeys(("first_seen", "last_seen"), "timestamp[s, tz=UTC]"),
    "main_language": "string",
    "hours": "fixed_size_list<item: int64>[24]",
    "is_unknown": "bool",
    "changed": "int64",
}
EMBEDDED = {
    **SCHEMA,
    "embedding": "fixed_size_list<item: float>[3]",
    "embedding_posts": "int64",
    "embedding_version": "string",
}


def rows_of(*profiles: Profile) -> FeatureRows:
    """Return profiles as a store gives them."""
    sums = {one.author_key: one.folded.embeddings["v1"] for one in profiles if "v1" in one.folded.embeddings}
    return FeatureRows(b"".join(to_record(profile, 7) for profile in profiles), sums)


def test_a_stream_has_the_settled_columns() -> None:
    """Names and types are those that readers were promised, also where there are no rows."""
    use = EmbeddingSpace("v1", 3)
    for profiles in ([], [Profile("acme", key(1), increment_of(post(1)))]):
        with pa.ipc.open_stream(arrow_stream(rows_of(*profiles), 7)) as stream:
            assert {field.name: str(field.type) for field in stream.schema} == SCHEMA
            assert stream.schema.metadata == {b"last_change": b"7"}
            assert stream.read_all().num_rows == len(profiles)
        with pa.ipc.open_stream(arrow_stream(rows_of(*profiles), 7, use, embeddings=True)) as stream:
            assert {field.name: str(field.type) for field in stream.schema} == EMBEDDED
            assert stream.schema.metadata == {b"last_change": b"7", b"embedding_version": b"v1"}
            assert stream.read_all().num_rows == len(profiles)


def test_a_row_is_its_profile() -> None:
    """Every figure stands in its column; what is unknown is null."""
    told = post(
        1, 1, 3, analysis(0.25, "en", subjectivity=0.5), likes=7, account=Account(followers=20, posts=30, verified=True)
    )
    silent = post(2, 1, 4, analysis(None, "de"), is_reply=True)
    profile = Profile("acme", key(1), combine_all(map(increment_of, (told, silent))))
    with pa.ipc.open_stream(arrow_stream(rows_of(profile), 7)) as stream:
        [row] = stream.read_all().to_pylist()
    assert row == {
        "author_key": key(1),
        "posts": 2,
        "scored_posts": 1,
        "likes": 7,
        "reposts": 0,
        "replies": 0,
        "repost_posts": 0,
        "reply_posts": 1,
        "mean_score": 0.25,
        "score_stddev": 0.0,
        "mean_subjectivity": 0.5,
        "negative": 1,
        "neutral": 0,
        "positive": 0,
        "followers": 20,
        "following": None,
        "account_posts": 30,
        "listed": None,
        "verified": True,
        "protected": None,
        "age_days": None,
        "first_seen": datetime(2015, 2, 24, 3, tzinfo=UTC),
        "last_seen": datetime(2015, 2, 24, 4, tzinfo=UTC),
        "main_language": "de",
        "languages": 2,
        "hours": [0, 0, 0, 1, 1] + [0] * 19,
        "is_unknown": False,
        "changed": 7,
    }


def test_embeddings_are_means_of_one_version() -> None:
    """Authors without one have null, and a brand without any has columns that say so."""
    told = post(1, 1, 0, analysis(embedding=[3.0, 0.0, 4.0]), embedding_version="v1")
    profiles = [Profile("acme", key(1), increment_of(told)), Profile("acme", key(2), increment_of(post(2, 2)))]
    with pa.ipc.open_stream(arrow_stream(rows_of(*profiles), 7, EmbeddingSpace("v1", 3), embeddings=True)) as stream:
        first, second = stream.read_all().select(["embedding", "embedding_posts", "embedding_version"]).to_pylist()
    assert (first["embedding_posts"], first["embedding_version"]) == (1, "v1")
    assert np.allclose(first["embedding"], [76 / 127, 0, 102 / 127])
    assert second == {"embedding": None, "embedding_posts": 0, "embedding_version": None}
    with pa.ipc.open_stream(arrow_stream(rows_of(profiles[1]), 7, None, embeddings=True)) as stream:
        assert stream.schema.field("embedding").type == pa.list_(pa.float32(), 0)
        assert stream.read_all()["embedding"].null_count == 1


@settings(deadline=None)
@given(POST_LISTS.filter(bool))
def test_a_record_tells_what_its_profile_does(posts: list[AnalyzedPost]) -> None:
    """Each derived figure is the profile's own, and each sum; those of more than 64 bits are the largest there is."""
    profile = Profile("acme", key(1), combine_all(map(increment_of, posts)))
    huge = replace(profile.folded, likes=2**80, hours=(2**40, *profile.folded.hours[1:]))
    plain, large = (
        pa.table(columns_of(to_record(one, 7))).to_pylist()[0] for one in (profile, replace(profile, folded=huge))
    )
    derived = ("mean_score", "score_stddev", "mean_subjectivity", "main_language", "age_days")
    assert [plain[name] for name in derived] == [getattr(profile, name) for name in derived]
    assert [plain[name] for name in SHOWN] == [getattr(profile.folded, name) for name in SHOWN]
    assert plain["hours"] == list(profile.folded.hours)
    assert plain["is_unknown"] == profile.folded.is_unknown
    assert (large["likes"], large["hours"][0]) == (2**63 - 1, 2**32 - 1)
    assert plain | {"likes": 0, "hours": []} == large | {"likes": 0, "hours": []}
