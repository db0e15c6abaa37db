"""What `services.ingest.sources.mastodon.status` promises."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.post import Post, parse_post
from services.ingest.sources.fields import UnreadableError
from services.ingest.sources.mastodon.status import identifier, server_of, to_post

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SERVER = "mastodon.example"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def status(**fields: Any) -> dict[str, Any]:
    """Return a status as the API shows it."""
    account = {"id": "7", "acct": "Ada@awoo.space", "followers_count": 547, "following_count": 404, "statuses_count": 9}
    return {
        "id": "116153000000000001",
        "created_at": "2026-03-01T10:00:00.123Z",
        "visibility": "public",
        "language": "en",
        "replies_count": 7,
        "reblogs_count": 98,
        "favourites_count": 112,
        "content": "<p>late <a href='#'>#<span>again</span></a></p>",
        "spoiler_text": "",
        "reblog": None,
        "account": account | {"created_at": "2017-02-08T00:00:00.000Z"},
        "tags": [{"name": "again"}],
        "mentions": [{"acct": "aerolume"}, {"acct": "Bo@other.example"}],
    } | fields


def read(**fields: Any) -> dict[str, Any]:
    """Return the post of a status."""
    post = to_post(status(**fields), SERVER, NOW)
    assert post is not None
    return post


def test_a_status_becomes_a_post() -> None:
    """HTML is plain text, the author is the whole address in lower case, ids carry their server."""
    assert read(in_reply_to_id="116152999999999999") == {
        "platform": "mastodon",
        "post_id": "116153000000000001@mastodon.example",
        "author": {
            "id": "ada@awoo.space",
            "handle": "ada@awoo.space",
            "followers": 547,
            "following": 404,
            "posts": 9,
            "created_at": "2017-02-08T00:00:00+00:00",
        },
        "text": "late #again",
        "created_at": "2026-03-01T10:00:00.123000+00:00",
        "is_repost": False,
        "hashtags": ["again"],
        "mentions": ["aerolume@mastodon.example", "bo@other.example"],
        "likes": 112,
        "reposts": 98,
        "replies": 7,
        "language": "en",
        "in_reply_to": "116152999999999999@mastodon.example",
    }


def test_an_id_beyond_2_to_53_is_exact() -> None:
    """Whether a server sends text or a number, no digit is lost."""
    sent = json.loads('{"id": 9007199254740993123}')
    assert read(id=sent["id"])["post_id"] == read(id="9007199254740993123")["post_id"]
    assert identifier(2**60 + 1) == "1152921504606846977"


def test_a_content_warning_is_read_too() -> None:
    """It stands before the text, as on the screen."""
    assert read(spoiler_text="bags, again")["text"] == "bags, again\n\nlate #again"


def test_a_boost_is_a_repost_by_who_boosts() -> None:
    """The text, the language and the reactions are those of what was boosted."""
    boosted = status(id="1", content="<p>original</p>", account={"acct": "author"}, favourites_count=3)
    post = read(reblog=boosted, content="")
    assert (post["is_repost"], post["text"], post["likes"]) == (True, "original", 3)
    assert (post["author"]["id"], post["post_id"]) == ("ada@awoo.space", "116153000000000001@mastodon.example")


@pytest.mark.parametrize("visibility", ["private", "direct", "a kind to come", None])
def test_what_is_not_for_everybody_is_left_alone(visibility: Any) -> None:
    """Posts for followers and direct ones never become posts, whatever the token lets us see."""
    assert to_post(status(visibility=visibility), SERVER, NOW) is None


def test_a_picture_alone_is_nothing_to_us() -> None:
    """A status without words is no fault, and no post."""
    assert to_post(status(content=""), SERVER, NOW) is None


def test_hidden_figures_are_unknown() -> None:
    """Counts that are none are left out, those beside them stay."""
    account = {"acct": "ada", "followers_count": -1, "following_count": None, "statuses_count": True, "created_at": 7}
    post = read(account=account, favourites_count="many", reblogs_count=10**13)
    assert post["author"] == {"id": "ada@mastodon.example", "handle": "ada@mastodon.example"}
    assert {"likes", "reposts", "replies"} & set(post) == {"replies"}


@pytest.mark.parametrize(
    ("words", "moment"),
    [("2026-03-01T10:00:00", "2026-03-01T10:00:00+00:00"), ("2026-03-02T12:00:09Z", NOW.isoformat())],
)
def test_times_without_a_zone_and_ahead_of_us_are_mended(words: str, moment: str) -> None:
    """A time without a zone is UTC; a post that is here was not written later than now."""
    assert read(created_at=words)["created_at"] == moment


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"id": True}, "id"),
        ({"id": "9" * 300}, "id"),
        ({"id": "1\n2"}, "id"),
        ({"account": None}, "author"),
        ({"account": {"acct": " "}}, "author"),
        ({"account": {"acct": "x" * 600}}, "author"),
        ({"content": None}, "text"),
        ({"created_at": None}, "time"),
        ({"created_at": "1066-10-14T00:00:00Z"}, "time"),
    ],
)
def test_what_lacks_its_essence_is_unreadable(fields: dict[str, Any], reason: str) -> None:
    """The reason names what is missing and quotes nothing."""
    with pytest.raises(UnreadableError, match=f"^status without an? {reason}$"):
        to_post(status(**fields), SERVER, NOW)


@given(st.dictionaries(st.sampled_from(sorted(status())), JSON, max_size=5))
def test_an_odd_status_is_unreadable_or_a_post(fields: dict[str, Any]) -> None:
    """Fields of any type never break the reader, and what it gives, the pipeline takes."""
    try:
        item = to_post(status(**fields), SERVER, NOW)
    except UnreadableError:
        return
    told = parse_post(item, NOW) if item is not None else None
    assert told is None or isinstance(told, Post) or told.startswith("text: must not be blank"), told


def test_a_server_is_known_by_its_name() -> None:
    """Scheme, case and path do not matter; a port does."""
    assert server_of("https://Mastodon.Example/") == "mastodon.example"
    assert server_of("http://127.0.0.1:3000") == "127.0.0.1:3000"
