"""What counts as a post, and what is said of what does not."""

from typing import Any

import pytest

from services.ingest.post import Post, parse_post
from tests.unit.ingest.posts import NOW, a_post


def reason(item: Any) -> str:
    """Return why an item was refused."""
    refused = parse_post(item, NOW)
    assert isinstance(refused, str)
    return refused


def test_only_five_fields_are_required() -> None:
    """Platform, post id, author id, text and time make a post; the rest has defaults."""
    item = {
        "platform": "web",
        "post_id": "1",
        "author": {"id": "2"},
        "text": "fine",
        "created_at": "2026-01-01T00:00:00Z",
    }
    post = parse_post(item, NOW)
    assert isinstance(post, Post)
    assert (post.likes, post.is_repost, post.author.followers) == (0, False, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"platform": "myspace"}, "platform"),
        ({"platform": None}, "platform"),
        ({"post_id": 7}, "post_id"),
        ({"post_id": ""}, "post_id"),
        ({"post_id": " "}, "post_id"),
        ({"post_id": "a\x00b"}, "post_id"),
        ({"post_id": "a" * 513}, "post_id"),
        ({"author": {}}, "author.id"),
        ({"author": "42"}, "author"),
        ({"author": {"id": "4", "followers": -1}}, "author.followers"),
        ({"author": {"id": "4", "followers": 1e3}}, "author.followers"),
        ({"author": {"id": "4", "created_at": "1601-01-01T00:00:00Z"}}, "author.created_at"),
        ({"text": ""}, "text"),
        ({"text": " \n\t"}, "text"),
        ({"text": "a" * 10_001}, "text"),
        ({"text": "😡" * 250_000}, "text"),
        ({"text": "null \x00 byte"}, "text"),
        ({"text": "half \ud800 a pair"}, "text"),
        ({"text": "\u200b\u2060"}, "text"),
        ({"text": 5}, "text"),
        ({"text": None}, "text"),
        ({"created_at": "1601-01-01T00:00:00Z"}, "created_at"),
        ({"created_at": "2999-01-01T00:00:00Z"}, "created_at"),
        ({"created_at": "2026-01-01T00:00:00"}, "created_at"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": 1_700_000_000}, "created_at"),
        ({"created_at": "1700000000"}, "created_at"),
        ({"likes": -1}, "likes"),
        ({"likes": float("nan")}, "likes"),
        ({"likes": float("inf")}, "likes"),
        ({"likes": True}, "likes"),
        ({"likes": "7"}, "likes"),
        ({"likes": 10**13}, "likes"),
        ({"is_repost": "yes"}, "is_repost"),
        ({"post_id": 1.76e18}, "post_id"),
        ({"post_id": "1.76E+18"}, "post_id"),
        ({"post_id": "nan"}, "post_id"),
        ({"author": {"id": "None"}}, "author.id"),
        ({"author": {"id": "9,81234E+17"}}, "author.id"),
        ({"in_reply_to": "1.76E+18"}, "in_reply_to"),
        ({"language": 3}, "language"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], field: str) -> None:
    """The reason begins with the path of the field that is wrong."""
    assert reason(a_post(**change)).startswith(f"{field}: ")


def test_a_reason_quotes_nothing_that_was_sent() -> None:
    """Ids and texts stay out of reasons: reasons are printed and logged."""
    spoiled = a_post(post_id=["secret-id"], text=["secret words"], author={"id": {"secret": "author"}})
    assert "secret" not in reason(spoiled)


@pytest.mark.parametrize("item", [None, 5, "post", [], {}, [1, 2]])
def test_what_is_no_object_is_no_post(item: Any) -> None:
    """Anything but an object with the fields is refused with a reason."""
    assert reason(item)


@pytest.mark.parametrize(
    ("said", "kept"), [("en", "en"), ("pt-BR", "pt"), ("zh_Hant", "zh"), ("EN", "en"), ("und", "und"), (None, None)]
)
def test_a_platforms_language_keeps_its_first_part(said: str | None, kept: str | None) -> None:
    """Regions and scripts are dropped; which codes mean no language is for sentiment to know."""
    post = parse_post(a_post(language=said), NOW)
    assert isinstance(post, Post)
    assert post.language == kept


def test_unknown_fields_are_ignored() -> None:
    """A client may send more than is needed."""
    assert isinstance(parse_post(a_post(bio="words"), NOW), Post)


@pytest.mark.parametrize(
    "hint", ["klingon language", "NA", "nan", "N/A", "None", "NULL", "\\N", "#N/A", "-", "", "English"]
)
def test_a_language_that_is_no_tag_is_no_hint(hint: str) -> None:
    """Words for a missing value and names of languages leave the language to the model."""
    post = parse_post(a_post(language=hint), NOW)
    assert isinstance(post, Post)
    assert post.language is None


@pytest.mark.parametrize(
    ("hint", "code"), [("pt-BR", "pt"), ("EN", "en"), (" de ", "de"), ("na", "na"), ("zh_Hant", "zh")]
)
def test_a_language_tag_is_its_code(hint: str, code: str) -> None:
    """Region and script go; `na` is Nauruan where it is not written as R writes a missing value."""
    post = parse_post(a_post(language=hint), NOW)
    assert isinstance(post, Post)
    assert post.language == code


@pytest.mark.parametrize("word", ["NA", "nan", "None", "NULL", "null", "\\N", "#N/A", "-", "<NA>", "NaT"])
def test_a_reply_to_nothing_is_no_reply(word: str) -> None:
    """A word for a missing value names no post that was replied to."""
    post = parse_post(a_post(in_reply_to=word), NOW)
    assert isinstance(post, Post)
    assert post.in_reply_to is None


def test_one_author_written_in_several_ways_is_one_author() -> None:
    """What a spreadsheet or a data frame did to an id does not make another person of its author."""
    ways = ["481234000017", "481234000017.0", " 481234000017", "'481234000017", '="481234000017"', "481,234,000,017"]
    posts = [parse_post(a_post(author={"id": way}), NOW) for way in ways]
    assert {post.author.id for post in posts if isinstance(post, Post)} == {"481234000017"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"likes": "1.2K"}, "likes: must be a whole number in digits, such as 1234"),
        ({"likes": 1.5}, "likes: must be a whole number in digits, such as 1234"),
        ({"is_repost": "perhaps"}, "is_repost: must be true or false"),
        ({"text": "x" * 10_001}, "text: must have 10,000 characters at most"),
        ({"text": "half \ud83d"}, "text: must not hold half of a surrogate pair"),
    ],
)
def test_a_reason_says_what_a_value_should_be(change: dict[str, Any], told: str) -> None:
    """In the product's own words."""
    assert reason({**a_post(), **change}) == told
