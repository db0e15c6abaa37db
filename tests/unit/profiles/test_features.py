"""The feature matrix in Arrow."""

from datetime import UTC, datetime

import pyarrow as pa

from services.profiles.features import arrow_stream
from services.profiles.folding import combine_all, increment_of
from services.profiles.profile import Profile
from shared.analyzed_post import Account
from tests.unit.profiles.posts import analysis, key, post

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
}


def test_a_stream_has_the_settled_columns() -> None:
    """Names and types are those that readers were promised, also where there are no rows."""
    for profiles in ([], [Profile("acme", key(1), increment_of(post(1)))]):
        with pa.ipc.open_stream(arrow_stream(profiles)) as stream:
            assert {field.name: str(field.type) for field in stream.schema} == SCHEMA
            assert stream.read_all().num_rows == len(profiles)


def test_a_row_is_its_profile() -> None:
    """Every figure stands in its column; what is unknown is null."""
    told = post(
        1, 1, 3, analysis(0.25, "en", subjectivity=0.5), likes=7, account=Account(followers=20, posts=30, verified=True)
    )
    silent = post(2, 1, 4, analysis(None, "de"), is_reply=True)
    profile = Profile("acme", key(1), combine_all(map(increment_of, (told, silent))))
    with pa.ipc.open_stream(arrow_stream([profile])) as stream:
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
    }
