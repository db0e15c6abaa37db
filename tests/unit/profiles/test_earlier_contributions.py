"""What counted posts added, as earlier versions kept it."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings

from services.profiles.encoding import to_document
from services.profiles.folding import Increment, increment_of
from services.profiles.stores.sqlite_migrations import from_contribution
from shared.analyzed_post import AnalyzedPost
from tests.unit.profiles.strategies import POSTS


def short_form(added: Increment) -> dict[str, Any]:
    """Return what version 0.2 wrote of one post: nothing that follows from something else, or is nought."""
    short: dict[str, Any] = {"hour": added.first_seen, "platform": added.platform, "key_version": added.key_version}
    if added.scored_posts:
        short["score"] = added.score_sum
    if added.subjectivity_posts:
        short["subjectivity"] = added.subjectivity_sum
    for name, counts in (("label", added.labels), ("language", added.languages), ("category", added.categories)):
        short.update((name, key) for key in counts)
    reactions = ("likes", "reposts", "replies", "repost_posts", "reply_posts")
    short.update((name, count) for name in reactions if (count := getattr(added, name)))
    if added.figures:
        short["figures"] = {name: value for name, (_, value) in added.figures.items()}
    return short


@settings(deadline=None)
@given(POSTS)
def test_a_short_contribution_is_what_its_post_added(post: AnalyzedPost) -> None:
    """What version 0.2 kept of a post is read as the increment of that post, of which it told no unknown author."""
    added = replace(increment_of(post), is_unknown=False)
    assert from_contribution(short_form(added)) == added


@settings(deadline=None)
@given(POSTS)
def test_a_contribution_in_full_is_read_too(post: AnalyzedPost) -> None:
    """What a still earlier version wrote of a post that it had not counted yet is its increment."""
    added = increment_of(post)
    assert from_contribution(to_document(added)) == added
