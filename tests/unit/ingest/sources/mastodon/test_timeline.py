"""What `services.ingest.sources.mastodon.timelines` promises."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sources.base import CredentialError, SourceRefusedError
from services.ingest.sources.mastodon.timelines import (
    OVERLAP_MS,
    PAGE,
    PUBLIC,
    Timelines,
    later,
    refusal,
    streaming_address_in,
    with_overlap,
)
from services.ingest.sources.network.fetcher import Fetcher
from services.ingest.sources.network.reconnection import NetworkError
from tests.servers.mastodon import Mastodon
from tests.unit.ingest.virtual_clock import VirtualClock


@pytest.fixture
async def server(clock: VirtualClock) -> AsyncIterator[Mastodon]:
    """Yield a Mastodon server."""
    async with Mastodon(lambda: None, clock.now) as server:
        yield server


@pytest.fixture
async def timelines(server: Mastodon, clock: VirtualClock) -> AsyncIterator[Timelines]:
    """Yield its timelines."""
    async with Fetcher(clock) as fetcher:
        yield Timelines(fetcher, server.url, None, clock)


async def ids_since(timelines: Timelines, timeline: str, status_id: str) -> list[str]:
    """Return the ids of everything since."""
    return [status["id"] async for page in timelines.since(timeline, status_id) for status in page]


async def test_pages_come_from_older_to_newer(server: Mastodon, timelines: Timelines) -> None:
    """More than a page is read in several, none left out and none twice."""
    ids = [server.post(f"number {number}") for number in range(3 * PAGE + 5)]
    assert await timelines.newest(PUBLIC) == ids[-1]
    assert await ids_since(timelines, PUBLIC, ids[0]) == ids[1:]
    assert all(f"limit={PAGE}" in request for request in server.requests[1:])


async def test_a_hashtags_timeline_is_asked_by_its_name(server: Mastodon, timelines: Timelines) -> None:
    """Names of every script are quoted, and only their statuses come."""
    wanted = server.post("x", tags=[{"name": "größe/飛行機"}])
    server.post("y")
    assert await ids_since(timelines, "#größe/飛行機", "0") == [wanted]


async def test_an_empty_timeline_begins_at_its_start(timelines: Timelines) -> None:
    """Where nothing is, whatever comes is new."""
    assert await timelines.newest(PUBLIC) == "0"


async def test_a_used_up_limit_is_kept_to(server: Mastodon, timelines: Timelines, clock: VirtualClock) -> None:
    """After an answer with nothing remaining no request is made before the reset, and the wait is told."""
    server.post("x")
    server.remaining = 1
    await timelines.newest(PUBLIC)
    await clock.advance(30)
    with pytest.raises(NetworkError) as raised:
        await timelines.newest(PUBLIC)
    assert (raised.value.wait, len(server.requests)) == (60, 1)
    await clock.advance(60)
    await timelines.newest(PUBLIC)


async def test_a_429_waits_for_the_reset(server: Mastodon, timelines: Timelines, clock: VirtualClock) -> None:
    """Mastodon says by X-RateLimit-Reset when its next window begins."""
    await server.answer(
        429, {"x-ratelimit-reset": f"{clock.now():%Y-%m-%dT%H}:05:00.000000Z"}, b'{"error": "Throttled"}'
    )
    with pytest.raises(NetworkError) as raised:
        await timelines.newest(PUBLIC)
    assert raised.value.wait == 300


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"7", b"\xff", b"[" * 100_000])
async def test_an_answer_that_is_no_list_is_a_fault(server: Mastodon, timelines: Timelines, body: bytes) -> None:
    """Cut-off JSON and JSON of another kind are faults of the network, and so is an address that is none."""
    await server.answer(200, {"content-type": "application/json"}, body)
    with pytest.raises(NetworkError):
        await timelines.newest(PUBLIC)
    with pytest.raises(NetworkError, match="stream"):
        await timelines.streaming_address()


async def test_a_page_of_nonsense_does_not_go_in_circles(server: Mastodon, timelines: Timelines) -> None:
    """A page without any id ends the reading."""
    await server.answer(200, {"content-type": "application/json"}, b'[7, null, {}, {"id": null}]')
    pages = [page async for page in timelines.since(PUBLIC, "5")]
    assert len(pages) == 1


@pytest.mark.parametrize("status", [401, 403, 422])
def test_a_missing_token_is_named(status: int) -> None:
    """The sentence names the variable."""
    assert isinstance(error := refusal(status), CredentialError)
    assert "MASTODON_ACCESS_TOKEN" in error.detail


def test_only_what_no_waiting_changes_is_final() -> None:
    """A server or a timeline that is not there is; overload and errors are not."""
    assert isinstance(refusal(404), SourceRefusedError)
    assert [refusal(status) for status in (429, 500, 502, 503)] == [None] * 4


@given(st.integers(0, 2**64), st.integers(0, 2**64))
def test_ids_have_an_order(one: int, other: int) -> None:
    """Numbers go by size, beyond 2^53 too, and an overlap is five minutes of Mastodon's ids."""
    assert int(later(str(one), str(other))) == max(one, other)
    assert int(with_overlap(str(one))) == max(0, one - OVERLAP_MS * 2**16)


def test_ids_of_other_servers_are_left_as_they_are() -> None:
    """Pleroma's have no numbers to reckon with."""
    assert with_overlap("AfTSkbkmXp8EYVUkWu") == "AfTSkbkmXp8EYVUkWu"
    assert later("AfTSkbkmXp8EYVUkWu", "AfTSkbkmXp8EYVUkWv") == "AfTSkbkmXp8EYVUkWv"


def test_a_token_never_leaves_tls() -> None:
    """A server that is asked over TLS has its stream there too, or none."""
    open_stream = b'{"configuration": {"urls": {"streaming": "ws://stream.example/"}}}'
    assert streaming_address_in(open_stream, "http://mastodon.example") == "ws://stream.example"
    secure = open_stream.replace(b"ws:", b"wss:")
    assert streaming_address_in(secure, "https://mastodon.example") == "wss://stream.example"
    with pytest.raises(NetworkError):
        streaming_address_in(open_stream, "https://mastodon.example")
