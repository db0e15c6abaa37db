"""The nouns that travel between services."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.analysis import Analysis
from shared.analyzed_post import AnalyzedPost
from shared.brand import Brand

POST: dict[str, Any] = {
    "post_key": "0" * 32,
    "author_key": "f" * 32,
    "platform": "x",
    "hour": datetime(2015, 2, 24, 11, tzinfo=UTC),
    "analysis": {},
}
BRANDS: TypeAdapter[str] = TypeAdapter(Brand)


def test_a_post_survives_the_wire() -> None:
    """What one service dumps as JSON another reads as the same post."""
    post = AnalyzedPost(**POST)
    assert AnalyzedPost.model_validate_json(post.model_dump_json()) == post


def test_a_newer_peers_fields_are_ignored() -> None:
    """A field that this version does not know is no error."""
    assert AnalyzedPost(**POST, mood="new") == AnalyzedPost(**POST)
    assert Analysis.model_validate({"mood": "new"}) == Analysis()


@given(st.timedeltas(timedelta(microseconds=1), timedelta(minutes=59)))
def test_a_time_finer_than_the_hour_is_refused(rest: timedelta) -> None:
    """Nothing but full hours is handed on, so that no post is found by its minute."""
    with pytest.raises(ValidationError, match="cut to the full hour"):
        AnalyzedPost(**{**POST, "hour": POST["hour"] + rest})


@pytest.mark.parametrize(
    "change",
    [
        {"author_key": "alice"},
        {"author_key": "F" * 32},
        {"post_key": "0" * 33},
        {"hour": datetime(2015, 2, 24, 11)},  # noqa: DTZ001 - it is what is tested
        {"platform": "file"},
        {"likes": -1},
        {"likes": 10**13},
        {"key_version": 0},
        {"account": {"followers": -1}},
        {"analysis": {"subjectivity": 1.5}},
        {"analysis": {"subjectivity": float("nan")}},
        {"analysis": {"language": {"code": "English", "confidence": 1}}},
    ],
)
def test_what_is_no_pseudonymous_post_is_refused(change: dict[str, Any]) -> None:
    """Raw names, naive times, unknown platforms and impossible figures do not pass."""
    with pytest.raises(ValidationError):
        AnalyzedPost(**{**POST, **change})


@pytest.mark.parametrize("brand", ["a", "united", "7-eleven", "x" * 63])
def test_a_slug_is_a_brand(brand: str) -> None:
    """Lower-case letters, digits and hyphens, up to 63."""
    assert BRANDS.validate_python(brand) == brand


@pytest.mark.parametrize("brand", ["", "-a", "United", "a b", "a/b", "é", "a\n", "x" * 64, "."])
def test_anything_else_is_no_brand(brand: str) -> None:
    """What could confuse a path, a store or a log is refused."""
    with pytest.raises(ValidationError):
        BRANDS.validate_python(brand)
