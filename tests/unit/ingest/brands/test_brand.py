"""What a brand may be declared with."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.ingest.brands.brand import BrandSettings


def settings(**fields: Any) -> BrandSettings:
    """Return the settings in decoded JSON fields."""
    return BrandSettings.model_validate(fields)


def test_settings_are_brought_into_one_form() -> None:
    """Entries are canonical, hashtags bare, accounts without @, languages codes; each stands once, in its order."""
    made = settings(
        display_name="  British Airways ",
        keywords=["british   airways", '"ba"', "ba"],
        hashtags=["#BA", "ba", "avgeek"],
        handles={"x": ["@British_Airways", "british_airways"], "mastodon": []},
        languages=["en-GB", "EN", "iw"],
        feeds=[{"url": " https://example.com/feed "}, {"url": "https://example.com/feed"}],
    )
    assert made.display_name == "British Airways"
    assert made.keywords == ["british airways", "ba"]
    assert made.hashtags == ["BA", "avgeek"]
    assert made.handles == {"x": ["British_Airways"]}
    assert made.languages == ["en", "he"]
    assert [feed.url for feed in made.feeds] == ["https://example.com/feed"]


def test_settings_come_back_from_their_json() -> None:
    """What was written out is read as the same settings."""
    made = settings(
        keywords=['a (b OR "c d") -e'],
        exclusions=["#f"],
        handles={"bluesky": ["a.example", "did:plc:x"]},
        feeds=[{"url": "https://example.com/a?b=c", "everything": True}],
        reposts="count",
    )
    assert BrandSettings.model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("keywords", ["fine", "(open"], "not closed"),
        ("keywords", ["a"] * 201, "at most 200"),
        ("keywords", [7], "string"),
        ("exclusions", ["-a"], "something to look for"),
        ("hashtags", ["two words"], "without a blank"),
        ("languages", ["english please"], "ISO 639"),
        ("handles", {"x": ["way too long for a handle"]}, "handles.x.0: must be a handle"),
        ("handles", {"bluesky": ["nodots"]}, "bsky.social"),
        ("handles", {"mastodon": ["air"]}, "whole address"),
        ("own_accounts", {"instagram": ["a b"]}, "own_accounts.instagram.0: must be a user name"),
        ("own_accounts", {"facebook": ["https://facebook.com/a"]}, "Page"),
        ("own_accounts", {"web": ["a"]}, "'x', 'bluesky'"),
        ("reposts", "maybe", "'keep', 'drop' or 'count'"),
        ("feeds", [{"url": "file:///etc/passwd"}], "http"),
        ("feeds", [{"url": "https://user:secret@example.com"}], "no user and no password"),
        ("feeds", [{"url": "https://example.com:99999/"}], "http"),
        ("feeds", [{"url": "https:///feed"}], "http"),
        ("display_name", "a\nb", "control"),
        ("keyword", ["a"], "not permitted"),
    ],
)
def test_what_is_wrong_is_named_without_being_quoted(field: str, value: Any, says: str) -> None:
    """Each wrong field is refused with its name and the remedy."""
    with pytest.raises(ValidationError) as raised:
        settings(**{field: value})
    said = " ".join(f"{'.'.join(map(str, error['loc']))} {error['msg']}" for error in raised.value.errors())
    assert says in said
    assert field in said
    assert "secret" not in str(raised.value)
