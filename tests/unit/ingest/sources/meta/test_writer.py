"""Replies through the Graph API."""

import asyncio
from typing import Literal

import pytest

from services.ingest.sources.meta.settings import GraphAccess
from services.ingest.sources.meta.writer import GraphWriter
from services.ingest.sources.reply_writer import NotSent, SendOutcome, Sent, Unknown
from tests.servers.graph import TOKEN, Canned, GraphServer, error
from tests.unit.ingest.sources.outgoing import outgoing
from tests.unit.ingest.virtual_clock import VirtualClock


@pytest.mark.parametrize("edge", ["comments", "replies"])
async def test_a_reply_is_written_once(
    edge: Literal["comments", "replies"], server: GraphServer, access: GraphAccess, clock: VirtualClock
) -> None:
    """One request goes out, and the id that came back is the reply's."""
    outcome = await GraphWriter(access, clock, edge).reply(outgoing("12_34", "Grüße & sorry"))
    assert outcome == Sent(next(iter(server.written)))
    assert list(server.written.values()) == ["Grüße & sorry"]
    assert [(asked.method, asked.path) for asked in server.asked] == [("POST", f"/12_34/{edge}")]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (error(400, 190), NotSent("the Graph API refuses the token in FACEBOOK_PAGE_TOKEN (code 190)")),
        (error(403, 200), NotSent("the token in FACEBOOK_PAGE_TOKEN may not write comments (code 200)")),
        (error(400, 32), NotSent("past a limit of the Graph API (code 32)", retry=True)),
        (error(400, 506), NotSent("the Graph API refuses the reply (code 506)")),
    ],
)
async def test_a_no_is_certain(
    fault: Canned, expected: SendOutcome, server: GraphServer, access: GraphAccess, clock: VirtualClock
) -> None:
    """An error that the API gives before it writes means that nothing was published, and says whether to try later."""
    server.faults[""] = fault
    assert await GraphWriter(access, clock).reply(outgoing("12")) == expected
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "fault", [error(500, 2), error(400, 1), Canned(502, {}, b"<html>"), Canned(200, {}, b"{}"), Canned(200, {}, b"x")]
)
async def test_what_is_not_certain_goes_back_to_a_person(
    fault: Canned, server: GraphServer, access: GraphAccess, clock: VirtualClock
) -> None:
    """Their trouble, a page of HTML, or an answer without an id leave the outcome unknown; nothing is sent again."""
    server.faults[""] = fault
    assert isinstance(await GraphWriter(access, clock).reply(outgoing("12")), Unknown)
    assert len(server.asked) == 1


async def test_a_broken_or_silent_connection_leaves_it_unknown(
    server: GraphServer, access: GraphAccess, clock: VirtualClock
) -> None:
    """The request had begun: whether it arrived is not known."""
    server.is_cut = True
    assert isinstance(await GraphWriter(access, clock).reply(outgoing("12")), Unknown)
    server.stalled.clear()
    writing = asyncio.ensure_future(GraphWriter(access, clock).reply(outgoing("12")))
    await clock.until(writing.done, step=1.0)
    assert isinstance(writing.result(), Unknown)


async def test_a_server_that_is_not_there_got_nothing(access: GraphAccess, clock: VirtualClock) -> None:
    """A connection that never came about is certain, and may be tried later."""
    away = GraphAccess("http://127.0.0.1:1/v23.0", access.token, access.variable)
    outcome = await GraphWriter(away, clock).reply(outgoing("12"))
    assert isinstance(outcome, NotSent)
    assert outcome.retry


@pytest.mark.parametrize("post_id", ["export:ab", "../me", "12/feed", "", "me"])
async def test_an_id_that_is_none_is_asked_for_nothing(
    post_id: str, server: GraphServer, access: GraphAccess, clock: VirtualClock
) -> None:
    """Ids of exports and whatever else is no number never reach the address."""
    assert isinstance(await GraphWriter(access, clock).reply(outgoing(post_id)), NotSent)
    assert server.asked == []


def test_a_writer_shows_no_token(access: GraphAccess, clock: VirtualClock) -> None:
    """Its `repr` holds nothing of what opens the API."""
    assert TOKEN not in repr(GraphWriter(access, clock))
