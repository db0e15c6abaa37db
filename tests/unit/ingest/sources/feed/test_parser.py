"""Feeds are read where they can be ended: by CPU time and by memory, one feed's fault being its own."""

import asyncio
import io
import json
import os
import resource
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.ingest.sources.feed import parser as module
from services.ingest.sources.feed.entries import FeedEntries, NoFeedError, read_entries
from services.ingest.sources.feed.parser import CostlyFeedError, FeedParser, serve

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
URL = "https://news.example/feed"
GOOD = b'<rss version="2.0"><channel><item><guid>1</guid><title>a fine flight</title></item></channel></rss>'
HOSTILE = {
    "author": b'<rss version="2.0"><channel><item><author>%s</author></item></channel></rss>' % (b"a" * 200_000),
    "items": b'<rss version="2.0"><channel>%s</channel></rss>' % (b"<item><title>a</title></item>" * 150_000),
    "doctype": b"<!DOCTYPE " * 400_000,
    "blanks": b" " * 4_000_000 + b"<rss><channel><item>",
    "blank head": b"<?xml " + b" " * 4_000_000 + b"?><rss><channel><item><title>a</title>",
    "open tags": b"<a" * 1_000_000,
    "depth": b"<rss><channel><item><description>" + b"<div>" * 500_000,
    "references": b"<rss><channel><item><title>" + b"&" * 4_000_000,
    "long number": b"<rss><channel><item><title>&#" + b"9" * 5_000 + b";</title></item></channel></rss>",
    "great number": b"<rss><channel><item><title>&#99999999999999999999;</title></item></channel></rss>",
    "entities": b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<rss><channel><item><title>%s</title></item></channel></rss>" % (b"&b;" * 100_000),
    "dates": b"<rss><channel><item><pubDate>%s</pubDate></item></channel></rss>" % (b"1" * 1_000_000),
    "nothing": b"",
    "nul": bytes(100_000),
}


async def read(parser: FeedParser, body: bytes) -> FeedEntries:
    """Read a feed's bytes."""
    return await parser.read(body, "application/xml", URL, NOW, about_brand=False)


@pytest.fixture
async def parser() -> AsyncIterator[FeedParser]:
    """Yield a parser that gives each feed a second of CPU time."""
    async with FeedParser(cpu_seconds=1) as parser:
        yield parser


async def test_a_feed_is_read_as_in_this_process(parser: FeedParser) -> None:
    """The other process changes nothing, and reads one feed after the other."""
    for body in (GOOD, GOOD.replace(b"</channel></rss>", b"")):
        here = read_entries(body, "application/xml", URL, NOW, about_brand=False)
        assert await read(parser, body) == here
    with pytest.raises(NoFeedError, match="no feed"):
        await read(parser, b"<html>")
    assert parser._feeds == 3


@pytest.mark.parametrize("name", HOSTILE)
async def test_whatever_a_feed_holds_the_next_one_is_read(parser: FeedParser, name: str) -> None:
    """Each hostile feed is read, is no feed, or is ended by its limits; none takes the parser away."""
    with suppress(NoFeedError):
        await read(parser, HOSTILE[name])
    assert [post["text"] for post in (await read(parser, GOOD)).posts] == ["a fine flight"]


async def test_a_feed_that_takes_too_long_is_ended_by_its_cpu_time(parser: FeedParser) -> None:
    """The kernel ends the process by the time that it worked, whatever else the machine does."""
    await read(parser, GOOD)
    process = parser._process
    assert process is not None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pytest.raises(CostlyFeedError, match=r"within 1 s of CPU and 384 MiB of memory"):
        await read(parser, HOSTILE["author"])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert process.returncode not in {None, 0}
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 10
    assert parser._process is None


async def test_a_feed_that_takes_too_much_memory_is_ended_by_it() -> None:
    """What does not fit is that feed's fault, not the service's."""
    async with FeedParser(cpu_seconds=60, data_bytes=96 * 2**20) as parser:
        with pytest.raises(CostlyFeedError, match="96 MiB"):
            await read(
                parser, b'<rss version="2.0"><channel><title>' + b"word " * 10_000_000 + b"</title></channel></rss>"
            )
        assert (await read(parser, GOOD)).is_whole


async def test_an_answer_that_is_too_long_is_not_taken(parser: FeedParser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service holds a bounded part of what a feed unpacks to."""
    monkeypatch.setattr(module, "MAX_REPLY", 10)
    with pytest.raises(CostlyFeedError):
        await read(parser, GOOD)


async def test_a_process_that_was_ended_from_outside_is_begun_anew(parser: FeedParser) -> None:
    """An idle process that the system took away costs no feed."""
    await read(parser, GOOD)
    process = parser._process
    assert process is not None
    process.kill()
    process.wait()
    assert (await read(parser, GOOD)).is_whole


async def test_a_process_is_kept_and_in_the_end_replaced(parser: FeedParser, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process reads many feeds, and none reads for ever."""
    monkeypatch.setattr(module, "FEEDS_A_PROCESS", 2)
    ids = []
    for _ in range(4):
        await read(parser, GOOD)
        assert parser._process is not None
        ids.append(parser._process.pid)
    assert ids[0] == ids[1] != ids[2] == ids[3]


async def test_the_process_sees_no_secret_and_ends_with_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment holds the path to its modules alone; nothing is left running."""
    monkeypatch.setenv("VOXPOP_VAULT_KEY", "a secret of the service")
    async with FeedParser() as parser:
        await read(parser, GOOD)
        process = parser._process
        assert process is not None
        assert b"secret" not in await asyncio.to_thread(_environment_of, process.pid)
        assert os.getpgid(process.pid) != os.getpgid(0)
    assert process.poll() is not None


def _environment_of(pid: int) -> bytes:
    """Return what Linux tells of it, nothing elsewhere."""
    told = Path(f"/proc/{pid}/environ")
    return told.read_bytes() if told.exists() else b""


def test_questions_are_answered_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's side: a heading with a length, that many bytes, and an answer for each."""
    monkeypatch.setattr(module, "_allow", lambda _: None)
    told = {"content_type": "", "url": URL, "now": NOW.isoformat(), "about_brand": True, "length": len(GOOD)}
    answers = io.BytesIO()
    serve(io.BytesIO((json.dumps(told).encode() + b"\n" + GOOD) * 2), answers, 1)
    first, rest = answers.getvalue().split(b"\n", 1)
    assert len(rest) > int(first)
    reply = json.loads(rest[: int(first)])
    assert reply["is_whole"]
    assert reply["posts"][0]["about_brand"]
