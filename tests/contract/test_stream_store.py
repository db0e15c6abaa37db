"""The contract of `StreamStore` and `SpendStore`, the same for every store."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.store import IngestStore, open_store
from services.ingest.streams.store import LeasedStream, StreamStore
from services.ingest.streams.stream import DesiredState, Stream, StreamCounts, StreamKind, StreamProgress, StreamState
from shared.errors import ConflictError, NotFoundError
from shared.leases import LeaseLostError
from shared.store_url import MongoUrl, SqliteUrl

Replica = Callable[[], AbstractAsyncContextManager[IngestStore]]
NOW = datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)
TTL = timedelta(seconds=30)
LATER = NOW + TTL + timedelta(seconds=1)


@pytest.fixture
def replica(store_url: SqliteUrl | MongoUrl) -> Replica:
    """Return how to open the same store once more, as another process would."""
    return lambda: open_store(store_url)


@pytest.fixture
async def opened(replica: Replica) -> AsyncIterator[IngestStore]:
    """Yield an empty store with all of its ports."""
    async with replica() as store:
        yield store


@pytest.fixture
def store(opened: IngestStore) -> StreamStore:
    """Return an empty store of streams."""
    return opened.streams


def a_stream(
    source: str = "x", kind: StreamKind = StreamKind.STREAM, brand: str = "aerolume", now: datetime = NOW
) -> Stream:
    """Return a new stream."""
    return Stream.made(kind, brand, source, {"since": "2026-03-01T00:00:00Z"}, now)


def fared(state: StreamState = StreamState.RUNNING) -> StreamProgress:
    """Return how a stream might fare."""
    return StreamProgress(
        state=state,
        mode="filtered stream",
        counts=StreamCounts(posts=7, removed=1),
        dropped_reasons={"another language": 3},
        newest_at=NOW,
        last_error="X asks to wait",
        last_error_at=NOW,
        reconnects=2,
        spent_posts=10,
        updated_at=NOW,
    )


async def taken(
    store: StreamStore, stream_id: str | None = None, owner: str = "replica-1", now: datetime = NOW
) -> LeasedStream:
    """Take a stream that is due, a new one where none is named."""
    leased = await store.acquire(stream_id or (await store.add(a_stream())).stream_id, owner, now, TTL)
    assert leased is not None
    return leased


async def test_a_stream_comes_back_as_it_was_added(store: StreamStore) -> None:
    """Everything of it is kept, and it has no owner."""
    stream = a_stream()
    assert await store.add(stream) == stream
    assert await store.find(stream.stream_id) == stream


async def test_the_same_question_is_kept_once(store: StreamStore) -> None:
    """Adding a stream with the same brand, source and parameters returns the one that is there."""
    first = await store.add(a_stream())
    assert (await store.add(a_stream(now=LATER))).stream_id == first.stream_id
    assert (await store.add(a_stream("bluesky"))).stream_id != first.stream_id
    assert (await store.add(a_stream(kind=StreamKind.BACKFILL))).stream_id != first.stream_id
    assert len(await store.page(StreamKind.STREAM, None, "", 10)) == 2


async def test_of_the_same_question_at_once_one_is_kept(replica: Replica) -> None:
    """Replicas that are asked for the same stream at the same moment end with one."""
    async with replica() as one, replica() as other:
        added = await asyncio.gather(*(opened.streams.add(a_stream()) for _ in range(8) for opened in (one, other)))
        assert len({stream.stream_id for stream in added}) == 1


async def test_lists_are_by_kind_and_brand_in_pages(store: StreamStore) -> None:
    """Each page goes on behind the one before; other kinds and brands are left out."""
    made = [await store.add(a_stream(f"source-{n}", now=NOW + timedelta(seconds=n))) for n in range(5)]
    await store.add(a_stream("source-1", StreamKind.BACKFILL))
    await store.add(a_stream("source-1", brand="other"))
    first = await store.page(StreamKind.STREAM, "aerolume", "", 3)
    rest = await store.page(StreamKind.STREAM, "aerolume", first[-1].stream_id, 3)
    assert [stream.stream_id for stream in [*first, *rest]] == sorted(stream.stream_id for stream in made)
    assert len(await store.page(StreamKind.STREAM, None, "", 10)) == 6
    assert len(await store.page(StreamKind.BACKFILL, None, "", 10)) == 1


async def test_a_new_stream_is_due_until_it_is_taken(store: StreamStore) -> None:
    """Taken, no other replica gets it until its lease lapses; the lease shows."""
    stream = await store.add(a_stream())
    assert await store.due(NOW, 10, TTL) == [stream.stream_id]
    leased = await taken(store, stream.stream_id)
    assert (leased.stream.owner, leased.stream.lapses_at, leased.cursor) == ("replica-1", NOW + TTL, None)
    assert await store.due(NOW + TTL / 2, 10, TTL) == []
    assert await store.acquire(stream.stream_id, "replica-2", NOW + TTL / 2, TTL) is None
    assert await store.due(LATER, 10, TTL) == [stream.stream_id]
    assert (await taken(store, stream.stream_id, "replica-2", LATER)).lease.token > leased.lease.token


async def test_of_many_takers_one_gets_it(replica: Replica) -> None:
    """However many replicas take a stream at once, one gets it."""
    async with replica() as one, replica() as other:
        stream = await one.streams.add(a_stream())
        takers = [
            opened.streams.acquire(stream.stream_id, f"replica-{n}", NOW, TTL)
            for n in range(8)
            for opened in (one, other)
        ]
        assert sum(leased is not None for leased in await asyncio.gather(*takers)) == 1


async def test_the_longest_due_comes_first_and_no_more_than_asked(store: StreamStore) -> None:
    """A replica with little room takes what has waited longest."""
    late = await store.add(a_stream("late", now=NOW))
    early = await store.add(a_stream("early", now=NOW - timedelta(hours=1)))
    assert await store.due(NOW, 1, TTL) == [early.stream_id]
    assert await store.due(NOW, 2, TTL) == [early.stream_id, late.stream_id]


async def test_a_record_keeps_progress_and_cursor_and_renews(store: StreamStore) -> None:
    """What the owner writes is there for people and for its successor; no cursor leaves the cursor as it was."""
    leased = await taken(store)
    assert await store.record(leased.lease, fared(), b"\x00sealed", LATER + TTL) is DesiredState.RUNNING
    await store.record(leased.lease, fared(), None, LATER + TTL)
    found = await store.find(leased.lease.key)
    assert (found.progress, found.lapses_at) == (fared(), LATER + TTL)
    assert await store.acquire(leased.lease.key, "replica-2", LATER, TTL) is None
    assert (await taken(store, leased.lease.key, "replica-2", LATER + TTL)).cursor == b"\x00sealed"


async def test_an_old_token_writes_nothing(store: StreamStore) -> None:
    """An owner that lost the stream cannot record, release or move the cursor, however late it comes."""
    stream = await store.add(a_stream())
    old = (await taken(store, stream.stream_id)).lease
    new = (await taken(store, stream.stream_id, "replica-1", LATER)).lease
    await store.record(new, fared(), b"new", LATER + TTL)
    with pytest.raises(LeaseLostError):
        await store.record(old, fared(StreamState.FAILED), b"old", LATER + 9 * TTL)
    with pytest.raises(LeaseLostError):
        await store.release(old, fared(StreamState.FAILED), b"old", None)
    found = await store.find(stream.stream_id)
    assert (found.progress.state, found.lapses_at) == (StreamState.RUNNING, LATER + TTL)
    assert (await taken(store, stream.stream_id, "replica-2", LATER + 2 * TTL)).cursor == b"new"


async def test_a_released_stream_is_due_when_it_says(store: StreamStore) -> None:
    """At its time, and for any replica; its cursor and progress stay."""
    leased = await taken(store)
    await store.release(leased.lease, fared(StreamState.WAITING), b"here", LATER)
    found = await store.find(leased.lease.key)
    assert (found.owner, found.lapses_at, found.progress.state) == (None, None, StreamState.WAITING)
    assert await store.due(LATER - timedelta(seconds=1), 10, TTL) == []
    again = await taken(store, leased.lease.key, "replica-2", LATER)
    assert (again.cursor, again.stream.progress) == (b"here", fared(StreamState.WAITING))
    with pytest.raises(LeaseLostError):
        await store.record(leased.lease, fared(), None, LATER)


async def test_what_is_never_due_again_is_not_taken(store: StreamStore) -> None:
    """A stream released without a time waits until it is wanted running."""
    leased = await taken(store)
    await store.release(leased.lease, fared(StreamState.FAILED), None, None)
    assert await store.due(NOW + timedelta(days=999), 10, TTL) == []
    await store.want(leased.lease.key, DesiredState.RUNNING, LATER)
    assert await store.due(LATER, 10, TTL) == [leased.lease.key]


async def test_pausing_is_seen_by_the_owner_and_keeps_others_away(store: StreamStore) -> None:
    """The owner learns it by its next record; no replica takes a paused stream."""
    leased = await taken(store)
    assert (await store.want(leased.lease.key, DesiredState.PAUSED, NOW)).wanted is DesiredState.PAUSED
    assert await store.record(leased.lease, fared(), b"here", LATER) is DesiredState.PAUSED
    await store.release(leased.lease, fared(StreamState.PAUSED), None, NOW)
    assert await store.due(LATER, 10, TTL) == []
    assert await store.acquire(leased.lease.key, "replica-2", LATER, TTL) is None
    await store.want(leased.lease.key, DesiredState.RUNNING, LATER)
    assert (await taken(store, leased.lease.key, "replica-2", LATER)).cursor == b"here"


async def test_resuming_a_stream_that_runs_leaves_it_with_its_owner(store: StreamStore) -> None:
    """Wanted running once more, it is due for no other replica before its lease lapses."""
    leased = await taken(store)
    assert (await store.want(leased.lease.key, DesiredState.RUNNING, NOW)).owner == leased.lease.owner
    assert await store.acquire(leased.lease.key, "replica-2", NOW + TTL / 2, TTL) is None
    assert await store.due(LATER, 10, TTL) == [leased.lease.key]


async def test_a_deleted_stream_is_gone_for_its_owner_too(store: StreamStore) -> None:
    """Its cursor goes with it: the same question begins anew under another id."""
    leased = await taken(store)
    await store.record(leased.lease, fared(), b"here", LATER)
    await store.delete(leased.lease.key, NOW)
    with pytest.raises(LeaseLostError):
        await store.record(leased.lease, fared(), None, LATER)
    for absent in (store.find(leased.lease.key), store.delete(leased.lease.key, NOW)):
        with pytest.raises(NotFoundError):
            await absent
    again = await store.add(a_stream())
    assert again.stream_id != leased.lease.key
    assert (await taken(store, again.stream_id)).cursor is None


async def test_a_paused_stream_that_left_something_is_due_to_be_withdrawn(store: StreamStore) -> None:
    """Until what it left is gone; meanwhile people see it paused, and it is not due to run."""
    stream = await store.add(a_stream())
    assert (await store.want(stream.stream_id, DesiredState.PAUSED, NOW, leaves=True)).wanted is DesiredState.PAUSED
    assert (await store.due(NOW, 9, TTL), await store.withdrawals(NOW, 9, TTL)) == ([], [stream.stream_id])
    leased = await taken(store, stream.stream_id)
    assert leased.stream.wanted is DesiredState.PAUSED
    assert await store.withdrawals(NOW, 9, TTL) == []
    await store.release(leased.lease, fared(StreamState.PAUSED), None, LATER, withdrawn=False)
    assert await store.withdrawals(NOW, 9, TTL) == []
    assert await store.withdrawals(LATER, 9, TTL) == [stream.stream_id]
    again = await taken(store, stream.stream_id, "replica-2", LATER)
    await store.release(again.lease, fared(StreamState.PAUSED), None, LATER, withdrawn=True)
    assert (await store.due(LATER, 9, TTL), await store.withdrawals(LATER, 9, TTL)) == ([], [])
    assert (await store.find(stream.stream_id)).wanted is DesiredState.PAUSED


async def test_an_owner_learns_that_its_stream_is_to_be_withdrawn(store: StreamStore) -> None:
    """It is paused to it; what it releases without having tried is due at once, however late it was to run again."""
    leased = await taken(store)
    await store.want(leased.lease.key, DesiredState.PAUSED, NOW, leaves=True)
    assert await store.withdrawals(NOW, 9, TTL) == []
    assert await store.record(leased.lease, fared(), b"here", NOW + TTL) is DesiredState.PAUSED
    await store.release(leased.lease, fared(StreamState.FAILED), None, NOW + timedelta(hours=5))
    assert await store.withdrawals(NOW, 9, TTL) == [leased.lease.key]


async def test_a_stream_that_is_resumed_is_not_withdrawn(store: StreamStore) -> None:
    """Whether before a replica took it up, or while one was at it: then it runs next."""
    stream_id = (await store.add(a_stream())).stream_id
    await store.want(stream_id, DesiredState.PAUSED, NOW, leaves=True)
    await store.want(stream_id, DesiredState.RUNNING, NOW)
    assert (await store.due(NOW, 9, TTL), await store.withdrawals(NOW, 9, TTL)) == ([stream_id], [])
    await store.want(stream_id, DesiredState.PAUSED, NOW, leaves=True)
    leased = await taken(store, stream_id)
    await store.want(stream_id, DesiredState.RUNNING, NOW)
    await store.release(leased.lease, fared(StreamState.PAUSED), None, NOW, withdrawn=True)
    assert (await store.due(NOW, 9, TTL), await store.withdrawals(NOW, 9, TTL)) == ([stream_id], [])
    assert (await store.find(stream_id)).wanted is DesiredState.RUNNING


async def test_a_deleted_stream_that_left_something_stays_for_replicas_alone(store: StreamStore) -> None:
    """People find it no more, its place is forgotten, its owner hears that it is paused; it goes once all is gone."""
    leased = await taken(store)
    stream_id = leased.lease.key
    await store.record(leased.lease, fared(), b"here", NOW + TTL)
    await store.delete(stream_id, NOW, leaves=True)
    for absent in (
        store.find(stream_id),
        store.delete(stream_id, NOW),
        store.want(stream_id, DesiredState.RUNNING, NOW),
    ):
        with pytest.raises(NotFoundError):
            await absent
    assert await store.page(StreamKind.STREAM, None, "", 9) == []
    assert await store.record(leased.lease, fared(), b"further", NOW + TTL) is DesiredState.PAUSED
    await store.release(leased.lease, fared(StreamState.PAUSED), b"further", NOW, withdrawn=False)
    again = await taken(store, stream_id, "replica-2", NOW)
    assert (again.cursor, again.stream.brand, again.stream.source) == (None, "aerolume", "x")
    await store.release(again.lease, fared(StreamState.PAUSED), None, NOW, withdrawn=True)
    assert await store.withdrawals(LATER, 9, TTL) == []
    with pytest.raises(LeaseLostError):
        await store.record(again.lease, fared(), None, LATER)


async def test_a_stream_that_is_made_again_takes_over_what_the_deleted_one_left(store: StreamStore) -> None:
    """Its withdrawal ends; where a replica holds it at that moment, the new stream waits for the end of the lease."""
    first = await store.add(a_stream())
    await store.delete(first.stream_id, NOW, leaves=True)
    second = await store.add(a_stream(now=NOW + TTL / 2))
    assert second.stream_id != first.stream_id
    assert await store.withdrawals(LATER, 9, TTL) == []
    assert await store.due(NOW + TTL / 2, 9, TTL) == [second.stream_id]
    assert not await store.is_made_anew(second)
    await store.delete(second.stream_id, NOW, leaves=True)
    held = await taken(store, second.stream_id)
    third = await store.add(a_stream(now=NOW + TTL / 2))
    assert await store.is_made_anew(held.stream)
    assert await store.due(NOW + TTL / 2, 9, TTL) == []
    assert await store.due(LATER, 9, TTL) == [third.stream_id]
    with pytest.raises(LeaseLostError):
        await store.release(held.lease, fared(StreamState.PAUSED), None, NOW, withdrawn=True)


async def test_a_finished_backfill_stays_and_makes_room(store: StreamStore) -> None:
    """It is shown, cannot be wanted again, and the same one may be asked for anew."""
    backfill = await store.add(a_stream(kind=StreamKind.BACKFILL))
    leased = await taken(store, backfill.stream_id)
    await store.release(leased.lease, fared(StreamState.FINISHED), None, None)
    with pytest.raises(ConflictError):
        await store.want(backfill.stream_id, DesiredState.RUNNING, LATER)
    again = await store.add(a_stream(kind=StreamKind.BACKFILL))
    assert again.stream_id != backfill.stream_id
    assert (await store.find(backfill.stream_id)).progress.state is StreamState.FINISHED
    assert len(await store.page(StreamKind.BACKFILL, None, "", 10)) == 2


async def test_what_is_not_there_is_not_found(store: StreamStore) -> None:
    """No operation makes a stream of nothing."""
    for absent in (store.find("no"), store.delete("no", NOW), store.want("no", DesiredState.PAUSED, NOW)):
        with pytest.raises(NotFoundError, match="there is no stream 'no'"):
            await absent
    assert await store.acquire("no", "replica-1", NOW, TTL) is None


async def test_streams_outlive_the_process(replica: Replica) -> None:
    """A stream, its cursor and its token are there when the store is opened again."""
    async with replica() as opened:
        stream = await opened.streams.add(a_stream())
        leased = await taken(opened.streams, stream.stream_id)
        await opened.streams.record(leased.lease, fared(), b"here", NOW + TTL)
    async with replica() as opened:
        again = await taken(opened.streams, stream.stream_id, "replica-2", LATER)
        assert (again.cursor, again.lease.token) == (b"here", leased.lease.token + 1)
        assert again.stream.parameters == stream.parameters


async def test_spending_adds_up_over_replicas(replica: Replica) -> None:
    """Of additions at once none is lost, and each learns a sum of its own."""
    async with replica() as one, replica() as other:
        assert await one.spend.spent("x", "2026-03") == 0
        sums = await asyncio.gather(
            *(opened.spend.spend("x", "2026-03", 10) for _ in range(20) for opened in (one, other))
        )
        assert sorted(sums) == list(range(10, 410, 10))
        assert await other.spend.spent("x", "2026-03") == 400


async def test_each_purse_and_month_is_its_own(opened: IngestStore) -> None:
    """A new month begins at nothing, and one platform's posts are not another's."""
    await opened.spend.spend("x", "2026-03", 10)
    assert await opened.spend.spend("x", "2026-04", 1) == 1
    assert await opened.spend.spend("y", "2026-03", 2) == 2
    assert await opened.spend.spent("x", "2026-03") == 10


async def test_an_open_store_is_ready(opened: IngestStore) -> None:
    """A store that answers passes its check."""
    await opened.documents.check_ready()
