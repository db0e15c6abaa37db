"""X's query language as the sandbox understands it."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.post import PublishedPost, SandboxAccount
from sandbox.query import SearchSyntaxError, parse_query

ANN = SandboxAccount("7", "Ann", verified=True)


def post(text: str, **more: object) -> PublishedPost:
    """Return a post by Ann."""
    return PublishedPost(1, text, ANN, datetime(2026, 3, 2, tzinfo=UTC), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "text", "matches"),
    [
        ("united", "I fly United.", True),
        ("united", "reunited", False),
        ('"late again"', "Late again!", True),
        ('"late again"', "again late", False),
        ("@united", "hey @United", True),
        ("#late", "so #late", True),
        ("united -football", "united", True),
        ("united -football", "united football", False),
        ("a b", "a", False),
        ("a OR b", "b", True),
        ("a b OR c", "c", True),
        ("a (b OR c)", "a c", True),
        ("-(b OR c) a", "a c", False),
        ("from:ann", "whatever", True),
        ("from:7", "whatever", True),
        ("from:bob", "whatever", False),
        ("a lang:de", "a", False),
        ("a has:links", "a https://x.example", True),
        ("a is:verified", "a", True),
        ("飛行機", "飛行機", True),
    ],
)
def test_queries_match_what_they_say(query: str, text: str, matches: bool) -> None:  # noqa: FBT001
    """Words, phrases, operators, not, or, parentheses."""
    assert parse_query(query)(post(text)) is matches


def test_kinds_of_posts_are_told() -> None:
    """Reposts and replies."""
    assert parse_query("a -is:retweet")(post("a"))
    assert not parse_query("a -is:retweet")(post("a", is_repost=True))
    assert parse_query("a is:reply")(post("a", in_reply_to="1"))


@pytest.mark.parametrize(
    "query",
    ["", "  ", "-a", "lang:de", "is:retweet -b", "(a", "a)", "OR", 'a "b', "geo:1 a", "a " * 300, "has:moons a"],
)
def test_what_x_refuses_is_refused(query: str) -> None:
    """With a reason."""
    with pytest.raises(SearchSyntaxError):
        parse_query(query)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_query_raises_anything_else(query: str, text: str) -> None:
    """Whatever is asked of whatever post."""
    with contextlib.suppress(SearchSyntaxError):
        parse_query(query)(post(text))
