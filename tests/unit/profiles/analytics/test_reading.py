"""What buckets say of a stretch, against counting posts one by one."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.analytics import reading
from services.profiles.analytics.figures import view_figures, view_reach
from services.profiles.analytics.reading import total_of
from services.profiles.analytics.stretch import Stretch
from services.profiles.analytics.window import window_of
from shared.analyzed_post import AnalyzedPost, Voice
from tests.unit.profiles.analytics.shelf import POSTS, Shelf, counted, during
from tests.unit.profiles.posts import START, post

HOUR = 3600
BASE = int(START.timestamp())
VOICES: st.SearchStrategy[Voice | None] = st.sampled_from([None, "external", "internal"])


@given(POSTS, st.integers(-900, 120), st.integers(1, 500), VOICES)
def test_a_window_and_the_one_before_are_counted_exactly(
    posts: list[AnalyzedPost], end: int, hours: int, voice: Voice | None
) -> None:
    """Of any posts, any window and any voice, the window's figures and those before are those of its posts."""
    window = window_of(hours * HOUR, BASE + end * HOUR)
    for stretch in (window, window.before):
        found = asyncio.run(total_of(Shelf(posts).store, "acme", stretch, voice))
        figures = dict(view_figures(found)) | dict(view_reach(found))
        expected = counted(during(posts, stretch.start, stretch.end, voice))
        assert {name: figures[name] for name in expected} == expected
        assert figures["authors_exact"]


async def test_many_buckets_are_read_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """More buckets than a page holds are read page by page and counted once each."""
    monkeypatch.setattr(reading, "PAGE", 3)
    shelf = Shelf(post(number, number, 24 * number) for number in range(9))
    found = await total_of(shelf.store, "acme", Stretch(BASE, BASE + 30 * 24 * HOUR))
    assert (found.posts, found.authors.authors, shelf.reads) == (9, 9, 4)
