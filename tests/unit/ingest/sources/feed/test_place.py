"""What `services.ingest.sources.feed.source` promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.brands.brand import MAX_FEEDS
from services.ingest.sources.base import MAX_CURSOR
from services.ingest.sources.feed.source import FeedVersion, from_cursor, to_cursor

MARK = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)
URLS = [f"https://reviews.example/{number}" for number in range(MAX_FEEDS)]


@given(st.dictionaries(st.sampled_from(URLS), st.builds(FeedVersion, MARK, MARK), max_size=4))
def test_versions_come_back_from_their_cursor(versions: dict[str, FeedVersion]) -> None:
    """Each feed has its own, and a feed that is not asked any more is forgotten."""
    assert from_cursor(to_cursor(versions), URLS) == versions
    assert from_cursor(to_cursor(versions), []) == {}


def test_the_largest_cursor_is_small_enough() -> None:
    """As many feeds as a brand may have, with the longest marks, fit."""
    longest = FeedVersion.of({"etag": '"' * 200, "last-modified": '"' * 200})
    assert len(to_cursor(dict.fromkeys(URLS, longest))) <= MAX_CURSOR


@pytest.mark.parametrize("etag", ['"' * 201, "a\x00b", "a\nb", "größe\u2028"])
def test_an_odd_mark_is_none(etag: str) -> None:
    """What is too long or not printable is not shown to the server again."""
    assert FeedVersion.of({"etag": etag, "last-modified": "Sun, 01 Mar 2026 10:00:00 GMT"}).conditions() == {
        "if-modified-since": "Sun, 01 Mar 2026 10:00:00 GMT"
    }


@given(st.text(max_size=50) | st.sampled_from(["[]", "7", "{}", '{"x": 1}', "[" * 60_000]))
def test_a_cursor_of_somebody_else_is_none(cursor: str) -> None:
    """What holds no versions begins anew."""
    assert from_cursor(cursor, URLS) == {}
