"""What X sends, read: whatever else it may be, it never raises, and a post is one that the pipeline takes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.post import Post, parse_post
from services.ingest.sources.x.cursor import first_id
from services.ingest.sources.x.posts import Disconnecting, ReceivedPost, Unreadable, read_line, read_page

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def told(**fields: Any) -> dict[str, Any]:
    """Return a post's `data` with these fields; None takes one away."""
    whole = {"id": str(first_id(NOW)), "author_id": "42", "text": "hello", "created_at": "2026-03-02T11:00:00.000Z"}
    return {name: value for name, value in (whole | fields).items() if value is not None}


def line_of(post: Any, **more: Any) -> bytes:
    """Return a line of the stream."""
    return json.dumps({"data": post, **more}).encode()


def post_of(post: Any, **more: Any) -> Post:
    """Return the post of a line, as the pipeline reads it."""
    read = read_line(line_of(post, **more), NOW)
    assert isinstance(read, ReceivedPost), read
    parsed = parse_post(read.post, NOW)
    assert isinstance(parsed, Post), parsed
    return parsed


def test_a_whole_post_is_read() -> None:
    """Figures, language, the author's account, the parent and the kind come along."""
    user = {
        "id": "42",
        "username": "ann",
        "verified": True,
        "protected": False,
        "created_at": "2010-01-01T00:00:00.000Z",
        "public_metrics": {"followers_count": 1, "following_count": 2, "tweet_count": 3, "listed_count": 4},
    }
    metrics = {"like_count": 5, "retweet_count": 6, "reply_count": 7, "quote_count": 8}
    replied = [{"type": "replied_to", "id": "9"}, {"type": "quoted", "id": "10"}]
    post = post_of(
        told(lang="en", public_metrics=metrics, referenced_tweets=replied, edit_controls={}), includes={"users": [user]}
    )
    assert (post.likes, post.reposts, post.replies, post.language, post.in_reply_to) == (5, 6, 7, "en", "9")
    assert (post.author.followers, post.author.following, post.author.posts, post.author.listed) == (1, 2, 3, 4)
    assert (post.author.verified, post.author.protected, post.is_repost) == (True, False, False)


def test_a_repost_is_one() -> None:
    """A `retweeted` reference says so."""
    assert post_of(told(referenced_tweets=[{"type": "retweeted", "id": "1"}])).is_repost


def test_without_its_author_expanded_a_post_is_read() -> None:
    """The author's id is enough."""
    post = post_of(told(), includes={"users": [{"id": "43"}, None, 7]})
    assert (post.author.id, post.author.followers) == ("42", None)


def test_ids_past_2_to_53_keep_every_digit() -> None:
    """As strings and as numbers."""
    assert post_of(told(id=9007199254740993, author_id="9007199254740995")).post_id == "9007199254740993"


def test_a_time_without_a_zone_is_utc() -> None:
    """And one that is missing or nonsense is that of the id."""
    assert post_of(told(created_at="2026-03-02T11:00:00")).created_at == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert post_of(told(created_at="yesterday")).created_at == NOW
    nowhere = read_line(line_of(told(id=str(2**70), created_at="soon")), NOW)
    assert nowhere == Unreadable("a post without a time", was_post=True)


def test_the_whole_of_a_long_post_is_read() -> None:
    """`note_tweet` holds what `text` cuts off; what X escapes is as it was written."""
    assert post_of(told(note_tweet={"text": "all &lt;of&gt; it &amp; more"})).text == "all <of> it & more"


def test_half_a_surrogate_and_nul_are_replaced() -> None:
    """JSON can write what UTF-8 cannot."""
    read = read_line(line_of(told()).replace(b"hello", rb"a\ud800b\u0000c"), NOW)
    assert isinstance(read, ReceivedPost)
    assert read.post["text"] == "a\ufffdb c"


@pytest.mark.parametrize(
    ("raw", "reason", "was_post"),
    [
        (b'{"data":{"id":"1', "not JSON", False),
        (b"x" * 2**20, "not JSON", False),
        (b"[" * 100_000, "not JSON", False),
        (b"\xff\xfe\x00", "not JSON", False),
        (b"[1]", "not an object", False),
        (b'{"errors": [{"title": "odd"}]}', "a message without a post", False),
        (line_of(7), "not an object", True),
        (line_of(told(id="none")), "a post without an id", True),
        (line_of(told(author_id="")), "a post without an author", True),
        (line_of(told(text=" ")), "a post without text", True),
    ],
)
def test_what_is_no_post_is_told_by_reason(raw: bytes, reason: str, was_post: bool) -> None:  # noqa: FBT001
    """The reason holds nothing of what was sent."""
    assert read_line(raw, NOW) == Unreadable(reason, was_post)


def test_x_word_of_the_end_is_understood() -> None:
    """By its type."""
    error = {"title": "operational-disconnect", "disconnect_type": "UpstreamOperationalDisconnect"}
    assert read_line(json.dumps({"errors": [error]}).encode(), NOW) == Disconnecting()


def test_a_deleted_parent_does_not_spoil_its_reply() -> None:
    """A partial error beside a post is about something else."""
    assert post_of(told(), errors=[{"title": "Not Found Error", "resource_type": "tweet"}]).text == "hello"


def test_a_page_tells_what_could_not_be_read() -> None:
    """Posts that are none are counted as sent, and the ids of all say how far the page went."""
    posts = [told(id="30"), told(id="20", text=""), told(id="10"), 7]
    page = read_page({"data": posts, "meta": {"next_token": "abc"}}, NOW)
    assert [received.number for received in page.received] == [30, 10]
    assert (page.sent, page.newest, page.oldest, page.next_token) == (4, 30, 10, "abc")
    assert page.unreadable == {"a post without text": 1, "not an object": 1}


def test_a_page_of_something_else_is_empty() -> None:
    """Whatever `data` is."""
    page = read_page({"data": {"id": "1"}, "meta": 7}, NOW)
    assert (page.received, page.sent, page.next_token, page.unreadable) == ([], 0, None, {"not a list of posts": 1})


@given(st.binary() | ANYTHING.map(lambda value: json.dumps(value).encode()))
def test_no_line_raises(raw: bytes) -> None:
    """Whatever bytes come."""
    assert isinstance(read_line(raw, NOW), (ReceivedPost, Unreadable, Disconnecting))


@given(
    st.dictionaries(st.sampled_from([*told(), "lang", "public_metrics", "referenced_tweets", "note_tweet"]), ANYTHING)
)
def test_a_post_with_any_field_wrong_is_read_or_refused(fields: dict[str, Any]) -> None:
    """What is read, the pipeline takes."""
    read = read_line(json.dumps({"data": told() | fields, "includes": fields}).encode(), NOW)
    if isinstance(read, ReceivedPost):
        parsed = parse_post(read.post, NOW)
        assert isinstance(parsed, Post) or "10000 characters" in parsed


@given(st.dictionaries(st.sampled_from(["data", "includes", "meta", "errors"]), ANYTHING))
def test_no_page_raises(answer: dict[str, Any]) -> None:
    """Whatever JSON comes."""
    read_page(answer, NOW)
