"""What a stream left at its network goes when it is paused or deleted, whichever replica is there to do it."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from services.ingest.sources.base import CredentialError, LeftBehindError
from services.ingest.streams.store import StreamStore
from services.ingest.streams.stream import StreamState
from services.ingest.streams.supervisor import WITHDRAWALS
from shared.errors import NotFoundError, PeerUnavailableError
from tests.unit.ingest.streams.conftest import World

STAYS = LeftBehindError("it is still there", 90.0)


async def left(world: World) -> str:
    """Return a stream that ran on a replica which has ended, so that no replica has it."""
    stream_id = await world.folding(3)
    await world.stack.aclose()
    world.stack = AsyncExitStack()
    assert world.one.withdrawals == 0
    return stream_id


async def test_a_stream_that_is_paused_while_no_replica_has_it_leaves_nothing(world: World) -> None:
    """The replica that is started next takes it away, and it stays paused."""
    stream_id = await left(world)
    await world.pause(stream_id)
    assert await world.state(stream_id) is StreamState.PAUSED
    await world.replica()
    await world.until(lambda: world.one.withdrawn == 1)
    await world.clock.advance(600)
    assert (world.one.withdrawals, world.one.opened) == (1, 1)
    stream = await world.shown(stream_id)
    assert (stream.state_at(world.clock.now()), stream.owner) == (StreamState.PAUSED, None)
    await world.resume(stream_id)
    world.publish(4, 6)
    await world.until_folded(6)
    assert world.one.cursors == [None, "3"]


async def test_a_stream_that_is_deleted_while_no_replica_has_it_leaves_nothing(world: World) -> None:
    """It is found no more at once, and goes for good once the network has answered."""
    stream_id = await left(world)
    await world.delete(stream_id)
    for _ in range(2):
        with pytest.raises(NotFoundError):
            await world.shown(stream_id)
        with pytest.raises(NotFoundError):
            await world.store.streams.delete(stream_id, world.clock.now())
        await world.replica()
        await world.until(lambda: world.one.withdrawn == 1)
        await world.clock.advance(600)
    assert await world.store.streams.withdrawals(world.clock.now(), 9) == []
    assert world.one.withdrawals == 1


@pytest.mark.parametrize("goes", ["paused", "deleted"])
async def test_a_network_that_does_not_answer_is_asked_again(world: World, goes: str) -> None:
    """After what it asks for at the least, by any replica, until what was left is gone; a person reads why it stays."""
    stream_id = await left(world)
    await (world.pause(stream_id) if goes == "paused" else world.delete(stream_id))
    world.one.stays = STAYS
    await world.replica()
    await world.until(lambda: world.one.withdrawals == 1)
    await world.clock.advance(85)
    assert world.one.withdrawals == 1
    await world.until(lambda: world.one.withdrawals == 3)
    if goes == "paused":
        stream = await world.shown(stream_id)
        assert (stream.state_at(world.clock.now()), stream.progress.last_error) == (
            StreamState.PAUSED,
            "it is still there",
        )
    await world.stack.aclose()
    world.stack = AsyncExitStack()
    world.one.stays = None
    await world.replica()
    await world.until(lambda: world.one.withdrawn == 1)
    await world.clock.advance(600)
    assert world.one.withdrawals == 4


async def test_what_a_person_must_mend_is_tried_seldom(world: World) -> None:
    """A token that is wrong makes no row of requests."""
    stream_id = await left(world)
    await world.pause(stream_id)
    world.one.stays = CredentialError("X refuses X_BEARER_TOKEN")
    await world.replica()
    await world.clock.advance(3600)
    assert world.one.withdrawals == 4
    assert (await world.shown(stream_id)).progress.last_error == "X refuses X_BEARER_TOKEN"


async def test_a_replica_that_dies_while_taking_away_is_followed(world: World) -> None:
    """Its lease lapses, and another one does it."""
    stream_id = await left(world)
    await world.pause(stream_id)
    taken = await world.store.streams.acquire(stream_id, "dead", world.clock.now(), world.lease)
    assert taken is not None
    await world.replica()
    await world.clock.advance(25)
    assert world.one.withdrawals == 0
    await world.until(lambda: world.one.withdrawn == 1)


async def test_an_owner_that_died_is_waited_for(world: World) -> None:
    """Paused before its lease has lapsed, a stream may still be read by its owner: then is too early."""
    stream_id = await world.stream()
    taken = await world.store.streams.acquire(stream_id, "dead", world.clock.now(), world.lease)
    assert taken is not None
    await world.pause(stream_id)
    await world.replica()
    await world.clock.advance(25)
    assert world.one.withdrawals == 0
    await world.until(lambda: world.one.withdrawn == 1)
    assert world.one.opened == 0


async def test_no_replica_goes_on_with_a_stream_while_its_left_is_taken_away(world: World) -> None:
    """One that is resumed meanwhile is opened after that: its rules would be deleted under it."""
    stream_id = await left(world)
    await world.pause(stream_id)
    world.one.answers = asyncio.Event()
    await world.replica()
    await world.until(lambda: world.one.withdrawals == 1)
    await world.replica()
    await world.resume(stream_id)
    await world.clock.advance(60)
    assert (world.one.opened, world.one.open) == (1, 0)
    world.one.answers.set()
    await world.until(lambda: world.one.open == 1)
    assert world.one.withdrawn == 1


async def test_a_stream_that_is_made_again_keeps_what_is_its_own(world: World) -> None:
    """What a deleted one left is the new one's: nothing is taken away under it."""
    stream_id = await left(world)
    await world.delete(stream_id)
    again = await world.stream()
    assert again != stream_id
    await world.replica()
    world.publish(4, 5)
    await world.until_folded(5)
    await world.clock.advance(600)
    assert (world.one.withdrawals, world.one.open) == (0, 1)
    assert world.one.cursors == [None, None]


async def test_a_process_that_dies_while_a_stream_is_made_again_does_no_harm(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept, but not yet in the deleted one's place: a replica that takes that one up sees the new one."""
    await world.delete(await left(world))

    async def dies(*_: object) -> None:
        raise PeerUnavailableError("mongodb", "the store does not answer; send it again")

    monkeypatch.setattr(StreamStore, "_take_over_from_deleted", dies)
    with pytest.raises(PeerUnavailableError):
        await world.stream()
    assert len(await world.store.streams.withdrawals(world.clock.now(), 9)) == 1
    await world.replica()
    await world.until(lambda: world.one.open == 1)
    await world.clock.advance(60)
    assert world.one.withdrawals == 0
    assert await world.store.streams.withdrawals(world.clock.now(), 9) == []


async def test_a_stream_that_is_made_again_waits_for_who_holds_the_deleted_one(world: World) -> None:
    """Until that lease ends: its holder may be taking away at this moment, and then finds that it has lost it."""
    stream_id = await left(world)
    await world.delete(stream_id)
    held = await world.store.streams.acquire(stream_id, "slow", world.clock.now(), world.lease)
    assert held is not None
    assert held.stream.stream_id == stream_id
    again = await world.stream()
    assert await world.store.streams.due(world.clock.now(), 9) == []
    await world.replica()
    await world.clock.advance(25)
    assert world.one.opened == 1
    await world.until(lambda: world.one.opened == 2)
    assert world.one.withdrawals == 0
    assert (await world.shown(again)).owner is not None


async def test_a_deleted_stream_of_an_earlier_one_is_left_to_the_later(world: World) -> None:
    """Deleted, made again and deleted again: each is taken away, and none stays in the store."""
    for _ in range(2):
        await world.delete(await world.stream())
    await world.replica()
    await world.until(lambda: world.one.withdrawn > 0)
    await world.clock.advance(60)
    assert await world.store.streams.withdrawals(world.clock.now(), 9) == []


async def test_a_pause_that_meets_a_failing_stream_is_not_put_off(world: World) -> None:
    """A stream that fails as it is paused would be due again in minutes or hours: what it left goes at once."""
    stream_id = await world.folding(1)
    await world.pause(stream_id)
    world.one.fail(CredentialError("the token is wrong"))
    await world.clock.advance(3)
    assert world.one.withdrawn == 1


async def test_a_full_replica_takes_away_all_the_same(world: World) -> None:
    """Room for streams is not needed for it, and a few are done at a time; a replica without streams does none."""
    stream_id = await left(world)
    await world.pause(stream_id)
    world.most = 0
    await world.replica()
    await world.clock.advance(60)
    assert world.one.withdrawals == 0
    world.most = 1
    await world.stream("two")
    await world.replica()
    await world.until(lambda: world.one.withdrawn == 1)
    assert world.two.open == 1
    for number in range(3 * WITHDRAWALS):
        await world.pause(await world.stream(number=number))
    world.one.answers = asyncio.Event()
    await world.clock.advance(10)
    assert world.one.withdrawals == 1 + WITHDRAWALS
    world.one.answers.set()
    await world.until(lambda: world.one.withdrawn == 1 + 3 * WITHDRAWALS)
