"""Deliveries to peers that are slow, that refuse everything, and that refuse what is wrong in itself."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from services.ingest import pipeline
from services.ingest.pipeline import DELIVERY_SECONDS, DeadlinePassedError, PostPipeline
from services.ingest.streams.progress import ProgressRecorder, StreamMetrics
from services.ingest.streams.stream import StreamProgress, StreamState
from services.ingest.streams.stream_delivery import MOST_IN_A_ROW, BatchSender, StopRequestedError
from shared.errors import OverloadedError, PeerRefusedError
from tests.unit.ingest.virtual_clock import VirtualClock

TOO_SLOW = "this batch was not folded in time"


@dataclass
class Peer:
    """Takes numbers; those in `poison` it never takes, and while `refuses` says so none at all."""

    clock: VirtualClock
    poison: frozenset[int] = frozenset()
    refuses: Callable[["Peer"], bool] = lambda _: False
    status: int = 422
    most: int = 10**9
    """A larger batch does not get through; 0 lets nothing through."""
    too_slow: int = 10**9
    """A batch of so many outlasts the pipeline's deadline."""
    seconds: float = 0.0
    """How long a batch takes that gets through."""
    taken: Counter[int] = field(default_factory=Counter)
    batches: list[int] = field(default_factory=list)

    async def take(self, items: Sequence[int]) -> None:
        """Take numbers as `StreamRuntime.deliver` takes posts."""
        self.batches.append(len(items))
        await self.clock.sleep(0)
        if len(items) >= self.too_slow:
            raise OverloadedError(TOO_SLOW, 2) from DeadlinePassedError()
        if self.refuses(self) or len(items) > self.most or self.poison & set(items):
            raise PeerRefusedError("profiles", f"profiles refused the call with {self.status}", self.status)
        await self.clock.sleep(self.seconds)
        self.taken.update(items)


class Case:
    """A stream's way to a peer, on a clock of its own."""

    def __init__(self) -> None:
        """Begin with a peer that takes everything."""
        self.clock = VirtualClock()
        self.peer = Peer(self.clock)
        self.recorder = ProgressRecorder(
            StreamProgress(updated_at=self.clock.now()), "script", StreamMetrics(CollectorRegistry()), self.clock
        )
        self.stop = asyncio.Event()
        self.sender = BatchSender(self.clock, self.recorder, self.stop)

    def begin(self, count: int) -> asyncio.Task[None]:
        """Begin to carry the numbers below `count`."""
        return asyncio.create_task(self.sender.send(range(count), self.peer.take))

    async def carry(self, count: int) -> None:
        """Carry the numbers below `count`, however long it takes."""
        carried = self.begin(count)
        await self.clock.run_until_idle()
        await self.clock.until(carried.done, step=1.0, limit=10**6)
        await carried

    @property
    def shown(self) -> tuple[StreamState, int, str]:
        """State, refused items and last error, as people see them."""
        progress = self.recorder.snapshot()
        return progress.state, progress.counts.rejected, str(progress.last_error)


async def test_a_batch_that_takes_too_long_is_halved() -> None:
    """Down to what is in time, without waiting between; each piece is taken once, and a sentence says why."""
    case = Case()
    case.peer.too_slow, case.peer.seconds = 150, DELIVERY_SECONDS / 2
    await case.carry(500)
    assert case.peer.batches == [500, 250, 125, 125, 125, 125]
    assert case.peer.taken == Counter(range(500))
    assert case.clock.monotonic() < 4 * case.peer.seconds + 2
    assert case.shown[1:] == (0, TOO_SLOW)


async def test_the_next_delivery_begins_with_what_was_in_time() -> None:
    """Batches stay small while they take long, and grow again once they take less than half of the deadline."""
    case = Case()
    case.peer.too_slow, case.peer.seconds = 150, DELIVERY_SECONDS / 2
    await case.carry(200)
    await case.carry(200)
    assert case.peer.batches == [200, 100, 100, 100, 100]
    case.peer.too_slow, case.peer.seconds = 10**9, DELIVERY_SECONDS / 2 - 1
    await case.carry(1000)
    assert case.peer.batches[5:] == [100, 200, 400, 300]


async def test_a_lone_post_that_takes_too_long_is_waited_for() -> None:
    """There is nothing to halve: it is tried again, with waits, until it is in time."""
    case = Case()
    case.peer.too_slow = 1
    carried = case.begin(2)
    await case.clock.advance(600)
    assert not carried.done()
    assert case.shown == (StreamState.WAITING, 0, TOO_SLOW)
    assert len(case.peer.batches) < 40
    case.peer.too_slow = 10**9
    await case.clock.until(carried.done, step=1.0)
    assert case.peer.taken == Counter(range(2))


@pytest.mark.parametrize("count", [2, 8, 500])
async def test_a_peer_that_refuses_everything_is_waited_for(count: int) -> None:
    """For minutes nothing is dropped, the sentence names peer and status, and few calls are made."""
    case = Case()
    case.peer.refuses = lambda _: True
    carried = case.begin(count)
    await case.clock.advance(1 / 4)
    assert len(case.peer.batches) <= 2 * MOST_IN_A_ROW + 10
    await case.clock.advance(300)
    told = "profiles does not take it (422), nor anything else just now; trying again"
    assert case.shown == (StreamState.WAITING, 0, told)
    case.peer.refuses = lambda _: False
    await case.clock.until(carried.done, step=1.0)
    assert case.peer.taken == Counter(range(count))
    assert case.shown[1] == 0


async def test_what_is_wrong_in_itself_is_refused_at_once_where_others_are_taken() -> None:
    """No time is lost over it, wherever it stands."""
    case = Case()
    case.peer.poison = frozenset({0, 7, 19})
    await case.carry(20)
    assert case.peer.taken == Counter(set(range(20)) - case.peer.poison)
    assert case.clock.monotonic() == 0
    assert case.shown[1:] == (3, "profiles does not take it (422)")


async def test_a_peer_that_is_replaced_in_the_middle_of_a_delivery_loses_nothing() -> None:
    """What was taken before says nothing for what is refused afterwards, piece after piece."""
    case = Case()
    case.peer.refuses = lambda peer: peer.taken.total() >= 1000 and case.clock.monotonic() < 120
    await case.carry(2000)
    assert case.peer.taken == Counter(range(2000))
    assert case.shown[1] == 0
    assert case.clock.monotonic() >= 120


async def test_a_row_of_what_is_wrong_does_not_hide_what_is_not() -> None:
    """A try that met nothing else is made again in another order: what is good gets through within seconds."""
    case = Case()
    case.peer.poison = frozenset(range(MOST_IN_A_ROW + 2))
    carried = case.begin(100)
    await case.clock.advance(60)
    assert case.peer.taken == Counter(set(range(100)) - case.peer.poison)
    await case.clock.until(carried.done, step=60.0, limit=10**6)
    assert case.shown[1] == len(case.peer.poison)


async def test_a_lone_post_that_is_never_taken_delays_for_minutes_alone() -> None:
    """It is tried ten times, then counted as refused, and the stream goes on."""
    case = Case()
    case.peer.poison = frozenset({0})
    await case.carry(1)
    assert len(case.peer.batches) == 10
    assert 60 < case.clock.monotonic() < 200
    assert case.shown[1:] == (1, "profiles does not take it (422)")


async def test_a_lone_post_outlives_a_peer_that_is_away_with_its_wits() -> None:
    """A minute of an upgrade costs no post."""
    case = Case()
    case.peer.refuses = lambda _: case.clock.monotonic() < 60
    await case.carry(1)
    assert (case.peer.taken, case.shown[1]) == (Counter([0]), 0)


async def test_a_limit_to_bodies_on_the_way_halves() -> None:
    """A 413 for a large body refuses no post."""
    case = Case()
    case.peer.status, case.peer.most = 413, 60
    await case.carry(500)
    assert case.peer.taken == Counter(range(500))
    assert case.shown[1] == 0


@pytest.mark.parametrize("fault", ["refuses", "slow", "away"])
async def test_a_stop_ends_the_waiting(fault: str) -> None:
    """What was not taken is left to the next owner."""
    case = Case()
    if fault == "slow":
        case.peer.too_slow = 1
    else:
        case.peer.status = 422 if fault == "refuses" else 500
        case.peer.refuses = lambda _: True
    carried = case.begin(4)
    await case.clock.advance(5)
    case.stop.set()
    await case.clock.run_until_idle()
    with pytest.raises(StopRequestedError):
        await carried
    assert case.clock.sleepers == 0


async def test_a_stop_is_heard_between_two_halves() -> None:
    """A drain does not wait until the last half has outlasted its deadline."""
    case = Case()
    case.peer.too_slow = 1
    case.stop.set()
    with pytest.raises(StopRequestedError):
        await case.carry(4)
    assert case.peer.batches == [4]


@given(st.integers(min_value=0, max_value=60), st.frozensets(st.integers(min_value=0, max_value=59), max_size=7))
def test_each_piece_is_taken_or_refused_once(count: int, poison: frozenset[int]) -> None:
    """Whatever is wrong, everything else is taken once, and nothing is both or neither."""

    async def check() -> None:
        case = Case()
        case.peer.poison = poison
        await case.carry(count)
        wrong = poison & frozenset(range(count))
        assert case.peer.taken == Counter(set(range(count)) - wrong)
        assert case.shown[1] == len(wrong)

    asyncio.run(check())


async def test_the_pipeline_tells_its_own_deadline_from_a_full_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are an OverloadedError; only of the deadline's the cause says that fewer posts may help."""
    monkeypatch.setattr(pipeline, "DELIVERY_SECONDS", 0.0)
    line = PostPipeline(None, None, None, VirtualClock().now, lambda _: nullcontext())  # type: ignore[arg-type]
    with pytest.raises(OverloadedError) as late:
        await line.deliver("aerolume", [])
    line.max_posts_in_flight = 0
    with pytest.raises(OverloadedError) as full:
        await line.deliver("aerolume", [{}])
    assert isinstance(late.value.__cause__, DeadlinePassedError)
    assert full.value.__cause__ is None
