"""What a replica serves, and how it keeps up with the store."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry

from services.sentiment.categories.category_set import CategorySet, UnreadableSetError
from services.sentiment.categories.examples import PackedExamples, pack
from services.sentiment.categories.metrics import CategoryMetrics
from services.sentiment.categories.registry import LONGEST_PAUSE, MAX_SETS, POLL_SECONDS, CategoryRegistry
from services.sentiment.categories.stores.opening import open_store
from services.sentiment.categories.stores.sqlite import SqliteCategoryStore
from shared.errors import ConflictError, NotFoundError, OverloadedError, PeerUnavailableError
from shared.sqlite import SqliteDatabase
from shared.store_url import SqliteUrl
from tests.unit.sentiment.categories.sets import VERSION, category_set

PACKED = pack([])


class Pauses:
    """The registry's pauses, each of which ends when a test says so."""

    def __init__(self) -> None:
        """Begin with none."""
        self.seconds: list[float] = []
        self._begun = asyncio.Semaphore(0)
        self._over = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        """Pause."""
        self.seconds.append(seconds)
        self._begun.release()
        await self._over.acquire()

    async def end(self) -> None:
        """End the pause, and return when the next one begins."""
        await self._begun.acquire()
        self._over.release()
        await self._begun.acquire()
        self._begun.release()


class MoodyStore(SqliteCategoryStore):
    """A store on a real file that can be told to fail."""

    failure: Exception | None = None
    reads = 0

    def __init__(self, database: SqliteDatabase) -> None:
        """Begin in a good mood."""
        super().__init__(database)
        self.kept = asyncio.Event()

    async def put(self, made: CategorySet, examples: PackedExamples) -> CategorySet:
        """Keep, and tell."""
        kept = await super().put(made, examples)
        self.kept.set()
        return kept

    async def versions(self) -> dict[str, int]:
        """Fail, or answer."""
        if self.failure is not None:
            raise self.failure
        return await super().versions()

    async def find(self, name: str) -> CategorySet:
        """Count, and answer; a set with the notes `strange` cannot be read."""
        self.reads += 1
        found = await super().find(name)
        _check_familiar(found)
        return found

    async def find_with_examples(self, name: str) -> tuple[CategorySet, PackedExamples]:
        """Answer as `find` does."""
        found, packed = await super().find_with_examples(name)
        _check_familiar(found)
        return found, packed


def _check_familiar(found: CategorySet) -> None:
    if found.notes == "strange":
        raise UnreadableSetError("no category set of schema 1: voxpop_schema: Input should be 1")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[MoodyStore]:
    """Yield an empty store."""
    async with open_store(SqliteUrl(tmp_path / "sentiment.db")) as opened:
        assert isinstance(opened, SqliteCategoryStore)
        yield MoodyStore(opened._database)


@pytest.fixture
def figures() -> CollectorRegistry:
    """Return where metrics go."""
    return CollectorRegistry()


@pytest.fixture
def pauses() -> Pauses:
    """Return the pauses of `running`."""
    return Pauses()


@asynccontextmanager
async def running(
    store: MoodyStore,
    pauses: Pauses,
    figures: CollectorRegistry | None = None,
    built_in: Mapping[str, CategorySet] | None = None,
    embedding_version: str | None = VERSION,
) -> AsyncIterator[CategoryRegistry]:
    """Run a registry."""
    registry = CategoryRegistry(
        store,
        CategoryMetrics(figures or CollectorRegistry()),
        embedding_version=embedding_version,
        built_in=built_in or {},
        pause=pauses,
    )
    async with registry.running():
        yield registry


async def test_sets_are_there_from_the_start(store: MoodyStore, pauses: Pauses) -> None:
    """What the store holds is served as soon as the registry runs."""
    await store.put(category_set(), PACKED)
    async with running(store, pauses) as registry:
        assert registry.resolve("airline").version == 1
        await registry.check_following()


async def test_own_changes_are_seen_at_once(store: MoodyStore, pauses: Pauses) -> None:
    """A set that this replica put is served before any look at the store, and one it deleted is not."""
    async with running(store, pauses) as registry:
        kept = await registry.put(category_set(), PACKED)
        assert registry.resolve("airline") is kept
        assert (await registry.put(category_set(), PACKED)).version == registry.resolve("airline").version == 2
        await registry.delete("airline")
        with pytest.raises(NotFoundError):
            registry.resolve("airline")


async def test_others_changes_are_picked_up(store: MoodyStore, pauses: Pauses) -> None:
    """New, replaced and deleted sets show after the next look, and only what changed is fetched."""
    await store.put(category_set("stays"), PACKED)
    async with running(store, pauses) as registry:
        await store.put(category_set(), PACKED)
        await pauses.end()
        assert registry.resolve("airline").version == 1
        await store.put(category_set(notes="newer"), PACKED)
        await pauses.end()
        assert registry.resolve("airline").notes == "newer"
        assert store.reads == 3
        await store.delete("airline")
        await pauses.end()
        assert [found.name for found in registry.sets()] == ["stays"]
        assert store.reads == 3
        assert set(pauses.seconds) == {POLL_SECONDS}


async def test_a_look_that_was_under_way_does_not_undo_a_put(store: MoodyStore, pauses: Pauses) -> None:
    """A put that comes between a look's question and its answer stays served."""
    async with running(store, pauses) as registry:
        putting: list[asyncio.Task[CategorySet]] = []

        async def versions() -> dict[str, int]:
            putting.append(asyncio.create_task(registry.put(category_set(), PACKED)))
            await store.kept.wait()
            return {}

        store.versions = versions  # type: ignore[method-assign]
        await registry.refresh()
        kept = await putting[0]
        assert registry.resolve("airline") is kept


async def test_a_delete_does_not_undo_a_put_that_came_between(store: MoodyStore, pauses: Pauses) -> None:
    """A set that was put again while its former version was being deleted stays served."""
    async with running(store, pauses) as registry:
        await registry.put(category_set(), PACKED)
        delete = store.delete

        async def slow(name: str) -> int:
            deleted = await delete(name)
            await registry.put(category_set(notes="again"), PACKED)
            return deleted

        store.delete = slow  # type: ignore[method-assign]
        await registry.delete("airline")
        assert registry.resolve("airline").notes == "again"


async def test_a_store_that_fails_is_asked_less_often(
    store: MoodyStore, pauses: Pauses, figures: CollectorRegistry
) -> None:
    """Pauses double up to half a minute, sets stay served, each failure is counted and logged, and then it is well."""
    await store.put(category_set(), PACKED)
    async with running(store, pauses, figures) as registry:
        with structlog.testing.capture_logs() as logs:
            for failure in (
                RuntimeError("a"),
                PeerUnavailableError("mongodb", "b"),
                TimeoutError(),
                OSError("c"),
                KeyError(),
            ):
                store.failure = failure
                await pauses.end()
        assert pauses.seconds == [POLL_SECONDS, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE]
        assert [log["reason"] for log in logs] == [
            "RuntimeError",
            "PeerUnavailableError",
            "TimeoutError",
            "OSError",
            "KeyError",
        ]
        assert figures.get_sample_value("voxpop_category_store_failures_total") == 5
        assert registry.resolve("airline").version == 1
        await registry.check_following()
        store.failure = None
        await pauses.end()
        assert pauses.seconds[-1] == POLL_SECONDS


async def test_a_start_without_the_store_is_a_start(store: MoodyStore, pauses: Pauses) -> None:
    """With the store away the registry runs and is ready; sets are 503 until it was read, but for the built-in ones."""
    await store.put(category_set(), PACKED)
    store.failure = PeerUnavailableError("mongodb", "the store does not answer")
    async with running(store, pauses, built_in={"ships": category_set("ships")}) as registry:
        await registry.check_following()
        assert registry.resolve("ships").name == "ships"
        for name in ("airline", "nothing"):
            with pytest.raises(PeerUnavailableError, match="category sets"):
                registry.resolve(name)
        store.failure = None
        await pauses.end()
        assert registry.resolve("airline").version == 1
        assert registry.resolve("ships").name == "ships"


async def test_following_ends_with_the_registry(store: MoodyStore, pauses: Pauses) -> None:
    """After the end no task is left, and the registry says that it follows no more."""
    async with running(store, pauses) as registry:
        pass
    assert [task for task in asyncio.all_tasks() if task.get_name() == "category-sets"] == []
    with pytest.raises(OverloadedError):
        await registry.check_following()


async def test_a_set_of_another_embedding_is_a_conflict_with_the_remedy(store: MoodyStore, pauses: Pauses) -> None:
    """Vectors of another version are never classified: the sentence says how to rebuild the set."""
    await store.put(category_set(embedding_version="older-1"), PACKED)
    async with running(store, pauses) as registry:
        with pytest.raises(ConflictError, match=r"older-1, this model has tiny-1; rebuild it: GET .* PUT them"):
            registry.resolve("airline")
        assert registry.find("airline").embedding_version == "older-1"
    async with running(store, Pauses(), embedding_version=None) as registry:
        with pytest.raises(ConflictError, match="this model has none"):
            registry.resolve("airline")


async def test_a_set_that_cannot_be_read_is_a_conflict_and_spoils_nothing(store: MoodyStore, pauses: Pauses) -> None:
    """What another version of voxpop wrote is named in the log once, the others are served, a put mends it."""
    await store.put(category_set("bad", notes="strange"), PACKED)
    await store.put(category_set("good"), PACKED)
    with structlog.testing.capture_logs() as logs:
        async with running(store, pauses) as registry:
            await pauses.end()
            assert registry.resolve("good").version == 1
            with pytest.raises(ConflictError, match="PUT it again"):
                registry.resolve("bad")
            with pytest.raises(ConflictError, match="PUT it again"):
                await registry.with_examples("bad")
            await registry.put(category_set("bad"), PACKED)
            assert registry.resolve("bad").version == 2
    assert [log["name"] for log in logs] == ["bad"]


async def test_built_in_sets_are_read_only(store: MoodyStore, pauses: Pauses) -> None:
    """They are served, and can neither be put nor deleted."""
    async with running(store, pauses, built_in={"airline": category_set()}) as registry:
        assert registry.resolve("airline").version == 0
        assert registry.is_built_in("airline")
        with pytest.raises(ConflictError, match="read-only; choose another name"):
            await registry.put(category_set(), PACKED)
        with pytest.raises(ConflictError, match="read-only"):
            await registry.delete("airline")
        assert await store.versions() == {}


async def test_a_set_that_people_made_goes_before_a_built_in_one(store: MoodyStore, pauses: Pauses) -> None:
    """A new model that brings a set of the same name takes nothing from anybody; a delete shows the built-in one."""
    await store.put(category_set(notes="ours"), PACKED)
    async with running(store, pauses, built_in={"airline": category_set(notes="theirs")}) as registry:
        assert registry.resolve("airline").notes == "ours"
        assert [found.notes for found in registry.sets()] == ["ours"]
        assert (await registry.put(category_set(notes="ours"), PACKED)).version == 2
        await registry.delete("airline")
        assert registry.resolve("airline").notes == "theirs"


async def test_there_are_not_more_sets_than_may_be(store: MoodyStore, pauses: Pauses) -> None:
    """With 256 sets a new name is a conflict, an old name is not."""
    async with running(store, pauses) as registry:
        for number in range(MAX_SETS):
            await registry.put(category_set(f"set-{number}"), PACKED)
        with pytest.raises(ConflictError, match="256 category sets"):
            await registry.put(category_set("one-more"), PACKED)
        assert (await registry.put(category_set("set-7"), PACKED)).version == 2


async def test_the_sets_served_are_a_figure(store: MoodyStore, pauses: Pauses, figures: CollectorRegistry) -> None:
    """Metrics tell how many sets are served and how long ago the store was read."""
    await store.put(category_set(), PACKED)
    async with running(store, pauses, figures, built_in={"ships": category_set("ships")}):
        assert figures.get_sample_value("voxpop_category_sets") == 2
        assert 0 <= (figures.get_sample_value("voxpop_category_store_age_seconds") or 0) < 60
