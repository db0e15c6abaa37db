"""Increments as stored documents."""

import json

from hypothesis import given, settings

from services.profiles.encoding import from_contribution, from_document, hour_of, to_contribution, to_document
from services.profiles.folding import Increment, increment_of
from shared.analyzed_post import AnalyzedPost
from tests.unit.profiles.strategies import INCREMENTS, POSTS


@settings(deadline=None)
@given(INCREMENTS)
def test_a_document_gives_back_its_increment(increment: Increment) -> None:
    """What is written as JSON and read again is the same increment."""
    assert from_document(json.loads(json.dumps(to_document(increment)))) == increment


@settings(deadline=None)
@given(POSTS)
def test_a_contribution_gives_back_what_its_post_added(post: AnalyzedPost) -> None:
    """What is written of one post in short and read again is its increment, and tells its hour."""
    added = increment_of(post)
    short = json.loads(json.dumps(to_contribution(added)))
    assert from_contribution(short) == added
    assert hour_of(short) == added.first_seen


@settings(deadline=None)
@given(POSTS)
def test_a_contribution_in_full_is_read_too(post: AnalyzedPost) -> None:
    """What an earlier version wrote of a post that it had not counted yet is its increment, and tells its hour."""
    added = increment_of(post)
    assert from_contribution(to_document(added)) == added
    assert hour_of(to_document(added)) == added.first_seen
