"""One loop of deliveries, whatever is delivered. Tickets and alerts have suites of their own on top of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import httpx
import pytest

from shared.errors import OverloadedError, PeerUnavailableError
from shared.reach import InternetOnly
from shared.webhooks.courier import LEASE, MOST_ATTEMPTS, POLL_SECONDS, Courier
from shared.webhooks.delivery import Outcome, Parcel, Unsendable
from tests.unit.ingest.replies.local_server import LocalServer, Told, local_server
from tests.unit.ingest.virtual_clock import PATIENCE_SECONDS, START, VirtualClock

KEY = b"0123456789abcdef-a-key-of-tests-0123456789"


@dataclass(frozen=True)
class Letter:
    """A delivery."""

    id: str
    attempts: int = 0


@dataclass
class Letters:
    """Deliveries in memory, one of them due; `outcomes` came of the attempts, `until` is its lease.

    Each recording of an outcome meets the next error of `lost`, as long as there is one.
    """

    parcels: Parcel | Unsendable
    letter: Letter = field(default_factory=lambda: Letter("letter-1"))
    until: datetime = START
    due: datetime = START
    done: bool = False
    away: bool = False
    broken: bool = False
    lost: list[Exception] = field(default_factory=list)
    leases: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    async def lease(self, now: datetime, until: datetime) -> Letter | None:
        """See `Deliveries.lease`."""
        self.leases += 1
        if self.away:
            raise OverloadedError("the store is away")
        if self.broken:
            raise KeyError("12345 is a raw id")
        if self.done or now < self.due or now < self.until:
            return None
        self.until, self.letter = until, replace(self.letter, attempts=self.letter.attempts + 1)
        return self.letter

    async def parcel(self, leased: Letter) -> Parcel | Unsendable:
        """See `Deliveries.parcel`."""
        assert leased == self.letter
        return self.parcels

    async def settle(self, leased: Letter, outcome: Outcome, now: datetime) -> None:
        """See `Deliveries.settle`."""
        assert leased == self.letter
        if self.lost:
            raise self.lost.pop(0)
        self.outcomes.append(outcome)
        self.until, self.due, self.done = now, outcome.due_at or self.due, outcome.state != "waiting"


@pytest.fixture
async def server() -> AsyncIterator[LocalServer]:
    """Yield a receiver."""
    async with local_server() as opened:
        yield opened


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as opened:
        yield opened


def courier(letters: Letters, http: httpx.AsyncClient, clock: VirtualClock) -> Courier[Letter]:
    """Return a courier of letters."""
    return Courier("letters", letters, http, KEY, clock)


async def test_a_parcel_is_sent_with_its_headers(server: LocalServer, http: httpx.AsyncClient) -> None:
    """As JSON in UTF-8; what it says cannot replace the signature's headers."""
    letters = Letters(Parcel("the desk", server.url, {"text": "é"}, {"authorization": "Basic x", "webhook-id": "y"}))
    assert await courier(letters, http, VirtualClock()).turn()
    ((headers, body, raw),) = server.got
    assert (body, raw) == ({"text": "é"}, '{"text": "é"}'.encode())
    assert (headers["authorization"], headers["webhook-id"]) == ("Basic x", "letter-1")
    assert letters.outcomes == [Outcome("delivered", "answered 200")]


async def test_a_lost_answer_is_followed_by_the_same_id(server: LocalServer, http: httpx.AsyncClient) -> None:
    """The receiver cannot be asked whether it took it, but can tell the second attempt from another delivery."""
    server.answers = [Told(drop=True)]
    letters, clock = Letters(Parcel("the desk", server.url, {})), VirtualClock()
    assert await courier(letters, http, clock).turn()
    await clock.advance(10)
    assert await courier(letters, http, clock).turn()
    assert {headers["webhook-id"] for headers, _, _ in server.got} == {"letter-1"}
    assert [outcome.state for outcome in letters.outcomes] == ["waiting", "delivered"]


async def settling(letters: Letters, courier: Courier[Letter], clock: VirtualClock) -> "asyncio.Task[bool]":
    """Return a turn that met its first error in recording what the attempt came to."""
    errors = len(letters.lost)
    turn = asyncio.create_task(courier.turn())
    await clock.until(lambda: len(letters.lost) < errors)
    return turn


@pytest.mark.parametrize("error", [OverloadedError("full"), PeerUnavailableError("mongodb", "away")])
async def test_what_was_answered_is_recorded_as_soon_as_the_store_is_back(
    server: LocalServer, http: httpx.AsyncClient, error: Exception
) -> None:
    """Nobody else knows that the receiver took it: within the lease it is told again and again, not sent again."""
    letters, clock = Letters(Parcel("the desk", server.url, {}), lost=[error] * 12), VirtualClock()
    turn = await settling(letters, courier(letters, http, clock), clock)
    await clock.advance(LEASE.total_seconds() - 10)
    assert letters.outcomes == [Outcome("delivered", "answered 200")]
    assert await turn
    assert len(server.got) == 1


async def test_recording_is_given_up_before_the_lease_is_over(server: LocalServer, http: httpx.AsyncClient) -> None:
    """Then somebody else may have the delivery, and the id is all that the receiver can tell it by."""
    letters, clock = Letters(Parcel("the desk", server.url, {}), lost=[OverloadedError("full")] * 99), VirtualClock()
    turn = await settling(letters, courier(letters, http, clock), clock)
    await clock.advance(LEASE.total_seconds() - 1)
    assert turn.done()
    with pytest.raises(OverloadedError):
        await turn
    assert 10 < len(letters.lost) < 99 - 10


async def test_no_error_ends_a_courier(server: LocalServer, http: httpx.AsyncClient) -> None:
    """In a group, the end of one would cut off what the others are just sending."""
    sending, broken = Letters(Parcel("the desk", server.url, {})), Letters(Unsendable(""), broken=True)
    server.answers, clock = [Told(hang=True)], VirtualClock()
    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group:
        running = [group.create_task(courier(sending, http, clock).run())]
        await server.arrived.wait()
        running.append(group.create_task(courier(broken, http, clock).run()))
        await clock.advance(POLL_SECONDS)
        assert broken.leases == 2
        server.go_on.set()
        await clock.until(lambda: sending.done)
        for task in running:
            task.cancel()
    assert len(server.got) == 1


async def test_what_cannot_be_sent_now_waits(http: httpx.AsyncClient) -> None:
    """And what can never be sent has failed, both in the words of whoever knows."""
    for later, state in ((True, "waiting"), (False, "failed")):
        letters = Letters(Unsendable("there is no text", later=later))
        assert await courier(letters, http, VirtualClock()).turn()
        assert [(outcome.state, outcome.known) for outcome in letters.outcomes] == [(state, "there is no text")]


async def test_after_its_attempts_it_is_given_up(server: LocalServer, http: httpx.AsyncClient) -> None:
    """A delivery that processes die over counts its attempts too."""
    letters, clock = Letters(Parcel("the desk", server.url, {})), VirtualClock()
    letters.letter = Letter("letter-1", MOST_ATTEMPTS)
    assert await courier(letters, http, clock).turn()
    assert letters.outcomes == [Outcome("failed", f"given up after {MOST_ATTEMPTS} attempts")]
    assert server.got == []


async def test_an_address_inside_is_not_called(server: LocalServer) -> None:
    """Where the way out is to the internet alone, a host that stands for this machine has failed, for good."""
    letters = Letters(Parcel("the desk", server.url, {}))
    async with httpx.AsyncClient(transport=InternetOnly(), trust_env=False) as http:
        assert await courier(letters, http, VirtualClock()).turn()
    sentence = "the desk was not called: its host stands for no address of the internet"
    assert letters.outcomes == [Outcome("failed", sentence)]
    assert server.got == []


async def test_no_url_is_shown(server: LocalServer, http: httpx.AsyncClient) -> None:
    """It may be a key: neither what is kept of a failure nor the parcel's repr names it."""
    url = server.url.replace("/take", "/secret-path")
    letters = Letters(Parcel("the desk", url, {"text": "secret-text"}, {"authorization": "secret-key"}))
    await courier(letters, http, VirtualClock()).turn()
    assert "secret" not in repr(letters.parcels)
    assert letters.outcomes == [Outcome("failed", "the desk answered 404; check its URL and authorization")]


async def test_it_runs_through_a_store_that_is_away(server: LocalServer, http: httpx.AsyncClient) -> None:
    """It looks again every two seconds, and ends when it is cancelled."""
    letters, clock = Letters(Parcel("the desk", server.url, {}), away=True), VirtualClock()
    running = asyncio.create_task(courier(letters, http, clock).run())
    await clock.advance(3 * POLL_SECONDS)
    letters.away = False
    await clock.until(lambda: letters.done, step=1)
    assert server.arrived.is_set()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_call_is_over_long_before_its_lease() -> None:
    """So that nobody else has the delivery while an attempt is on its way."""
    assert LEASE.total_seconds() >= 4 * 15
