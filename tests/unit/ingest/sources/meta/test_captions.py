"""Captions through unmodified instaloader, from a website on this machine."""

import asyncio
import os
import pickle
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.ingest.sources.base import CredentialError, SourceRefusedError
from services.ingest.sources.meta.captions import InstagramCaptions
from services.ingest.sources.meta.loader import cookies_of
from services.ingest.sources.meta.settings import InstaloaderSession
from tests.contract.source_network import Recorder
from tests.servers.instagram import COOKIES, InstagramServer, Reply, post, reply_of, write_certificate, write_session
from tests.unit.ingest.sources.looking import reading
from tests.unit.ingest.virtual_clock import START, VirtualClock

SECONDS = START.timestamp() + 60


class Website:
    """A website, and sources over it."""

    def __init__(self, server: InstagramServer, session: InstaloaderSession) -> None:
        """Begin with what `server` holds."""
        self.server = server
        self.session = session
        self.clock = VirtualClock()
        self.report = Recorder()

    def source(self, *queries: str, session: InstaloaderSession | None = None, **more: Any) -> InstagramCaptions:
        """Return a source of the queries."""
        return InstagramCaptions(session, queries, self.report, self.clock, request_seconds=0.5, **more)


@pytest_asyncio.fixture
async def website(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Website]:
    """Return a website with a hashtag and a profile, which instaloader reaches through a proxy."""
    certificate = write_certificate(tmp_path)
    posts = {
        "#airline": [post("2", "late #airline", SECONDS + 5), post("1", "old", SECONDS - 900)],
        "airline": [post("12", "our news", SECONDS + 9), post("11", "older news", SECONDS - 900)],
    }
    async with InstagramServer(certificate, posts) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.proxy)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        yield Website(server, InstaloaderSession("ana", write_session(tmp_path)))


async def test_a_visitor_reads_a_profile(website: Website) -> None:
    """Captions since the start come with the profile's name as handle, its id as author."""
    async with reading(website.source("airline"), website.clock) as read:
        await read.until(lambda: read.cursor is not None, step=0.05)
    (told,) = read.posts
    assert (told["text"], told["post_id"], told["author"]) == ("our news", "12", {"id": "712", "handle": "airline"})
    assert (told["platform"], told["likes"]) == ("instagram", 5)
    assert website.report.modes


async def test_somebody_logged_in_reads_a_hashtag(website: Website) -> None:
    """Captions come with their authors' ids and without a handle."""
    source = website.source("#airline", session=website.session)
    async with reading(source, website.clock) as read:
        await read.until(lambda: read.cursor is not None, step=0.05)
    assert [(told["text"], told["author"], told["replies"]) for told in read.posts] == [
        ("late #airline", {"id": "72"}, 2)
    ]


async def test_a_backfill_ends_by_itself(website: Website) -> None:
    """With a time to begin at, older posts come, and one look is all."""
    source = website.source("#airline", session=website.session, since=START - timedelta(hours=1), ends=True)
    async with reading(source, website.clock) as read:
        await read.until(lambda: len(read.posts) == 2, step=0.05)
        assert read.reading is not None
        await read.until(read.reading.done, step=0.05)


LOGIN_PAGE = {"location": "https://www.instagram.com/accounts/login/?next=x"}


@pytest.mark.parametrize(
    ("query", "logged_in", "fault", "kind", "words"),
    [
        ("#airline", False, Reply(302, LOGIN_PAGE, b""), CredentialError, "instaloader --login"),
        ("airline", False, Reply(302, LOGIN_PAGE, b""), CredentialError, "INSTAGRAM_SESSION_FILE"),
        ("#airline", True, Reply(302, LOGIN_PAGE, b""), CredentialError, "ended the login"),
        ("#airline", True, reply_of({"message": "checkpoint_required"}, 400), SourceRefusedError, "locked the account"),
        (
            "#airline",
            True,
            reply_of({"message": "challenge_required", "status": "fail"}, 400),
            SourceRefusedError,
            "locked the account",
        ),
        ("#airline", True, reply_of({"message": "feedback_required"}, 400), SourceRefusedError, "locked the account"),
        ("nosuch", False, None, SourceRefusedError, "no such profile"),
        ("#airline", True, reply_of({}, 404), SourceRefusedError, "no such profile or hashtag"),
    ],
)
async def test_what_instagram_does_to_such_readers_is_said_honestly(
    query: str, fault: Reply | None, kind: type[Exception], words: str, website: Website, *, logged_in: bool
) -> None:
    """A login that is asked for or was ended, a locked account and a missing profile each have their sentence."""
    website.server.fault = fault
    async with reading(website.source(query, session=website.session if logged_in else None), website.clock) as read:
        with pytest.raises(kind, match=words):
            await read.until(lambda: False, step=0.05)
    assert not any(cookie in str(website.report.sentences) for cookie in COOKIES.values())


async def test_a_private_profile_is_refused(website: Website) -> None:
    """What an account shows to followers alone is not read, whatever login is used."""
    website.server.private = True
    async with reading(website.source("airline"), website.clock) as read:
        with pytest.raises(SourceRefusedError, match="private"):
            await read.until(lambda: False, step=0.05)
    assert website.server.asked == ["www.instagram.com/airline/"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Reply(429, {}, b"slow down"), "429"),
        (reply_of({"message": "Please wait a few minutes before you try again.", "status": "fail"}, 401), "log in"),
    ],
)
async def test_too_many_requests_are_waited_out_long(fault: Reply, words: str, website: Website) -> None:
    """A limit is told, nothing is asked for a quarter of an hour, and the next wait is longer."""
    website.server.fault = fault
    async with reading(website.source("#airline", session=website.session), website.clock) as read:
        await read.until(lambda: len(website.report.sentences) == 1, step=0.01)
        assert words in website.report.sentences[0]
        asked = len(website.server.asked)
        await website.clock.advance(890)
        assert len(website.server.asked) == asked
        await website.clock.advance(20)
        await read.until(lambda: len(website.report.sentences) == 2, step=0.01)
        assert "again in 1800 s" in website.report.sentences[1]


async def test_a_stop_is_at_once_whatever_hangs(website: Website) -> None:
    """Closing while a request hangs in its thread does not wait for it; it ends by its own deadline."""
    website.server.stalled.clear()
    async with reading(website.source("airline"), website.clock) as read:
        await read.until(lambda: bool(website.server.asked), step=0.01)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 0.4
    await website.clock.until(lambda: website.server.open_connections == 0)


async def test_after_a_stop_nothing_more_is_asked(website: Website) -> None:
    """A thread that gets its answer after the stop goes no further."""
    website.server.stalled.clear()
    async with reading(website.source("airline"), website.clock) as read:
        await read.until(lambda: bool(website.server.asked), step=0.01)
    website.server.stalled.set()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert website.server.asked == ["www.instagram.com/airline/"]


async def test_without_a_query_nothing_begins(website: Website) -> None:
    """A brand that names neither a hashtag nor a profile is told so."""
    async with reading(website.source(), website.clock) as read:
        with pytest.raises(SourceRefusedError, match="no hashtag and no Instagram profile"):
            await read.to_its_end()


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("made-by-a-pickle",))


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80", b"not a pickle", pickle.dumps([1]), pickle.dumps({"sessionid": ""}), pickle.dumps({"a": _Evil()})],
)
def test_a_session_file_that_holds_no_login_is_refused_and_never_run(content: bytes, tmp_path: Path) -> None:
    """Nonsense and a pickle that would run something give the same sentence, and nothing is run."""
    path = tmp_path / "session"
    path.write_bytes(content)
    with pytest.raises(CredentialError, match="INSTAGRAM_SESSION_FILE"):
        cookies_of(InstaloaderSession("ana", path))
    assert not Path("made-by-a-pickle").exists()


def test_a_session_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The variable is named, and instaloader's own file is read."""
    with pytest.raises(CredentialError, match="INSTAGRAM_SESSION_FILE"):
        cookies_of(InstaloaderSession("ana", tmp_path / "none"))
    assert cookies_of(InstaloaderSession("ana", write_session(tmp_path))) == COOKIES
