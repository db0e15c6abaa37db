"""Streams over their whole life, with a scripted network, real SQLite and replicas that share it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.ingest.brands.brand import BrandSettings
from services.ingest.streams.store import StreamStore
from services.ingest.streams.stream import DesiredState, StreamKind, StreamState
from shared.errors import PeerUnavailableError
from tests.unit.ingest.streams.conftest import World


class Unreachable:
    """A store of streams that can be cut off, as a network between a replica and its store is."""

    def __init__(self, streams: StreamStore) -> None:
        """Pass everything on to `streams` until `is_away`."""
        self.streams = streams
        self.is_away = False

    def __getattr__(self, name: str) -> Any:
        """Return the operation, or one that fails."""
        operation = getattr(self.streams, name)

        async def call(*args: Any, **named: Any) -> Any:
            if self.is_away:
                raise PeerUnavailableError("mongodb", "the store does not answer; send it again")
            return await operation(*args, **named)

        return call


async def test_posts_are_folded_and_a_stream_says_how_it_fares(world: World) -> None:
    """State, counts, rate, lag and the brand's drops are there for people to read."""
    stream_id = await world.running()
    world.publish(1, 25)
    world.publish(26, 27, text="something else")
    world.publish(25, 25)
    await world.until_folded(25)
    await world.clock.advance(6)
    stream = await world.until_state(stream_id, StreamState.RUNNING)
    counts = stream.progress.counts
    assert (counts.posts, counts.duplicates, counts.dropped, counts.rejected) == (25, 1, 2, 0)
    assert stream.progress.dropped_reasons == {"does not name the brand": 2}
    assert stream.progress.posts_per_minute == 25
    assert stream.progress.mode == "script"
    assert stream.progress.newest_at is not None
    await world.clock.advance(70)
    assert (await world.shown(stream_id)).progress.posts_per_minute == 0


async def test_a_stream_goes_on_from_its_cursor_after_a_restart(world: World) -> None:
    """What was stored is not asked for again: the next process begins behind it, and the cursor is sealed."""
    stream_id = await world.folding(25)
    await world.stack.aclose()
    assert world.one.open == 0
    assert await world.state(stream_id) is StreamState.STARTING
    world.publish(26, 30)
    await world.replica()
    await world.until_folded(30)
    assert world.one.cursors == [None, "25"]
    assert world.one.withdrawn == 0
    leased = await world.store.streams.acquire(stream_id, "probe", world.clock.now() + timedelta(days=1), timedelta(1))
    assert leased is not None
    assert leased.cursor is not None
    assert b"25" not in leased.cursor


async def test_two_replicas_never_open_a_stream_twice(world: World) -> None:
    """However many replicas look for it, one has it."""
    await world.stream()
    for _ in range(3):
        await world.replica()
    world.publish(1, 5)
    await world.until_folded(5)
    await world.clock.advance(40)
    assert (world.one.opened, world.one.most_open) == (1, 1)


async def test_a_stream_is_taken_over_when_its_replica_is_cut_off(world: World) -> None:
    """A replica that cannot renew closes its source before another opens it, which goes on behind the cursor."""
    stream_id = await world.stream()
    cut: Any = Unreachable(world.store.streams)
    await world.replica(replace(world.store, streams=cut))
    world.publish(1, 5)
    await world.until_folded(5)
    await world.clock.advance(6)
    first = (await world.shown(stream_id)).owner
    await world.replica()
    cut.is_away = True
    world.publish(6, 7)
    await world.until(lambda: world.one.opened == 2)
    assert world.one.most_open == 1
    assert (await world.shown(stream_id)).owner != first
    assert world.one.cursors[1] in {"5", "7"}
    world.publish(8, 9)
    await world.until_folded(9)


async def test_a_late_owner_writes_nothing_and_stops(world: World) -> None:
    """A replica whose stream another one took finds out at its next record, and closes its source."""
    stream_id = await world.folding(5)
    await world.clock.advance(6)
    later = world.clock.now() + timedelta(minutes=5)
    thief = await world.store.streams.acquire(stream_id, "thief", later, timedelta(hours=1))
    assert thief is not None
    await world.until(lambda: world.one.open == 0)
    await world.clock.advance(1)
    assert world.one.withdrawn == 0
    stream = await world.shown(stream_id)
    assert stream.owner == "thief"
    assert (await world.store.streams.record(thief.lease, stream.progress, None, later)) is DesiredState.RUNNING


async def test_a_dead_source_delays_no_other(world: World) -> None:
    """One stream fails again and again, or hangs; the other one folds its posts."""
    await world.stream("one")
    world.one.fail(RuntimeError("never foreseen"))
    await world.running("two")
    world.publish(1, 30, world.two)
    await world.until_folded(30)
    assert len(world.profiles.folded) == 30


async def test_a_paused_stream_stops_keeps_its_place_and_goes_on(world: World) -> None:
    """Pausing through any replica stops it within seconds; resuming goes on behind what was folded."""
    stream_id = await world.folding(5)
    await world.pause(stream_id)
    await world.until_state(stream_id, StreamState.PAUSED)
    await world.until(lambda: world.one.open == 0)
    world.publish(6, 9)
    await world.clock.advance(60)
    assert len(world.profiles.folded) == 5
    assert world.one.withdrawals == world.one.withdrawn == 1
    await world.store.streams.want(stream_id, DesiredState.RUNNING, world.clock.now())
    await world.until_folded(9)
    assert world.one.cursors == [None, "5"]


@pytest.mark.parametrize("leaves", [True, False])
async def test_a_removed_stream_stops(world: World, *, leaves: bool) -> None:
    """Its owner finds nothing to write to, or that it is to take away what was left, and closes the source."""
    world.one.leaves = leaves
    stream_id = await world.folding(2)
    await world.delete(stream_id)
    await world.until(lambda: world.one.open == 0)
    await world.clock.advance(60)
    assert (world.one.opened, world.one.withdrawn) == (1, leaves)


async def test_a_changed_brand_is_taken_up_from_the_same_place(world: World) -> None:
    """Within seconds of a PUT the source is opened with the new rules, behind the cursor."""
    await world.folding(3)
    await world.store.brands.put("aerolume", BrandSettings(keywords=["zeppelin"]), world.clock.now())
    await world.until(lambda: world.one.opened == 2)
    world.publish(4, 5)
    world.publish(6, 6, text="a zeppelin")
    await world.until_folded(4)
    assert ("aerolume", "post-6") in world.profiles.folded
    assert world.one.cursors == [None, "3"]
    assert (world.one.most_open, world.one.withdrawn) == (1, 0)


async def test_a_backfill_finishes_once(world: World) -> None:
    """When the network has no more, all of it is folded, and it is not opened again."""
    world.one.ends = True
    world.publish(1, 25)
    stream_id = await world.running(kind=StreamKind.BACKFILL)
    stream = await world.until_state(stream_id, StreamState.FINISHED)
    assert (stream.progress.counts.posts, stream.owner) == (25, None)
    await world.clock.advance(20)
    assert world.one.opened == 1


async def test_a_backfill_goes_on_after_a_restart(world: World) -> None:
    """A process that ends in the middle loses and repeats nothing."""
    world.one.ends = True
    world.publish(1, 40)
    world.profiles.gate = asyncio.Event()
    stream_id = await world.running(kind=StreamKind.BACKFILL)
    await world.until(lambda: world.one.asked == 1)
    closing = asyncio.create_task(world.stack.aclose())
    await world.clock.run_until_idle()
    assert not closing.done()
    world.profiles.gate.set()
    await closing
    assert len(world.profiles.folded) == 10
    await world.replica()
    await world.until_state(stream_id, StreamState.FINISHED)
    assert world.one.cursors == [None, "10"]
    assert sum(world.profiles.deliveries) == 40


async def test_a_stream_whose_source_ends_is_opened_again_with_growing_waits(world: World) -> None:
    """A live source has no end: one that stops is begun anew, not in a spin."""
    world.one.ends = True
    stream_id = await world.running()
    stream = await world.until_state(stream_id, StreamState.WAITING)
    assert stream.progress.last_error == "the source ended by itself"
    await world.clock.advance(75)
    assert 3 <= world.one.opened <= 6


async def test_shutdown_does_not_wait_for_a_peer_that_is_away(world: World) -> None:
    """A delivery that cannot be stored is left for the next owner: its cursor was not written."""
    world.profiles.error = PeerUnavailableError("profiles", "profiles is not available")
    stream_id = await world.running()
    world.publish(1, 5)
    await world.until_state(stream_id, StreamState.WAITING)
    await world.stack.aclose()
    assert world.one.open == 0
    world.profiles.error = None
    await world.replica()
    await world.until_folded(5)
    assert world.one.cursors == [None, None]


async def test_a_replica_runs_no_more_streams_than_it_may(world: World) -> None:
    """What is too many for one is left for others."""
    world.most = 1
    await world.stream("one")
    await world.running("two")
    await world.until(lambda: world.one.opened + world.two.opened == 1)
    await world.clock.advance(60)
    assert world.one.opened + world.two.opened == 1
    await world.replica()
    await world.until(lambda: world.one.open + world.two.open == 2)
