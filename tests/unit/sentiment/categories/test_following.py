"""How a replica's catalog keeps up with the store."""

import asyncio

import pytest
import structlog
from prometheus_client import CollectorRegistry

from services.sentiment.categories.catalog import LONGEST_PAUSE, POLL_SECONDS
from services.sentiment.categories.category_set import CategorySet
from shared.errors import OverloadedError, PeerUnavailableError, SettingsError
from tests.unit.sentiment.categories.moody_store import PACKED, MoodyStore, Pauses, running
from tests.unit.sentiment.categories.sets import category_set


async def test_others_changes_are_picked_up(store: MoodyStore, pauses: Pauses) -> None:
    """New, replaced and deleted sets show after the next look, and only what changed is fetched."""
    await store.put(category_set("stays"), PACKED)
    async with running(store, pauses) as catalog:
        await store.put(category_set(), PACKED)
        await pauses.end()
        assert catalog.resolve("airline").version == 1
        await store.put(category_set(notes="newer"), PACKED)
        await pauses.end()
        assert catalog.resolve("airline").notes == "newer"
        assert store.reads == 3
        await store.delete("airline")
        await pauses.end()
        assert [found.name for found in catalog.sets()] == ["stays"]
        assert store.reads == 3
        assert set(pauses.seconds) == {POLL_SECONDS}


async def test_a_look_that_was_under_way_does_not_undo_a_put(store: MoodyStore, pauses: Pauses) -> None:
    """A put that comes between a look's question and its answer stays served."""
    async with running(store, pauses) as catalog:
        putting: list[asyncio.Task[CategorySet]] = []

        async def versions() -> dict[str, int]:
            putting.append(asyncio.create_task(catalog.put(category_set(), PACKED)))
            await store.kept.wait()
            return {}

        store.versions = versions  # type: ignore[method-assign]
        await catalog.refresh()
        kept = await putting[0]
        assert catalog.resolve("airline") is kept


async def test_a_delete_does_not_undo_a_put_that_came_between(store: MoodyStore, pauses: Pauses) -> None:
    """A set that was put again while its former version was being deleted stays served."""
    async with running(store, pauses) as catalog:
        await catalog.put(category_set(), PACKED)
        delete = store.delete

        async def slow(name: str) -> int:
            deleted = await delete(name)
            await catalog.put(category_set(notes="again"), PACKED)
            return deleted

        store.delete = slow  # type: ignore[method-assign]
        await catalog.delete("airline")
        assert catalog.resolve("airline").notes == "again"


async def test_a_store_that_fails_is_asked_less_often(
    store: MoodyStore, pauses: Pauses, figures: CollectorRegistry
) -> None:
    """Pauses double up to half a minute, sets stay served, each failure is counted and logged, and then it is well."""
    await store.put(category_set(), PACKED)
    async with running(store, pauses, figures) as catalog:
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
        assert catalog.resolve("airline").version == 1
        await catalog.check_following()
        store.failure = None
        await pauses.end()
        assert pauses.seconds[-1] == POLL_SECONDS


async def test_a_start_without_the_store_is_a_start(store: MoodyStore, pauses: Pauses) -> None:
    """With the store away the catalog runs and is ready; sets are 503 until it was read, but for the built-in ones."""
    await store.put(category_set(), PACKED)
    store.failure = PeerUnavailableError("mongodb", "the store does not answer")
    async with running(store, pauses, built_in={"ships": category_set("ships")}) as catalog:
        await catalog.check_following()
        assert catalog.resolve("ships").name == "ships"
        for name in ("airline", "nothing"):
            with pytest.raises(PeerUnavailableError, match="category sets"):
                catalog.resolve(name)
        store.failure = None
        await pauses.end()
        assert catalog.resolve("airline").version == 1
        assert catalog.resolve("ships").name == "ships"


async def test_a_server_that_cannot_keep_sets_forbids_the_start(store: MoodyStore, pauses: Pauses) -> None:
    """What the server has to be told first is said at the start, and not in a log alone."""
    store.failure = SettingsError("SENTIMENT_STORE: the MongoDB server is no replica set")
    with pytest.raises(SettingsError, match="no replica set"):
        async with running(store, pauses):
            pytest.fail("started")


async def test_following_ends_with_the_catalog(store: MoodyStore, pauses: Pauses) -> None:
    """After the end no task is left, and the catalog says that it follows no more."""
    async with running(store, pauses) as catalog:
        pass
    assert [task for task in asyncio.all_tasks() if task.get_name() == "category-sets"] == []
    with pytest.raises(OverloadedError):
        await catalog.check_following()
