"""What buckets say of a window, against counting posts one by one, and how many long readings there are at once."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.analytics import bucket_reads
from services.profiles.analytics.bucket_reads import MOST_WAITING, PERMITS, WIDE, ReadLimit, total_of
from services.profiles.analytics.figures import view_all_figures
from services.profiles.analytics.timeline import total
from services.profiles.analytics.window import HourWindow, window_of
from services.profiles.author_sketch import MOST, sketch
from services.profiles.folding import increment_of
from services.profiles.rollup import EMPTY, Rollup, join_all, rolled_up
from shared.analyzed_post import AnalyzedPost, Voice
from shared.errors import OverloadedError
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
    for part in (window, window.before):
        found = asyncio.run(total_of(Shelf(posts).store, "acme", part, voice))
        figures = view_all_figures(found)
        expected = counted(during(posts, part.start, part.end, voice))
        assert {name: figures[name] for name in expected} == expected
        assert figures["authors_exact"]


async def test_many_buckets_are_read_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """More buckets than a page holds are read page by page and counted once each."""
    monkeypatch.setattr(bucket_reads, "PAGE", 3)
    shelf = Shelf(post(number, number, 24 * number) for number in range(9))
    found = await total_of(shelf.store, "acme", HourWindow(BASE, BASE + 30 * 24 * HOUR))
    assert (found.posts, found.authors.authors, shelf.reads) == (9, 9, 4)


@given(POSTS)
def test_a_total_is_what_joining_one_by_one_gives(posts: list[AnalyzedPost]) -> None:
    """Buckets totalled at once are as those joined one after the other."""
    rollups = list(rolled_up((one.voice, one.author_key, increment_of(one)) for one in posts).values())
    assert total(rollups) == join_all(rollups)
    assert total([]) == EMPTY


def test_authors_of_many_buckets_are_counted_exactly() -> None:
    """Hours that are exact each are exact together, even with more authors than a bucket keeps."""
    hours = [
        Rollup(authors=sketch(f"{author * 9973 % 2**59:032x}" for author in range(hour * 2000, hour * 2000 + 3000)))
        for hour in range(4)
    ]
    authors = total(hours).authors
    assert (authors.authors, authors.exact) == (9000, True)
    assert authors.authors > MOST


async def test_few_read_and_few_wait() -> None:
    """No more than the permits read at once, a bounded number waits, and the next reader is told to come back."""
    limit, full, leave = ReadLimit(), asyncio.Event(), asyncio.Event()
    inside, most = 0, 0

    async def read() -> None:
        nonlocal inside, most
        async with limit.permit():
            inside += 1
            most = max(most, inside)
            if inside == PERMITS:
                full.set()
            await leave.wait()
            inside -= 1

    async with asyncio.TaskGroup() as readers:
        for _ in range(PERMITS + MOST_WAITING):
            readers.create_task(read())
        await full.wait()
        with pytest.raises(OverloadedError):
            await asyncio.wait_for(read(), 60)
        leave.set()
    assert (most, inside) == (PERMITS, 0)
    await read()


async def test_a_reader_that_gives_up_keeps_no_permit() -> None:
    """A reader that is cancelled while it waits, or while it reads, keeps no permit."""
    limit = ReadLimit()

    async def stay() -> None:
        async with limit.permit():
            await asyncio.Event().wait()

    for _ in range(3):
        tasks = [asyncio.create_task(stay()) for _ in range(PERMITS + MOST_WAITING)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(60), limit.permit():
        pass


async def test_a_short_reading_needs_no_permit() -> None:
    """While all permits are taken a reading of few buckets goes on at once, and one of many waits."""
    limit = ReadLimit()
    async with limit.permit(), limit.permit():
        async with asyncio.timeout(60), limit.permit_for(WIDE):
            pass
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0), limit.permit_for(WIDE + 1):
                pass
    async with asyncio.timeout(60), limit.permit_for(WIDE + 1):
        pass
