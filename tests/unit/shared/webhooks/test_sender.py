"""One loop of deliveries, whatever is delivered. Tickets and alerts have suites of their own on top of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from typing_extensions import override

from shared.documents.backend import open_documents
from shared.documents.base import Documents
from shared.errors import OverloadedError, PeerUnavailableError
from shared.leases import Lease
from shared.outbox import Outbox, OutboxRow, Outcome, outbox_of
from shared.reach import InternetOnly
from shared.store_url import SqliteUrl
from shared.webhooks.sender import (
    CALL_SECONDS,
    LEASE,
    MOST_ATTEMPTS,
    POLL_SECONDS,
    Unsendable,
    WebhookRequest,
    WebhookSender,
)
from tests.unit.ingest.replies.local_server import LocalServer, Told
from tests.unit.ingest.virtual_clock import PATIENCE_SECONDS, VirtualClock

KEY = b"0123456789abcdef-a-key-of-tests-0123456789"

OUTBOX = outbox_of("deliveries")


class UnsteadyOutbox(Outbox):
    """An outbox with one delivery due, that can be away; `outcomes` came of the attempts.

    Each settling meets the next error of `lost`, as long as there is one; `fault` meets each taking.
    """

    def __init__(self, documents: Documents) -> None:
        """Begin well."""
        super().__init__(documents, OUTBOX)
        self.lost: list[Exception] = []
        self.fault: Exception | None = None
        self.looks = 0
        self.outcomes: list[Outcome] = []

    @override
    async def take(self, owner: str, now: datetime, until: datetime) -> tuple[Lease, OutboxRow] | None:
        self.looks += 1
        if self.fault is not None:
            raise self.fault
        return await super().take(owner, now, until)

    @override
    async def settle(self, lease: Lease, outcome: Outcome) -> bool:
        if self.lost:
            raise self.lost.pop(0)
        self.outcomes.append(outcome)
        return await super().settle(lease, outcome)


@pytest.fixture
async def outbox(tmp_path: Path, clock: VirtualClock) -> AsyncIterator[UnsteadyOutbox]:
    """Yield an outbox with one delivery."""
    async with open_documents(SqliteUrl(tmp_path / "outbox.db"), (OUTBOX,)) as documents:
        outbox = UnsteadyOutbox(documents)
        await outbox.add([OutboxRow(id="row-1", subject="letter", destination="desk")], clock.now())
        yield outbox


@pytest.fixture
async def server() -> LocalServer:
    """Return a receiver."""
    return LocalServer("http://127.0.0.1:9/take")


@pytest.fixture
async def http(server: LocalServer) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that reaches the receiver."""
    async with httpx.AsyncClient(transport=server) as opened:
        yield opened


Made = Callable[[WebhookRequest | Unsendable], WebhookSender]


@pytest.fixture
def sender(outbox: UnsteadyOutbox, http: httpx.AsyncClient, clock: VirtualClock) -> Made:
    """Return how to make a sender of what is given."""

    def made(request: WebhookRequest | Unsendable) -> WebhookSender:
        async def request_of(_: OutboxRow) -> WebhookRequest | Unsendable:
            return request

        return WebhookSender("letters", outbox, request_of, http, KEY, clock, "replica")

    return made


async def test_a_request_is_sent_with_its_headers(server: LocalServer, outbox: UnsteadyOutbox, sender: Made) -> None:
    """As JSON in UTF-8; what it says cannot replace the signature's headers."""
    headers_asked = {"authorization": "Basic x", "webhook-id": "y"}
    assert await sender(WebhookRequest("the desk", server.url, {"text": "é"}, headers_asked)).turn()
    ((headers, body, raw),) = server.got
    assert (body, raw) == ({"text": "é"}, '{"text": "é"}'.encode())
    assert (headers["authorization"], headers["webhook-id"]) == ("Basic x", "row-1")
    assert outbox.outcomes == [Outcome("delivered", "answered 200")]


async def test_a_lost_answer_is_followed_by_the_same_id(
    server: LocalServer, outbox: UnsteadyOutbox, sender: Made, clock: VirtualClock
) -> None:
    """The receiver cannot be asked whether it took it, but can tell the second attempt from another delivery."""
    server.answers = [Told(drop=True)]
    sending = sender(WebhookRequest("the desk", server.url, {}))
    assert await sending.turn()
    assert not await sending.turn()
    await clock.advance(10)
    assert await sending.turn()
    assert {headers["webhook-id"] for headers, _, _ in server.got} == {"row-1"}
    assert [outcome.state for outcome in outbox.outcomes] == ["waiting", "delivered"]


async def settling(outbox: UnsteadyOutbox, sending: WebhookSender, clock: VirtualClock) -> "asyncio.Task[bool]":
    """Return a turn that met its first error in recording what the attempt came to."""
    errors = len(outbox.lost)
    turn = asyncio.create_task(sending.turn())
    await clock.until(lambda: len(outbox.lost) < errors)
    return turn


@pytest.mark.parametrize("error", [OverloadedError("full"), PeerUnavailableError("mongodb", "away")])
async def test_what_was_answered_is_recorded_as_soon_as_the_store_is_back(
    server: LocalServer, outbox: UnsteadyOutbox, sender: Made, clock: VirtualClock, error: Exception
) -> None:
    """No other replica knows that the receiver took it: within the lease it is told again, and not sent again."""
    outbox.lost = [error] * 12
    turn = await settling(outbox, sender(WebhookRequest("the desk", server.url, {})), clock)
    await clock.advance(LEASE.total_seconds() - 10)
    assert await turn
    assert outbox.outcomes == [Outcome("delivered", "answered 200")]
    assert len(server.got) == 1


async def test_recording_is_given_up_before_the_lease_is_over(
    server: LocalServer, outbox: UnsteadyOutbox, sender: Made, clock: VirtualClock
) -> None:
    """Then another replica may have the delivery, and the id is all that the receiver can tell it by."""
    outbox.lost = [OverloadedError("full")] * 99
    turn = await settling(outbox, sender(WebhookRequest("the desk", server.url, {})), clock)
    await clock.advance(LEASE.total_seconds() - 1)
    assert turn.done()
    with pytest.raises(OverloadedError):
        await turn
    assert 10 < len(outbox.lost) < 99 - 10


@pytest.mark.parametrize("fault", [OverloadedError("the store is away"), KeyError("12345 is a raw id")])
async def test_no_error_ends_a_sender(
    server: LocalServer, outbox: UnsteadyOutbox, sender: Made, clock: VirtualClock, fault: Exception
) -> None:
    """In a group its end would cut off what the others are just sending; it looks again every two seconds."""
    outbox.fault = fault
    running = asyncio.create_task(sender(WebhookRequest("the desk", server.url, {})).run())
    await clock.advance(3 * POLL_SECONDS)
    assert (outbox.looks, running.done()) == (4, False)
    outbox.fault = None
    async with asyncio.timeout(PATIENCE_SECONDS):
        await clock.until(lambda: bool(outbox.outcomes), step=1)
    assert len(server.got) == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_what_cannot_be_sent_now_waits(outbox: UnsteadyOutbox, sender: Made, clock: VirtualClock) -> None:
    """And what can never be sent has failed, both in the words of the caller."""
    for later, state in ((True, "waiting"), (False, "failed")):
        assert await sender(Unsendable("there is no text", later=later)).turn()
        assert (outbox.outcomes[-1].state, outbox.outcomes[-1].known) == (state, "there is no text")
        await clock.advance(10)


async def test_waits_grow_by_two_and_what_the_receiver_asks_for_is_the_least(
    server: LocalServer, outbox: UnsteadyOutbox, sender: Made, clock: VirtualClock
) -> None:
    """Ten seconds, twenty, forty, each up to a fifth shorter; an hour where it asks for one; then it is given up."""
    server.answers = [Told(503)] * 3 + [Told(429, {"retry-after": "3600"})] + [Told(503)] * MOST_ATTEMPTS
    sending = sender(WebhookRequest("the desk", server.url, {}))
    waits = []
    while await sending.turn():
        outcome = outbox.outcomes[-1]
        if outcome.due_at is None:
            break
        waits.append((outcome.due_at - clock.now()).total_seconds())
        await clock.advance(waits[-1])
    for wait, nominal in zip(waits[:3], (10, 20, 40), strict=True):
        assert 0.8 * nominal <= wait <= nominal
    assert (waits[3], len(waits)) == (3600, MOST_ATTEMPTS - 1)
    assert outbox.outcomes[-1] == Outcome("failed", f"the desk answered 503; given up after {MOST_ATTEMPTS} attempts")


async def test_a_delivery_that_processes_die_over_is_given_up(
    server: LocalServer, outbox: UnsteadyOutbox, sender: Made, clock: VirtualClock
) -> None:
    """Attempts that were never settled count too."""
    for _ in range(MOST_ATTEMPTS):
        assert await Outbox.take(outbox, "dying", clock.now(), clock.now()) is not None
    assert await sender(WebhookRequest("the desk", server.url, {})).turn()
    assert outbox.outcomes == [Outcome("failed", f"given up after {MOST_ATTEMPTS} attempts")]
    assert server.got == []


async def test_an_address_inside_is_not_called(server: LocalServer, outbox: UnsteadyOutbox, sender: Made) -> None:
    """Where the way out is to the internet alone, a host that stands for this machine has failed, for good."""
    async with httpx.AsyncClient(transport=InternetOnly(), trust_env=False) as http:
        assert await replace(sender(WebhookRequest("the desk", server.url, {})), http=http).turn()
    sentence = "the desk was not called: its host stands for no address of the internet"
    assert outbox.outcomes == [Outcome("failed", sentence)]
    assert server.got == []


async def test_no_url_is_shown(server: LocalServer, outbox: UnsteadyOutbox, sender: Made) -> None:
    """It may be a key: neither what is kept of a failure nor the request's repr names it."""
    url = server.url.replace("/take", "/secret-path")
    request = WebhookRequest("the desk", url, {"text": "secret-text"}, {"authorization": "secret-key"})
    await sender(request).turn()
    assert "secret" not in repr(request)
    assert outbox.outcomes == [Outcome("failed", "the desk answered 404; check its URL and authorization")]


def test_a_call_is_over_long_before_its_lease() -> None:
    """So that no other replica has the delivery while an attempt is on its way."""
    assert LEASE.total_seconds() >= 4 * CALL_SECONDS
