"""Posts and comments of Facebook pages."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.ingest.sources.base import MAX_CURSOR, CredentialError, SourceRefusedError
from services.ingest.sources.fields import UNKNOWN_AUTHOR
from services.ingest.sources.meta.facebook_page import WATCHED, FacebookCursor, FacebookPage
from services.ingest.sources.meta.settings import GraphAccess
from tests.contract.source_network import Recorder
from tests.servers.graph import TOKEN, Asked, GraphServer, error
from tests.unit.ingest.sources.looking import reading
from tests.unit.ingest.sources.queries import query
from tests.unit.ingest.virtual_clock import START, VirtualClock


def written(
    item_id: str, message: str | None, minutes: float = 1.0, author: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return a post or comment, so many minutes after the start."""
    if author:
        more["from"] = {"id": author, "name": "Ana"}
    when = (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {"id": item_id, "created_time": when, **({"message": message} if message is not None else {}), **more}


def commented(count: int) -> dict[str, Any]:
    """Return the count of comments as a post has it."""
    return {"comments": {"data": [], "summary": {"total_count": count}}}


class Pages:
    """A server with the page `airline`, and sources over it."""

    def __init__(self, server: GraphServer) -> None:
        """Begin with an empty feed."""
        self.server = server
        self.clock = VirtualClock()
        self.report = Recorder()
        self.feed: list[dict[str, Any]] = server.lists["/airline/feed"]

    def source(self, *pages: str, **more: Any) -> FacebookPage:
        """Return a source of the pages, `airline` where none is given."""
        access = GraphAccess(self.server.url, SecretStr(TOKEN), "FACEBOOK_PAGE_TOKEN")
        return FacebookPage(access, pages or ("airline",), self.report, self.clock, **more)

    def asked(self, path: str) -> list[Asked]:
        """Return the requests for a path."""
        return [asked for asked in self.server.asked if asked.path == path]


@pytest_asyncio.fixture
async def pages() -> AsyncIterator[Pages]:
    """Return an empty page."""
    async with GraphServer(lists={"/airline/feed": []}) as server:
        yield Pages(server)


async def test_posts_and_comments_come_as_ingest_takes_them(pages: Pages) -> None:
    """Authors are ids alone, counts and replies are told, and what has no text is passed over."""
    pages.feed[:] = [
        written("55_2", None),
        written(
            "55_1",
            "delayed",
            author="42",
            shares={"count": 2},
            reactions={"summary": {"total_count": 9}},
            **commented(2),
        ),
    ]
    pages.server.lists["/55_1/comments"] = [
        written("1_8", "me too", parent={"id": "1_7"}, like_count=1),
        written("1_7", "again?", author="43", comment_count=1),
    ]
    async with reading(pages.source(), pages.clock) as read:
        await read.until(lambda: len(read.posts) == 3)
    post, answer, comment = read.posts
    when = (START + timedelta(minutes=1)).isoformat()
    assert post == {
        "platform": "facebook",
        "post_id": "55_1",
        "author": {"id": "42"},
        "text": "delayed",
        "created_at": when,
        "about_brand": True,
        "likes": 9,
        "reposts": 2,
        "replies": 2,
    }
    assert (comment["in_reply_to"], comment["replies"], comment["author"]) == ("55_1", 1, {"id": "43"})
    assert (answer["in_reply_to"], answer["likes"], answer["author"]) == ("1_7", 1, {"id": UNKNOWN_AUTHOR})


async def test_what_was_written_before_it_began_stays_out_but_new_comments_under_it_come(pages: Pages) -> None:
    """A stream begins with now; people go on commenting on what is older."""
    pages.feed[:] = [written("55_1", "old news", minutes=-600, **commented(1))]
    pages.server.lists["/55_1/comments"] = [written("1_1", "old comment", minutes=-500)]
    async with reading(pages.source(), pages.clock) as read:
        await read.until(lambda: read.cursor is not None)
        pages.server.lists["/55_1/comments"].insert(0, written("1_2", "new comment", minutes=3))
        pages.feed[0] |= commented(2)
        await read.until(lambda: bool(read.posts))
    assert read.texts == ["new comment"]


async def test_comments_are_asked_for_only_where_something_changed(pages: Pages) -> None:
    """A look at an unchanged page is one request, also after a restart."""
    pages.feed[:] = [written("55_1", "news", **commented(1)), written("55_0", "quiet", **commented(0))]
    pages.server.lists["/55_1/comments"] = [written("1_1", "first")]
    async with reading(pages.source(), pages.clock) as read:
        await read.until(lambda: len(pages.asked("/airline/feed")) == 4)
    async with reading(pages.source(), pages.clock, read.cursor) as again:
        await again.until(lambda: len(pages.asked("/airline/feed")) == 6)
    assert len(pages.asked("/55_1/comments")) == 1
    assert pages.asked("/55_0/comments") == []


async def test_a_post_that_goes_between_two_requests_ends_nothing(pages: Pages) -> None:
    """Comments of a post that was deleted meanwhile are passed over."""
    pages.feed[:] = [written("55_2", "gone soon", **commented(3)), written("55_1", "stays")]
    async with reading(pages.source(), pages.clock) as read:
        await read.until(lambda: len(pages.asked("/airline/feed")) == 3)
    assert set(read.texts) == {"gone soon", "stays"}


async def test_a_page_that_is_not_there_is_told(pages: Pages) -> None:
    """The sentence says that the name or the token is to be looked at."""
    async with reading(pages.source("nosuch"), pages.clock) as read:
        with pytest.raises(SourceRefusedError, match="knows nothing of that name"):
            await read.to_its_end()
    source = pages.source()
    source.pages = ()
    async with reading(source, pages.clock) as read:
        with pytest.raises(SourceRefusedError, match="no Facebook page"):
            await read.to_its_end()


@pytest.mark.parametrize(
    ("code", "kind"), [(190, CredentialError), (10, SourceRefusedError), (200, SourceRefusedError)]
)
async def test_a_token_that_will_not_do_ends_it(code: int, kind: type[Exception], pages: Pages) -> None:
    """Also where it is the comments alone that it may not read."""
    pages.feed[:] = [written("55_1", "news", **commented(1))]
    pages.server.faults["/55_1/comments"] = error(400, code)
    async with reading(pages.source(), pages.clock) as read:
        with pytest.raises(kind, match="FACEBOOK_PAGE_TOKEN"):
            await read.to_its_end()


async def test_several_pages_are_read_each(pages: Pages) -> None:
    """A post on the second page comes beside one on the first."""
    pages.server.lists["/other.page/feed"] = [written("66_1", "on the other")]
    pages.feed[:] = [written("55_1", "on the first")]
    async with reading(pages.source("airline", "other.page"), pages.clock) as read:
        await read.until(lambda: set(read.texts) == {"on the first", "on the other"})


async def test_a_backfill_takes_what_is_asked_for_and_ends(pages: Pages) -> None:
    """Posts and comments since a time come, older ones do not."""
    pages.feed[:] = [
        written("55_2", "within", minutes=-60, **commented(2)),
        written("55_1", "before", minutes=-60 * 24 * 40),
    ]
    pages.server.lists["/55_2/comments"] = [written("1_1", "answer", minutes=-30)]
    source = pages.source(since=START - timedelta(days=30), ends=True)
    async with reading(source, pages.clock) as read:
        await read.to_its_end()
    assert read.texts == ["within", "answer"]
    window = int(pages.asked("/airline/feed")[0].params["since"])
    assert window == int((START - timedelta(days=30)).timestamp())


def test_a_busy_page_keeps_its_cursor_within_bounds() -> None:
    """However many posts have comments, and however long their ids, the cursor is one that a store takes."""
    cursor = FacebookCursor(START)
    for number in range(2 * WATCHED):
        cursor.has_read(f"{'9' * 60}_{number:019}", f"{int(START.timestamp())}/{10**6}", START)
    cursor.has_read("9" * 500, "1/1", START)
    assert len(cursor.comments) == WATCHED
    assert len(cursor.write()) <= MAX_CURSOR


def test_what_is_watched_no_more_is_forgotten() -> None:
    """The cursor knows the posts of the last look alone."""
    cursor = FacebookCursor(START)
    for post_id in ("old", "young"):
        cursor.has_read(post_id, "1/1", START)
    cursor.keep({"young"})
    assert list(cursor.comments) == ["young"]


async def test_a_post_that_fell_out_of_the_look_is_forgotten(pages: Pages) -> None:
    """A post that is listed no more leaves the cursor with the next change."""
    cursor: str | None = None
    for look in range(2):
        pages.feed[:] = [written(f"55_{look}", "news", minutes=look, **commented(1))]
        pages.server.lists[f"/55_{look}/comments"] = [written(f"1_{look}", "yes", minutes=look)]
        async with reading(pages.source(ends=True), pages.clock, cursor) as read:
            await read.to_its_end()
        cursor = read.cursor
    pages.feed[:] = [written("55_9", "news", minutes=9, **commented(1))]
    pages.server.lists["/55_9/comments"] = []
    async with reading(pages.source(), pages.clock, cursor) as last:
        await last.until(lambda: len(pages.asked("/airline/feed")) == 4)
        pages.feed[0] |= commented(2)
        await last.until(lambda: len(pages.asked("/55_9/comments")) == 2)
        await pages.clock.advance(1)
    assert last.cursor is not None
    assert "55_9" in last.cursor
    assert "55_0" not in last.cursor


@given(st.text(max_size=80) | st.none())
def test_a_cursor_of_somebody_else_begins_anew(words: str | None) -> None:
    """Whatever was stored, a source starts."""
    assert FacebookCursor.read(words, START).start == START


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=20), st.integers(0, 10**6)), max_size=9))
def test_a_cursor_comes_back_as_it_was(known: list[tuple[str, str, int]]) -> None:
    """What was known of pages and posts survives writing and reading."""
    cursor = FacebookCursor(START)
    for name, mark, seconds in known:
        cursor.reach(name, START + timedelta(seconds=seconds), datetime.max.replace(tzinfo=UTC))
        cursor.has_read(name, mark, START + timedelta(seconds=seconds))
    read = FacebookCursor.read(cursor.write(), START + timedelta(days=1))
    assert (read.start, read.newest, read.comments) == (cursor.start, cursor.newest, cursor.comments)


async def test_a_pages_own_words_are_told_by_the_name_that_the_brand_gives(pages: Pages) -> None:
    """Posts and comments by the page carry its handle, so that they are internal voice and never answered."""
    pages.feed[:] = [
        written("55_2", "sorry", author="55", **commented(2)),
        written("55_1", "delayed", author="42"),
        written("77", "odd", author="77"),
    ]
    pages.server.lists["/55_2/comments"] = [written("2_8", "we are", author="55"), written("2_7", "hm", author="42")]
    ours = query("facebook", handles={"facebook": ["airline"]})
    async with reading(pages.source(since=START, ends=True), pages.clock) as read:
        await read.to_its_end()
    voices = {post["text"]: post["voice"] for post in ours.select(read.posts).posts}
    assert [text for text, voice in voices.items() if voice == "internal"] == ["sorry", "we are"]
    assert len(voices) == 5
