"""What a replica serves."""

import pytest
import structlog
from prometheus_client import CollectorRegistry

from services.sentiment.categories.catalog import MAX_SETS
from shared.errors import ConflictError, NotFoundError
from tests.unit.sentiment.categories.moody_store import PACKED, MoodyStore, Pauses, running
from tests.unit.sentiment.categories.sets import category_set


async def test_sets_are_there_from_the_start(store: MoodyStore, pauses: Pauses) -> None:
    """What the store holds is served as soon as the catalog runs."""
    await store.put(category_set(), PACKED)
    async with running(store, pauses) as catalog:
        assert catalog.resolve("airline").version == 1
        await catalog.check_following()


async def test_own_changes_are_seen_at_once(store: MoodyStore, pauses: Pauses) -> None:
    """A set that this replica put is served before any look at the store, and one it deleted is not."""
    async with running(store, pauses) as catalog:
        kept = await catalog.put(category_set(), PACKED)
        assert catalog.resolve("airline") is kept
        assert (await catalog.put(category_set(), PACKED)).version == catalog.resolve("airline").version == 2
        await catalog.delete("airline")
        with pytest.raises(NotFoundError):
            catalog.resolve("airline")


async def test_a_set_of_another_embedding_is_a_conflict_with_the_remedy(store: MoodyStore, pauses: Pauses) -> None:
    """Vectors of another version are never classified: the sentence says how to rebuild the set."""
    await store.put(category_set(embedding_version="older-1"), PACKED)
    async with running(store, pauses) as catalog:
        with pytest.raises(ConflictError, match=r"older-1, this model has tiny-1; rebuild it: GET .* PUT them"):
            catalog.resolve("airline")
        assert catalog.find("airline").embedding_version == "older-1"
    async with running(store, Pauses(), embedding_version=None) as catalog:
        with pytest.raises(ConflictError, match="this model has none"):
            catalog.resolve("airline")


async def test_a_set_that_cannot_be_read_is_a_conflict_and_spoils_nothing(store: MoodyStore, pauses: Pauses) -> None:
    """What another version of voxpop wrote is named in the log once, the others are served, a put mends it."""
    await store.put(category_set("bad", notes="strange"), PACKED)
    await store.put(category_set("good"), PACKED)
    with structlog.testing.capture_logs() as logs:
        async with running(store, pauses) as catalog:
            await pauses.end()
            assert catalog.resolve("good").version == 1
            with pytest.raises(ConflictError, match="PUT it again"):
                catalog.resolve("bad")
            with pytest.raises(ConflictError, match="PUT it again"):
                await catalog.with_examples("bad")
            await catalog.put(category_set("bad"), PACKED)
            assert catalog.resolve("bad").version == 2
    assert [log["name"] for log in logs] == ["bad"]


async def test_built_in_sets_are_read_only(store: MoodyStore, pauses: Pauses) -> None:
    """They are served, and can neither be put nor deleted."""
    async with running(store, pauses, built_in={"airline": category_set()}) as catalog:
        assert catalog.resolve("airline").version == 0
        assert catalog.is_built_in("airline")
        with pytest.raises(ConflictError, match="read-only; choose another name"):
            await catalog.put(category_set(), PACKED)
        with pytest.raises(ConflictError, match="read-only"):
            await catalog.delete("airline")
        assert await store.versions() == {}


async def test_a_set_that_people_made_goes_before_a_built_in_one(store: MoodyStore, pauses: Pauses) -> None:
    """A new model with a set of the same name replaces none that people made; a delete shows the built-in one."""
    await store.put(category_set(notes="ours"), PACKED)
    async with running(store, pauses, built_in={"airline": category_set(notes="theirs")}) as catalog:
        assert catalog.resolve("airline").notes == "ours"
        assert [found.notes for found in catalog.sets()] == ["ours"]
        assert (await catalog.put(category_set(notes="ours"), PACKED)).version == 2
        await catalog.delete("airline")
        assert catalog.resolve("airline").notes == "theirs"


async def test_there_are_not_more_sets_than_may_be(store: MoodyStore, pauses: Pauses) -> None:
    """With 256 sets a new name is a conflict, an old name is not."""
    async with running(store, pauses) as catalog:
        for number in range(MAX_SETS):
            await catalog.put(category_set(f"set-{number}"), PACKED)
        with pytest.raises(ConflictError, match="256 category sets"):
            await catalog.put(category_set("one-more"), PACKED)
        assert (await catalog.put(category_set("set-7"), PACKED)).version == 2


async def test_the_sets_served_are_a_figure(store: MoodyStore, pauses: Pauses, figures: CollectorRegistry) -> None:
    """Metrics tell how many sets are served and how long ago the store was read."""
    await store.put(category_set(), PACKED)
    async with running(store, pauses, figures, built_in={"ships": category_set("ships")}):
        assert figures.get_sample_value("voxpop_category_sets") == 2
        assert 0 <= (figures.get_sample_value("voxpop_category_store_age_seconds") or 0) < 60
