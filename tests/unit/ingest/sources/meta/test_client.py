"""Reading the Graph API through its limits and errors."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr

from services.ingest.sources.base import CredentialError, SourceRefusedError
from services.ingest.sources.meta.client import MAX_PAGES, GraphClient, node, open_client
from services.ingest.sources.meta.errors import GraphRefusedError
from services.ingest.sources.meta.settings import GraphAccess
from tests.contract.source_network import Recorder
from tests.servers.graph import TOKEN, Canned, GraphServer, error
from tests.unit.ingest.virtual_clock import VirtualClock

T = TypeVar("T")
USAGE = "x-business-use-case-usage"


@asynccontextmanager
async def client(access: GraphAccess, clock: VirtualClock, report: Recorder) -> AsyncIterator[GraphClient]:
    """Return a client that reports `looking`."""
    async with open_client(access, clock, report, "looking") as graph:
        yield graph


async def all_ids(graph: GraphClient, limit: int) -> list[str]:
    """Return the ids of the whole list."""
    return [item["id"] async for page in graph.pages("/7/feed", {}, limit) for item in page.items]


async def run(work: Coroutine[Any, Any, T], clock: VirtualClock, limit: float = 20_000.0) -> T:
    """Let `work` end, moving the clock."""
    task = asyncio.ensure_future(work)
    try:
        await clock.until(task.done, step=1.0, limit=limit)
    finally:
        task.cancel()
        await asyncio.wait({task})
    return task.result()


async def test_a_list_is_read_page_by_page_with_the_token_in_a_header(
    server: GraphServer, access: GraphAccess, clock: VirtualClock, report: Recorder
) -> None:
    """Every item comes once, and no address that was asked for holds the token, though `paging.next` does."""
    async with client(access, clock, report) as graph:
        assert await run(all_ids(graph, 50), clock) == [str(number) for number in range(120)]
    assert len(server.asked) == 3
    assert not any(TOKEN in str(asked.params) for asked in server.asked)
    assert report.modes == ["looking"]


async def test_an_app_that_demands_it_gets_a_proof_of_its_secret(
    server: GraphServer, access: GraphAccess, clock: VirtualClock, report: Recorder
) -> None:
    """The proof is the HMAC-SHA256 of the token with the secret, and the secret itself is never sent."""
    async with client(replace(access, app_secret=SecretStr("s3cret")), clock, report) as graph:
        await run(graph.get("/7/feed", {}), clock)
    expected = hmac.new(b"s3cret", TOKEN.encode(), hashlib.sha256).hexdigest()
    assert server.asked[0].params["appsecret_proof"] == expected
    assert "s3cret" not in repr(server.asked)


@pytest.mark.parametrize("code", [4, 17, 32, 613, 80001, 80002])
async def test_past_a_limit_it_waits_longer_each_time(
    code: int, server: GraphServer, access: GraphAccess, clock: VirtualClock, report: Recorder
) -> None:
    """Where nothing says how long, the waits double from a minute, and the sentence has the code."""
    server.faults[""] = error(400, code)
    moments: list[float] = []
    server.listener = lambda _: moments.append(clock.monotonic())
    async with client(access, clock, report) as graph:
        reading = asyncio.ensure_future(graph.get("/7/feed", {}))
        await clock.until(lambda: len(moments) == 4, step=5.0)
        server.faults.clear()
        await clock.until(reading.done, step=5.0)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert [gap >= least for gap, least in zip(gaps, (60, 120, 240, 480), strict=True)] == [True] * 4
    assert f"code {code}" in report.sentences[0]
    assert report.modes == ["looking"]


async def test_the_time_to_regain_access_is_waited(
    server: GraphServer, access: GraphAccess, clock: VirtualClock, report: Recorder
) -> None:
    """With the error's header saying 7 minutes, nothing is asked for 7 minutes."""
    regained = json.dumps({"17": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 7}]})
    server.faults[""] = replace(error(400, 32), headers={USAGE: regained})
    moments: list[float] = []
    server.listener = lambda _: moments.append(clock.monotonic())
    async with client(access, clock, report) as graph:
        reading = asyncio.ensure_future(graph.get("/7/feed", {}))
        await clock.until(lambda: bool(report.sentences), step=1.0)
        server.faults.clear()
        await clock.until(reading.done, step=10.0)
    assert 420 <= moments[1] - moments[0] < 500


async def test_near_a_limit_it_rests_before_it_is_told_to(
    server: GraphServer, access: GraphAccess, clock: VirtualClock, report: Recorder
) -> None:
    """An answer that says 95 % is used is taken, and the next request waits."""
    server.usage = {"x-app-usage": '{"call_count": 95, "total_time": 2, "total_cputime": 1}'}
    async with client(access, clock, report) as graph:
        await run(graph.get("/7/feed", {}), clock)
        began = clock.monotonic()
        await run(graph.get("/7/feed", {}), clock)
    assert clock.monotonic() - began >= 300
    assert "nearly past a limit" in report.sentences[0]


async def test_too_large_an_answer_is_asked_for_in_smaller_pages(
    server: GraphServer, access: GraphAccess, clock: VirtualClock, report: Recorder
) -> None:
    """The API's own complaint halves the page until it is content, and nothing is left out."""
    server.most_items = 20
    async with client(access, clock, report) as graph:
        assert len(await run(all_ids(graph, 50), clock)) == 120
    assert {asked.params["limit"] for asked in server.asked} == {"50", "25", "12"}


async def test_an_answer_without_end_is_given_up(
    server: GraphServer, access: GraphAccess, clock: VirtualClock, report: Recorder
) -> None:
    """Past 8 MiB less is asked for at a time."""
    server.garbage = [b" " * (9 * 2**20)]
    async with client(access, clock, report) as graph:
        assert len(await run(all_ids(graph, 50), clock)) == 120
    assert "too large" in report.sentences[0]


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (error(401, 190, 463), CredentialError, "FACEBOOK_PAGE_TOKEN (code 190, subcode 463)"),
        (error(400, 102), CredentialError, "make a new one"),
        (error(403, 10), GraphRefusedError, "lacks a permission"),
        (error(403, 200), GraphRefusedError, "lacks a permission"),
        (error(403, 299), GraphRefusedError, "code 299"),
        (error(400, 100, 33), GraphRefusedError, "knows nothing of that name"),
        (error(404, 803), GraphRefusedError, "knows nothing of that name"),
        (error(400, 100), GraphRefusedError, "refuses what is asked (code 100)"),
        (error(200, 190), CredentialError, "code 190"),
    ],
)
async def test_what_no_waiting_changes_is_raised_in_a_sentence(
    fault: Canned,
    kind: type[SourceRefusedError],
    words: str,
    server: GraphServer,
    access: GraphAccess,
    clock: VirtualClock,
    report: Recorder,
) -> None:
    """The sentence names the variable or the remedy and the numbers, without the API's words or the token."""
    server.faults[""] = fault
    async with client(access, clock, report) as graph:
        with pytest.raises(kind) as raised:
            await run(graph.get("/7/feed", {}), clock)
    assert words in raised.value.detail
    assert TOKEN not in raised.value.detail
    assert len(server.asked) == 1


@pytest.mark.parametrize("fault", [error(500, 2), error(400, 1), error(503, 0), error(400, 99, is_transient=True)])
async def test_what_passes_is_waited_out(
    fault: Canned, server: GraphServer, access: GraphAccess, clock: VirtualClock, report: Recorder
) -> None:
    """Transient errors are told in a sentence and asked again."""
    server.faults[""] = fault
    async with client(access, clock, report) as graph:
        reading = asyncio.ensure_future(graph.get("/7/feed", {}))
        await clock.until(lambda: len(report.sentences) >= 2, step=1.0)
        server.faults.clear()
        await clock.until(reading.done, step=1.0)
        assert reading.result()["data"]
    assert report.modes == ["looking"]


async def test_a_blocked_account_is_left_alone_for_an_hour(
    server: GraphServer, access: GraphAccess, clock: VirtualClock, report: Recorder
) -> None:
    """Code 368 is no moment's trouble: asking on would make it worse."""
    server.faults[""] = error(400, 368)
    async with client(access, clock, report) as graph:
        reading = asyncio.ensure_future(graph.get("/7/feed", {}))
        await clock.until(lambda: bool(report.sentences), step=1.0)
        await clock.advance(3500)
        assert len(server.asked) == 1
        server.faults.clear()
        await clock.until(reading.done, step=10.0)


async def test_a_list_whose_cursor_never_changes_ends(
    server: GraphServer, access: GraphAccess, clock: VirtualClock, report: Recorder
) -> None:
    """The hashtag search gives the same cursor with each page: that is no end, but a number of pages is."""
    page = {"data": [{"id": "1"}], "paging": {"cursors": {"after": "same"}, "next": "https://elsewhere/"}}
    server.faults[""] = Canned(200, {}, json.dumps(page).encode())
    async with client(access, clock, report) as graph:
        assert len(await run(all_ids(graph, 50), clock)) == MAX_PAGES
    assert "left out" in report.sentences[-1]


@pytest.mark.parametrize("name", ["", "..", "a/b", "a?b", "a b", "%2e", "é", "x" * 201])
def test_a_name_leads_to_no_other_path(name: str) -> None:
    """What a brand gives as a page or hashtag id cannot point elsewhere at the API."""
    with pytest.raises(SourceRefusedError):
        node(name, "feed")
