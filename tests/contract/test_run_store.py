"""The contract of `RunStore`, on every database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from services.clusters.bases.basis import Basis, DroppedFeature
from services.clusters.cards.cluster import ClusterCard, Distinctive, SmallCluster
from services.clusters.fits.score import KScore
from services.clusters.runs.artifacts import ARTIFACTS, PART
from services.clusters.runs.run import Run, RunRequest, RunStatus, Stage, new_run_id
from services.clusters.runs.run_store import INTERRUPTED, RunStore
from services.clusters.store import open_store
from shared.documents.unreadable_row import UnreadableRowError
from shared.errors import ConflictError, NotFoundError, PeerUnavailableError
from shared.leases import LeaseLostError
from shared.store_url import MongoUrl, SqliteUrl
from tests.unit.ingest.virtual_clock import VirtualClock

Replica = Callable[[], AbstractAsyncContextManager[RunStore]]
LEASE = timedelta(seconds=60)
BRAND = "united"
K3 = RunRequest(k=3, seed=4)


class Time(VirtualClock):
    """A clock that a test moves without waiting."""

    def pass_by(self, seconds: float) -> None:
        """Let time go on."""
        self._seconds += seconds


@pytest.fixture
def time() -> Time:
    """Return the clock of every store in the test."""
    return Time(datetime(2024, 5, 1, 12, tzinfo=UTC))


@pytest.fixture
def replica(store_url: SqliteUrl | MongoUrl, time: Time) -> Replica:
    """Return how to open the same store once more, as another process would."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[RunStore]:
        async with open_store(store_url, LEASE, time) as store:
            yield store.runs

    return opened


@pytest.fixture
async def store(replica: Replica) -> AsyncIterator[RunStore]:
    """Yield an empty store."""
    async with replica() as opened:
        yield opened


def queued(time: Time, request: RunRequest = K3, brand: str = BRAND) -> Run:
    """Return a fresh run."""
    time.pass_by(0.001)
    return Run(run_id=new_run_id(time.now()), brand=brand, request=request, submitted_at=time.now())


def running(run: Run, progress: float = 0.4) -> Run:
    """Return the run on its way."""
    on_its_way = {"status": RunStatus.RUNNING, "stage": Stage.SEARCHING, "progress": progress}
    return run.model_copy(update={**on_its_way, "started_at": run.submitted_at})


def succeeded(run: Run, time: Time) -> Run:
    """Return the run with everything that a success can hold."""
    posts = Distinctive(feature="posts", cluster_mean=12.3, overall_mean=2.1, z=1.2, words="posts far more often")
    card = ClusterCard(
        id=0,
        name="Frequent",
        size=17,
        share=0.85,
        centroid={"posts": 12.3, "followers": None},
        distinctive=[posts],
        mean_score=None,
        languages={"en": 0.9, "de": 0.1},
        stability=0.7,
    )
    return running(run).model_copy(
        update={
            "status": RunStatus.SUCCEEDED,
            "stage": Stage.DONE,
            "progress": 1.0,
            "ended_at": time.now(),
            "authors": 20,
            "k": 2,
            "reason": "k = 2 was asked for",
            "scores": [KScore(k=2, inertia=1.5, silhouette=None, largest_share=0.85, smallest_size=3)],
            "features": ["posts"],
            "dropped_features": [DroppedFeature(feature="listed", reason="not known for any author")],
            "clusters": [card, SmallCluster(id=1, size=3, share=0.15)],
        }
    )


async def test_a_run_is_kept_as_it_is_at_every_stage(store: RunStore, time: Time) -> None:
    """Queued, running and succeeded, what was written is what is read, field by field."""
    run = queued(time)
    assert await store.submit(run, "a") == run
    assert await store.find(run.run_id) == run
    assert await store.record(running(run), "a") is False
    assert await store.find(run.run_id) == running(run)
    await store.finish(succeeded(run, time), "a")
    assert await store.find(run.run_id) == succeeded(run, time)


async def test_runs_survive_a_restart(store: RunStore, replica: Replica, time: Time) -> None:
    """Another process is ready, and sees runs and which one is current."""
    run = queued(time)
    await store.submit(run, "a")
    await store.finish(succeeded(run, time), "a")
    async with replica() as other:
        await other.check_ready()
        assert await other.current(BRAND, Basis.BEHAVIOUR) == succeeded(run, time)


async def test_the_run_that_succeeded_last_is_current(store: RunStore, time: Time) -> None:
    """A failed, cancelled or active run leaves the current one; each brand and basis has its own."""
    assert await store.current(BRAND, Basis.BEHAVIOUR) is None
    first, failing, cancelled, second, active = (queued(time) for _ in range(5))
    ends = [
        (first, succeeded(first, time), first),
        (failing, failing.ending(RunStatus.FAILED, time.now(), "it failed"), first),
        (cancelled, cancelled.ending(RunStatus.CANCELLED, time.now()), first),
        (second, succeeded(second, time), second),
    ]
    for run, end, expected in ends:
        await store.submit(run, "a")
        await store.finish(end, "a")
        current = await store.current(BRAND, Basis.BEHAVIOUR)
        assert current is not None
        assert current.run_id == expected.run_id
    await store.submit(active, "a")
    current = await store.current(BRAND, Basis.BEHAVIOUR)
    assert current == succeeded(second, time)
    assert await store.current("delta", Basis.BEHAVIOUR) is None
    assert await store.current(BRAND, Basis.INTERESTS) is None


async def test_the_current_run_does_not_go_by_ids(store: RunStore, time: Time) -> None:
    """A run with a smaller id (another process' clock lags) that succeeds later is current."""
    earlier, later = queued(time), queued(time)
    for run in (later, earlier):
        await store.submit(run, "a")
        await store.finish(succeeded(run, time), "a")
    current = await store.current(BRAND, Basis.BEHAVIOUR)
    assert current is not None
    assert current.run_id == earlier.run_id


async def test_one_run_is_active_for_each_brand_and_basis(store: RunStore, time: Time) -> None:
    """The same parameters return the active run, others conflict; other brands and bases are free."""
    run = queued(time)
    await store.submit(run, "a")
    await store.record(running(run), "a")
    assert await store.submit(queued(time), "b") == running(run)
    for other in (RunRequest(k=4, seed=4), RunRequest(k=3, seed=5), RunRequest(seed=4)):
        with pytest.raises(ConflictError, match=run.run_id):
            await store.submit(queued(time, other), "b")
    elsewhere = queued(time, brand="delta")
    assert await store.submit(elsewhere, "b") == elsewhere
    interests = queued(time, RunRequest(basis=Basis.INTERESTS))
    assert await store.submit(interests, "b") == interests
    assert len(await store.runs(BRAND, 10)) == 2


async def test_of_many_submissions_at_once_one_gets_in(store: RunStore, replica: Replica, time: Time) -> None:
    """Twenty submissions through two processes end with one run, returned to all."""
    async with replica() as other:
        runs = [queued(time) for _ in range(20)]
        both = (store, other)
        got = await asyncio.gather(*(both[n % 2].submit(run, f"owner {n}") for n, run in enumerate(runs)))
    assert len({run.run_id for run in got}) == 1
    assert len(await store.runs(BRAND, 100)) == 1


async def test_an_ended_run_frees_its_place_and_never_changes(store: RunStore, time: Time) -> None:
    """After its end a run takes no further word, and the next one gets in."""
    run = queued(time)
    await store.submit(run, "a")
    await store.finish(succeeded(run, time), "a")
    with pytest.raises(LeaseLostError):
        await store.record(running(run), "a")
    with pytest.raises(LeaseLostError):
        await store.finish(run.ending(RunStatus.FAILED, time.now(), "late"), "a")
    assert await store.find(run.run_id) == succeeded(run, time)
    following = queued(time)
    assert await store.submit(following, "b") == following


async def test_only_the_owner_writes(store: RunStore, time: Time) -> None:
    """Another owner, or one of an unknown run, is refused."""
    run = queued(time)
    await store.submit(run, "a")
    for stranger in (running(run), running(queued(time))):
        with pytest.raises(LeaseLostError):
            await store.record(stranger, "b")
        with pytest.raises(LeaseLostError):
            await store.finish(succeeded(stranger, time), "b")
    assert await store.find(run.run_id) == run
    assert await store.current(BRAND, Basis.BEHAVIOUR) is None


async def test_a_lapsed_run_is_taken_over(store: RunStore, time: Time) -> None:
    """Past the lease time the silent run is failed and a submission gets in; the old owner is shut out for good."""
    run = queued(time)
    await store.submit(run, "a")
    time.pass_by(LEASE.total_seconds() + 1)
    assert await store.fail_lapsed() == 1
    lapsed = await store.find(run.run_id)
    assert (lapsed.status, lapsed.error, lapsed.ended_at) == (RunStatus.FAILED, INTERRUPTED, time.now())
    following = queued(time, RunRequest(k=5))
    assert await store.submit(following, "b") == following
    with pytest.raises(LeaseLostError):
        await store.record(running(run), "a")
    with pytest.raises(LeaseLostError):
        await store.finish(succeeded(run, time), "a")
    assert await store.current(BRAND, Basis.BEHAVIOUR) is None
    assert await store.record(running(following), "b") is False


async def test_recording_renews_the_lease(store: RunStore, time: Time) -> None:
    """A run that is heard of within the lease time never lapses, however long it takes."""
    run = queued(time)
    await store.submit(run, "a")
    for _ in range(5):
        time.pass_by(LEASE.total_seconds() - 1)
        assert await store.fail_lapsed() == 0
        await store.record(running(run), "a")
    assert (await store.find(run.run_id)).status is RunStatus.RUNNING


async def test_lapsed_runs_of_every_brand_are_failed(store: RunStore, time: Time) -> None:
    """A sweep fails each silent run once and leaves those that are heard of and those that ended."""
    done, silent, other, live = (queued(time, brand=brand) for brand in ("delta", BRAND, "jetblue", "southwest"))
    for run in (done, silent, other, live):
        await store.submit(run, "a")
    await store.finish(succeeded(done, time), "a")
    time.pass_by(LEASE.total_seconds() + 1)
    await store.record(running(live), "a")
    assert await store.fail_lapsed() == 2
    assert await store.fail_lapsed() == 0
    statuses = [(await store.find(run.run_id)).status for run in (done, silent, other, live)]
    assert statuses == [RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.FAILED, RunStatus.RUNNING]


async def test_the_owner_learns_that_cancelling_was_asked_for(store: RunStore, time: Time) -> None:
    """The wish shows in the next record; a cancelled run can be cancelled again, other ended ones cannot."""
    run = queued(time)
    await store.submit(run, "a")
    assert await store.ask_cancel(run.run_id) == run
    assert await store.record(running(run), "a") is True
    cancelled = running(run).ending(RunStatus.CANCELLED, time.now())
    await store.finish(cancelled, "a")
    assert await store.ask_cancel(run.run_id) == cancelled
    following = queued(time)
    await store.submit(following, "a")
    assert await store.record(running(following), "a") is False
    await store.finish(succeeded(following, time), "a")
    with pytest.raises(ConflictError, match="succeeded"):
        await store.ask_cancel(following.run_id)


async def test_what_is_not_there_is_not_found(store: RunStore) -> None:
    """An unknown id is NotFoundError, an unknown brand has no runs."""
    with pytest.raises(NotFoundError):
        await store.find("nope")
    with pytest.raises(NotFoundError):
        await store.ask_cancel("nope")
    assert await store.runs("delta", 10) == []


async def test_runs_come_newest_first_in_pages(store: RunStore, time: Time) -> None:
    """Pages of two cover the brand's runs once each and no other's."""
    ids = []
    for number in range(5):
        run = queued(time)
        ids.append(run.run_id)
        await store.submit(run, "a")
        await store.finish(run.ending(RunStatus.FAILED, time.now(), f"number {number}"), "a")
    await store.submit(queued(time, brand="delta"), "a")
    seen: list[str] = []
    while page := await store.runs(BRAND, 2, seen[-1] if seen else None):
        assert len(page) <= 2
        seen += [run.run_id for run in page]
    assert seen == ids[::-1]


async def finished(store: RunStore, time: Time, owner: str = "a") -> Run:
    """Return a run that succeeded, with an artifact."""
    run = queued(time)
    await store.submit(run, owner)
    await store.artifacts.keep(run.run_id, "model", b"centroids")
    await store.finish(succeeded(run, time), owner)
    return succeeded(run, time)


async def test_runs_of_a_dead_owner_fail_at_once(store: RunStore, time: Time) -> None:
    """A process that is known to be gone holds nothing until its lease lapses; another's run goes on."""
    gone, alive = queued(time), queued(time, brand="delta")
    await store.submit(gone, "a")
    await store.submit(alive, "b")
    assert await store.fail_lapsed(dead=["a", "z"]) == 1
    assert (await store.find(gone.run_id)).error == INTERRUPTED
    assert (await store.find(alive.run_id)).status is RunStatus.QUEUED


async def test_a_run_that_cannot_be_mended_is_left_for_later(store: RunStore, time: Time) -> None:
    """While profiles is away a lapsed run is failed but keeps its place, so that no other one gets in between."""
    run = queued(time)
    await store.submit(run, "a")
    time.pass_by(LEASE.total_seconds() + 1)

    async def away(_: Run) -> None:
        raise PeerUnavailableError("profiles", "profiles is away")

    assert await store.fail_lapsed(away) == 1
    assert (await store.find(run.run_id)).error == INTERRUPTED
    with pytest.raises(ConflictError, match="being put back"):
        await store.submit(queued(time), "b")
    assert await store.fail_lapsed() == 0
    assert (await store.submit(queued(time), "b")).status is RunStatus.QUEUED


async def test_a_restored_run_is_current(store: RunStore, time: Time) -> None:
    """Held, then let go as the current one, an earlier run is served and otherwise as it was."""
    first, second = await finished(store, time), await finished(store, time)
    held, lease = await store.hold(first.run_id, "b")
    with pytest.raises(ConflictError, match="being put back"):
        await store.submit(queued(time), "a")
    await store.let_go(held, lease, current=True)
    assert await store.current(BRAND, Basis.BEHAVIOUR) == first == await store.find(first.run_id)
    held, lease = await store.hold(second.run_id, "b")
    await store.let_go(held, lease, current=False)
    assert await store.current(BRAND, Basis.BEHAVIOUR) == first
    assert (await store.submit(queued(time), "a")).status is RunStatus.QUEUED


async def test_a_run_can_be_held_only_where_it_succeeded_and_no_other_is_on(store: RunStore, time: Time) -> None:
    """A failed run, an active one beside it and one that is held already are conflicts with a sentence."""
    run = await finished(store, time)
    failed = queued(time)
    await store.submit(failed, "a")
    with pytest.raises(ConflictError, match=failed.run_id):
        await store.hold(run.run_id, "b")
    await store.finish(failed.ending(RunStatus.FAILED, time.now(), "it failed"), "a")
    with pytest.raises(ConflictError, match="only a run that succeeded"):
        await store.hold(failed.run_id, "b")
    await store.hold(run.run_id, "b")
    with pytest.raises(ConflictError, match="being restored already"):
        await store.hold(run.run_id, "c")
    with pytest.raises(NotFoundError):
        await store.hold("nope", "b")


async def test_a_restoration_that_was_cut_off_leaves_the_run_as_it_was(store: RunStore, time: Time) -> None:
    """A process that dies while it restores leaves a run that succeeded, and its place free."""
    first, second = await finished(store, time), await finished(store, time)
    await store.hold(first.run_id, "b")
    mended: list[Run] = []

    async def mend(run: Run) -> None:
        mended.append(run)

    assert await store.fail_lapsed(mend, dead=["b"]) == 0
    assert mended == [first]
    assert await store.find(first.run_id) == first
    assert await store.current(BRAND, Basis.BEHAVIOUR) == second
    assert (await store.submit(queued(time), "a")).status is RunStatus.QUEUED


async def test_a_deleted_run_takes_what_it_left_along(store: RunStore, time: Time) -> None:
    """An earlier run is gone with its artifacts; the current one and an active one are conflicts with the remedy."""
    first, second = await finished(store, time), await finished(store, time)
    await store.delete(first.run_id)
    with pytest.raises(NotFoundError):
        await store.find(first.run_id)
    assert await store.artifacts.read(first.run_id, "model") is None
    assert await store.artifacts.read(second.run_id, "model") == b"centroids"
    with pytest.raises(ConflictError, match="restore another"):
        await store.delete(second.run_id)
    active = queued(time)
    await store.submit(active, "a")
    with pytest.raises(ConflictError, match="cancel"):
        await store.delete(active.run_id)
    with pytest.raises(NotFoundError):
        await store.delete("nope")


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 2 * PART + 7])
async def test_an_artifact_is_read_as_it_was_written(store: RunStore, size: int) -> None:
    """Whatever its size, in as many parts as it needs, and beside others of its run."""
    content = bytes(number % 251 for number in range(1000)) * (size // 1000) + b"x" * (size % 1000)
    await store.artifacts.keep("a-run", "model", content)
    await store.artifacts.keep("a-run", "map", b"points")
    assert await store.artifacts.read("a-run", "model") == content
    assert await store.artifacts.read("a-run", "map") == b"points"
    assert await store.artifacts.read("another", "map") is None
    await store.artifacts.remove("a-run")
    assert await store.artifacts.read("a-run", "model") is None


async def test_an_artifact_that_lacks_a_part_is_named_as_damaged(store: RunStore) -> None:
    """Half of a model is no model."""
    await store.artifacts.keep("a-run", "model", b"x" * (PART + 1))
    await store.artifacts._documents.delete(ARTIFACTS, "a-run/model/00001")
    with pytest.raises(UnreadableRowError):
        await store.artifacts.read("a-run", "model")


async def test_a_run_that_fails_leaves_no_artifact(store: RunStore, time: Time) -> None:
    """What was written before the end is removed with it."""
    run = queued(time)
    await store.submit(run, "a")
    await store.artifacts.keep(run.run_id, "model", b"centroids")
    await store.finish(run.ending(RunStatus.FAILED, time.now(), "it failed"), "a")
    assert await store.artifacts.read(run.run_id, "model") is None
