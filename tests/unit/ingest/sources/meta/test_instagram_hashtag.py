"""Instagram's hashtag search."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.ingest.sources.base import CredentialError, SourceRefusedError
from services.ingest.sources.fields import UNKNOWN_AUTHOR
from services.ingest.sources.meta.instagram_hashtag import InstagramHashtag
from services.ingest.sources.meta.lookback import LookbackCursor
from services.ingest.sources.meta.settings import GraphAccess
from tests.contract.source_network import Recorder
from tests.servers.graph import ACCOUNT, TOKEN, GraphServer, error
from tests.unit.ingest.sources.looking import reading
from tests.unit.ingest.virtual_clock import START, VirtualClock

LISTS = ("/701/recent_media", "/701/top_media", "/702/recent_media")


def item(item_id: str, caption: str | None, minutes: float = 1.0, **more: Any) -> dict[str, Any]:
    """Return a post as the search gives it, so many minutes after the start."""
    when = (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {"id": item_id, "timestamp": when, **({"caption": caption} if caption is not None else {}), **more}


class Search:
    """A server with two hashtags, and sources over it."""

    def __init__(self, server: GraphServer) -> None:
        """Begin with empty lists."""
        self.server = server
        self.clock = VirtualClock()
        self.report = Recorder()
        self.recent: list[dict[str, Any]] = server.lists["/701/recent_media"]

    def source(self, *tags: str, **more: Any) -> InstagramHashtag:
        """Return a source of the hashtags, `airline` where none is given."""
        access = GraphAccess(self.server.url, SecretStr(TOKEN), "INSTAGRAM_ACCESS_TOKEN")
        return InstagramHashtag(access, ACCOUNT, tags or ("airline",), self.report, self.clock, **more)


@pytest_asyncio.fixture
async def search() -> AsyncIterator[Search]:
    """Return a search over two hashtags."""
    async with GraphServer(lists={path: [] for path in LISTS}, hashtags={"airline": "701", "delay": "702"}) as server:
        yield Search(server)


async def test_a_post_has_no_author_of_its_own(search: Search) -> None:
    """All are of the one author that stands for no person; hidden likes count 0; the hashtag goes with the post."""
    search.recent[:] = [item("2", "two", like_count=7, comments_count=2), item("1", "one"), item("0", None)]
    async with reading(search.source(), search.clock) as read:
        await read.until(lambda: len(read.posts) == 2)
    assert {post["author"]["id"] for post in read.posts} == {UNKNOWN_AUTHOR}
    assert [(post["likes"], post["replies"], post["hashtags"]) for post in read.posts] == [
        (7, 2, ["airline"]),
        (0, 0, ["airline"]),
    ]


async def test_a_hashtag_is_looked_up_once(search: Search) -> None:
    """Its id is kept in the cursor: each different hashtag asked for counts against the account's thirty."""
    async with reading(search.source(), search.clock) as read:
        await read.until(lambda: read.cursor is not None)
    async with reading(search.source(), search.clock, read.cursor) as again:
        search.recent[:] = [item("1", "one")]
        await again.until(lambda: bool(again.posts))
    assert [asked.path for asked in search.server.asked].count("/ig_hashtag_search") == 1


async def test_a_list_out_of_order_is_read_whole(search: Search) -> None:
    """A page without news is not taken for the end, since the list is not in strict order."""
    old = [item(f"old {number}", "old", minutes=-500) for number in range(99)]
    search.recent[:] = [item("1", "first"), *old, item("2", "behind the old ones")]
    async with reading(search.source(), search.clock) as read:
        await read.until(lambda: set(read.texts) == {"first", "behind the old ones"})


async def test_what_appears_late_is_taken_within_the_hour(search: Search) -> None:
    """A post with an older time than the newest one read still comes, once."""
    search.recent[:] = [item("1", "first", minutes=90)]
    async with reading(search.source(), search.clock) as read:
        await read.until(lambda: bool(read.posts))
        search.recent.insert(1, item("2", "late", minutes=45))
        await read.until(lambda: len(read.posts) == 2)
        await search.clock.advance(2000)
        assert read.texts == ["first", "late"]


@pytest.mark.parametrize("count", [0, 31])
async def test_more_hashtags_than_instagram_allows_are_refused(count: int, search: Search) -> None:
    """None, or more than thirty, is a no before anything is asked."""
    source = search.source(*[f"tag{number}" for number in range(count)]) if count else search.source()
    source.hashtags = source.hashtags if count else ()
    async with reading(source, search.clock) as read:
        with pytest.raises(SourceRefusedError, match="30"):
            await read.to_its_end()
    assert search.server.asked == []


async def test_a_hashtag_past_the_limit_waits_while_the_others_are_read(search: Search) -> None:
    """Other brands share the account's thirty: one hashtag is put off for an hour and said so, until it is let in."""
    search.server.faults["/702/recent_media"] = error(400, 18, 2207034)
    search.recent[:] = [item("1", "one")]
    async with reading(search.source("delay", "airline"), search.clock) as read:
        await read.until(lambda: bool(read.posts) and bool(search.report.sentences))
        assert "#delay" in search.report.sentences[-1]
        assert "30 different hashtags" in search.report.sentences[-1]
        search.server.faults.clear()
        search.server.lists["/702/recent_media"].append(item("9", "let in", minutes=5))
        await search.clock.advance(3000)
        assert read.texts == ["one"]
        modes = len(search.report.modes)
        await read.until(lambda: read.texts == ["one", "let in"])
        assert len(search.report.modes) > modes


async def test_a_hashtag_that_nobody_uses_ends_nothing(search: Search) -> None:
    """One that Instagram does not find waits beside the others."""
    search.recent[:] = [item("1", "one")]
    async with reading(search.source("nosuch", "airline"), search.clock) as read:
        await read.until(lambda: bool(read.posts))
    assert "#nosuch" in search.report.sentences[0]


async def test_a_lone_hashtag_that_is_not_found_keeps_waiting(search: Search) -> None:
    """A campaign may come before its first post."""
    async with reading(search.source("delayed"), search.clock) as read:
        await search.clock.advance(9000)
        await read.until(lambda: len(search.report.sentences) > 2)
        search.server.hashtags["delayed"] = "701"
        search.recent[:] = [item("1", "one", minutes=160)]
        await read.until(lambda: bool(read.posts), step=10.0)


async def test_a_backfill_of_the_most_popular_ends_by_itself(search: Search) -> None:
    """`top` takes posts of any age after `since` and ends after one look."""
    search.server.lists["/701/top_media"] = [item("1", "old", minutes=-60 * 24 * 20), item("2", "older", -60 * 24 * 60)]
    source = search.source(order="top", since=START - timedelta(days=30), ends=True)
    async with reading(source, search.clock) as read:
        await read.to_its_end()
    assert read.texts == ["old"]


async def test_a_missing_permission_ends_it(search: Search) -> None:
    """Without the app's approval nothing is ever given, and the sentence names the token's variable."""
    search.server.faults[""] = error(403, 10)
    async with reading(search.source(), search.clock) as read:
        with pytest.raises(SourceRefusedError, match="INSTAGRAM_ACCESS_TOKEN"):
            await read.to_its_end()
    search.server.faults[""] = error(400, 190)
    async with reading(search.source(), search.clock) as read:
        with pytest.raises(CredentialError, match="INSTAGRAM_ACCESS_TOKEN"):
            await read.to_its_end()


@given(st.text(max_size=60) | st.none() | st.recursive(st.integers(), st.lists).map(json.dumps))
def test_a_cursor_of_somebody_else_begins_anew(words: str | None) -> None:
    """Whatever was stored, a source starts."""
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert LookbackCursor.read(words, now).start == now


@given(
    st.dictionaries(st.text(max_size=9), st.tuples(st.text(max_size=9), st.integers(0, 10**6)), max_size=5),
    st.integers(0, 10**6),
)
def test_a_cursor_comes_back_as_it_was(known: dict[str, tuple[str, int]], start: int) -> None:
    """Ids and times survive writing and reading."""
    cursor = LookbackCursor(START + timedelta(seconds=start))
    for tag, (found, seconds) in known.items():
        cursor.ids[tag] = found
        cursor.reach(tag, START + timedelta(seconds=seconds), START + timedelta(days=99))
    read = LookbackCursor.read(cursor.write(tuple(known)), START)
    assert (read.start, read.ids, read.newest) == (cursor.start, cursor.ids, cursor.newest)


def test_a_time_ahead_is_not_believed() -> None:
    """A post from the future does not hide all that is published until then."""
    cursor = LookbackCursor(START)
    cursor.reach("airline", START + timedelta(days=300), START)
    assert cursor.newest["airline"] <= START + timedelta(seconds=1)
