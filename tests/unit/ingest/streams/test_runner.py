"""One stream being run: deliveries, peers that are away or refuse, errors, and what a person must mend."""

from datetime import timedelta

import pytest

from services.ingest.sources.base import CredentialError, Removal, SourceRefusedError
from services.ingest.streams.stream import DesiredState, Stream, StreamKind, StreamState
from shared.errors import OverloadedError, PeerRefusedError, PeerUnavailableError
from tests.unit.ingest.streams.conftest import World
from tests.unit.ingest.streams.scripted import numbered


async def test_a_slow_peer_slows_the_source_down(world: World) -> None:
    """While profiles is away the source is asked for nothing more; the stream says why, and nothing is lost."""
    world.profiles.error = PeerUnavailableError("profiles", "profiles is not available; nothing was kept")
    stream_id = await world.running()
    world.publish(1, 100)
    await world.until(lambda: world.one.asked == 1)
    stream = await world.until_state(stream_id, StreamState.WAITING)
    assert stream.progress.last_error == "profiles is not available; nothing was kept"
    await world.clock.advance(45)
    assert world.one.asked == 1
    world.profiles.error = OverloadedError("too many posts are being worked on; send this batch again", 2)
    await world.clock.advance(60)
    world.profiles.error = None
    await world.until_folded(100)
    assert await world.until_state(stream_id, StreamState.RUNNING)


async def test_waits_for_a_peer_grow_up_to_half_a_minute(world: World) -> None:
    """A peer that is away is asked again after a second, then less and less often."""
    world.profiles.error = PeerUnavailableError("profiles", "profiles is not available", 0)
    await world.running()
    world.publish(1, 1)
    await world.clock.advance(90)
    waits = [seconds for seconds in world.clock.slept if seconds not in {2.0, 5.0, 20.0} and seconds < 31]
    assert max(waits) > 14
    assert min(waits) >= 0.5


async def test_a_post_that_a_peer_never_takes_delays_no_other(world: World) -> None:
    """Where a batch is refused as wrong, its halves are tried; the one bad post is counted as rejected."""
    world.profiles.poison = "post-3"
    stream_id = await world.running()
    world.publish(1, 10)
    await world.until_folded(9)
    await world.clock.advance(6)
    stream = await world.until_state(stream_id, StreamState.RUNNING)
    assert (stream.progress.counts.posts, stream.progress.counts.rejected) == (9, 1)
    assert "422" in str(stream.progress.last_error)


async def test_a_peer_that_refuses_us_loses_no_post(world: World) -> None:
    """A wrong service key is no fault of the posts: they wait, and the sentence says what to mend."""
    stream_id = await world.stream()
    world.profiles.error = PeerRefusedError(
        "profiles", "profiles refused the call with 401; same VOXPOP_SERVICE_KEY", 401
    )
    await world.replica()
    world.publish(1, 3)
    stream = await world.until_state(stream_id, StreamState.WAITING)
    assert "VOXPOP_SERVICE_KEY" in str(stream.progress.last_error)
    world.profiles.error = None
    await world.until_folded(3)


async def test_an_unforeseen_error_is_told_without_its_words_and_tried_again(world: World) -> None:
    """Its text may quote a post, so that its type alone is shown; waits between attempts grow."""
    world.one.fail(KeyError("secret words of a post"))
    stream_id = await world.running()
    stream = await world.until_state(stream_id, StreamState.WAITING)
    assert "KeyError" in str(stream.progress.last_error)
    assert "secret" not in stream.model_dump_json()
    await world.clock.advance(75)
    assert 3 <= world.one.opened <= 6
    world.one.fail(None)
    await world.until_state(stream_id, StreamState.RUNNING)


@pytest.mark.parametrize("error", [CredentialError("X_BEARER_TOKEN is wrong"), SourceRefusedError("no such page")])
async def test_what_a_person_must_mend_fails_with_a_sentence(
    world: World, error: CredentialError | SourceRefusedError
) -> None:
    """The stream fails, says why and is tried seldom; resuming tries it at once."""
    stream_id = await world.stream()
    world.one.fail(error)
    replica = await world.replica()
    stream = await world.until_state(stream_id, StreamState.FAILED)
    assert stream.progress.last_error == error.detail
    await world.clock.advance(60)
    assert world.one.opened == 1
    world.one.fail(None)
    await world.store.streams.want(stream_id, DesiredState.RUNNING, world.clock.now())
    replica.look()
    await world.until_state(stream_id, StreamState.RUNNING)
    await world.clock.advance(6)


async def test_a_failed_stream_comes_back_by_itself_once_it_is_mended(world: World) -> None:
    """A setting that was mended is found out within minutes, without resuming each stream."""
    world.refuse(CredentialError("X_BEARER_TOKEN is not set"))
    stream_id = await world.running()
    await world.until_state(stream_id, StreamState.FAILED)
    world.refuse(None)
    await world.until_state(stream_id, StreamState.RUNNING)


async def test_removals_follow_the_posts_of_their_delivery(world: World) -> None:
    """A post that is gone is taken out after it was folded; the stream counts it."""
    world.publish(1, 5)
    world.one.removals.append(Removal("bluesky", "deleted", post_id="post-2"))
    stream_id = await world.running()
    await world.until(lambda: bool(world.profiles.removals))
    await world.clock.advance(6)
    assert (await world.shown(stream_id)).progress.counts.removed == 1
    assert len(world.profiles.folded) == 4


async def test_a_removal_that_profiles_never_takes_delays_no_other(world: World) -> None:
    """Halves of the removals are tried; the one that is refused is counted, and the others are done."""
    world.publish(1, 5)
    world.one.removals += [Removal("bluesky", "deleted", post_id=f"post-{number}") for number in (1, 2, 9, 4)]
    world.profiles.poison = "post-9"
    stream_id = await world.running()
    await world.until(lambda: len(world.profiles.removals) == 3)
    await world.clock.advance(6)
    counts = (await world.shown(stream_id)).progress.counts
    assert (counts.removed, counts.rejected) == (3, 1)
    assert {post_id for _, post_id in world.profiles.folded} == {"post-3", "post-5"}


async def test_removals_wait_for_profiles_that_refuse_everything(world: World) -> None:
    """During an upgrade no removal is dropped."""
    world.profiles.error = PeerRefusedError("profiles", "profiles refused the call with 422", 422)
    world.one.removals += [Removal("bluesky", "deleted", post_id=f"post-{number}") for number in range(4)]
    stream_id = await world.running()
    await world.clock.advance(60)
    assert "422" in str((await world.until_state(stream_id, StreamState.WAITING)).progress.last_error)
    world.profiles.error = None
    await world.until(lambda: len(world.profiles.removals) == 4)
    await world.clock.advance(6)
    assert (await world.shown(stream_id)).progress.counts.rejected == 0


async def test_a_spent_budget_stops_the_stream_until_the_next_month(world: World) -> None:
    """At the limit it waits and says so; in the next month it reads on. What was sent is counted by the purse."""
    world.sources.limit = 10
    world.publish(1, 30)
    stream_id = await world.running()
    stream = await world.until_state(stream_id, StreamState.WAITING)
    assert "X_MONTHLY_POSTS" in str(stream.progress.last_error)
    assert stream.progress.spent_posts == 10
    assert await world.store.spend.spent("x", "2026-03") == 10


async def test_a_cursor_that_another_key_sealed_is_not_thrown_away(world: World) -> None:
    """The stream fails and names the key, instead of going on with a gap."""
    stream_id = await world.stream()
    leased = await world.store.streams.acquire(stream_id, "other", world.clock.now(), timedelta(seconds=1))
    assert leased is not None
    await world.store.streams.release(leased.lease, leased.stream.progress, b"\x01" + b"k" * 40, world.clock.now())
    await world.replica()
    stream = await world.until_state(stream_id, StreamState.FAILED)
    assert "VOXPOP_VAULT_KEY" in str(stream.progress.last_error)
    assert world.one.opened == 0


async def test_a_brand_that_is_not_declared_fails_with_the_remedy(world: World) -> None:
    """A stream of an unknown brand says how to declare it."""
    added = await world.store.streams.add(Stream.made(StreamKind.STREAM, "unknown", "one", {}, world.clock.now()))
    await world.replica()
    stream = await world.until_state(added.stream_id, StreamState.FAILED)
    assert "PUT /v1/brands/unknown" in str(stream.progress.last_error)


async def test_many_posts_at_once_are_delivered_in_bounded_batches(world: World) -> None:
    """A source that hands over more than it may is cut into batches of 500."""
    world.one.batch = 1200
    world.one.publish(*(numbered(number, world.clock.now()) for number in range(1200)))
    await world.running()
    await world.until_folded(1200)
    assert world.profiles.deliveries == [500, 500, 200]
