"""The contract of `ProfileStore`: what is kept of a brand, taken over by another store. The same for every store."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.profiles.folding import LATEST
from services.profiles.stores.base import FoldCount, ProfileStore
from services.profiles.stores.database import open_store
from shared.store_url import SqliteUrl
from tests.contract import test_profile_store as contract
from tests.contract.test_profile_store_buckets import POSTS
from tests.unit.profiles.posts import key, post

store = contract.store

MANY = 1000
PARTS = ("removals", "profiles", "buckets", "posts")


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[ProfileStore]:
    """Yield a store with posts of every kind: counted, expired, removed; authors removed and erased; clusters."""
    async with open_store(SqliteUrl(tmp_path / "source.db")) as opened:
        await opened.fold("acme", POSTS[:5])
        await opened.sweep(LATEST, MANY)
        await opened.fold("acme", POSTS)
        await opened.remove("acme", [key(6), key(2), key(900)], {key(3): int(POSTS[8].hour.timestamp())})
        await opened.erase(key(4))
        await opened.stage("acme", "behaviour", "run-1", {key(0): 1, key(1): 0})
        await opened.publish("acme", "behaviour", "run-1", 2)
        yield opened


def numbers(kept: bytes) -> set[int]:
    """Return the numbers of a sketch, which are those of the test's authors."""
    return set(np.frombuffer(kept, dtype="<u8").tolist())


async def everything(store: ProfileStore, brand: str = "acme") -> dict[str, Any]:
    """Return all that a store keeps of a brand."""
    return {
        "posts": await store.kept_posts(brand, None, MANY),
        "profiles": await store.kept_profiles(brand, None, MANY),
        "buckets": await store.kept_buckets(brand),
        "removed": await store.removed_authors(brand, None, MANY),
        "erased": await store.erased_authors(None, MANY),
        "summary": await store.summary(brand),
        "sizes": await store.brands(None, MANY),
    }


async def restore(source: ProfileStore, target: ProfileStore, *parts: str) -> None:
    """Carry parts of a brand over, in an order."""
    for part in parts:
        if part == "removals":
            removed = await source.removed_authors("acme", None, MANY)
            await target.restore_removals("acme", removed, await source.erased_authors(None, MANY))
        elif part == "profiles":
            await target.restore_profiles("acme", await source.kept_profiles("acme", None, MANY))
        elif part == "buckets":
            await target.restore_buckets("acme", await source.kept_buckets("acme"))
        else:
            await target.restore_posts("acme", await source.kept_posts("acme", None, MANY))


async def test_a_restored_store_equals_its_source(source: ProfileStore, store: ProfileStore) -> None:
    """Keys, texts, profiles, embeddings, clusters, buckets, removals and erasures are all there."""
    await restore(source, store, *PARTS)
    assert await everything(store) == await everything(source)


async def test_a_restore_may_be_made_again(source: ProfileStore, store: ProfileStore) -> None:
    """The second time nothing is added, whatever of the first came through."""
    await restore(source, store, "removals", "profiles")
    await restore(source, store, *PARTS)
    await restore(source, store, *PARTS)
    assert await everything(store) == await everything(source)


async def test_a_restored_store_goes_on(source: ProfileStore, store: ProfileStore) -> None:
    """Old posts are duplicates there, new ones count, removals take out what they take out of the source."""
    await restore(source, store, *PARTS)
    for where in (source, store):
        assert (await where.fold("acme", POSTS)).folded == 0
        assert await where.fold("acme", [post(50, 0, hours=3), post(51, 77)]) == FoldCount(2, 0)
        await where.remove("acme", [key(9), key(50)], {})
    ours, theirs = await everything(store), await everything(source)
    for one in (ours, theirs):
        one["posts"] = [(kept.post_key, kept.author_key, kept.post) for kept in one["posts"]]
    assert ours == theirs


async def test_posts_alone_are_folded(store: ProfileStore, tmp_path: Path) -> None:
    """Where nothing has expired the posts make profiles and buckets by themselves, with their own time of storing."""
    async with open_store(SqliteUrl(tmp_path / "other.db")) as source:
        await source.fold("acme", POSTS)
        posts = await source.kept_posts("acme", None, MANY)
        assert await store.restore_posts("acme", posts) == FoldCount(12, 0)
        assert await store.restore_posts("acme", posts) == FoldCount(0, 12)
        assert await everything(store) == await everything(source)


async def test_a_brand_that_lives_takes_the_posts_of_a_backup_alone(store: ProfileStore, tmp_path: Path) -> None:
    """Into a brand with posts no profile and no bucket is taken over, so its posts count once when they come."""
    async with open_store(SqliteUrl(tmp_path / "other.db")) as source:
        await source.fold("acme", POSTS)
        await store.fold("acme", [POSTS[0], post(60, 50)])
        assert await store.restore_profiles("acme", await source.kept_profiles("acme", None, MANY)) == 0
        assert await store.restore_buckets("acme", await source.kept_buckets("acme")) == 0
        await restore(source, store, *PARTS)
        await source.fold("acme", [post(60, 50)])
        assert (await everything(store))["profiles"] == (await everything(source))["profiles"]
        assert (await everything(store))["buckets"] == (await everything(source))["buckets"]


async def test_a_removal_that_came_early_does_not_make_a_brand_live(store: ProfileStore, tmp_path: Path) -> None:
    """A brand that knows a removed post alone is restored like an empty one."""
    async with open_store(SqliteUrl(tmp_path / "other.db")) as source:
        await source.fold("acme", POSTS)
        await store.remove("acme", [key(900)], {})
        await restore(source, store, *PARTS)
        for part in ("profiles", "buckets", "summary"):
            assert (await everything(store))[part] == (await everything(source))[part]


async def test_a_restore_made_again_leaves_what_came_since(source: ProfileStore, store: ProfileStore) -> None:
    """Posts that were counted after the restore stay counted, in profiles and in hours."""
    await restore(source, store, *PARTS)
    await store.fold("acme", [post(50, 0, hours=3), post(51, 77)])
    before = await everything(store)
    await restore(source, store, *PARTS)
    assert await everything(store) == before


async def test_a_backups_hours_name_nobody_who_was_erased_since(store: ProfileStore, tmp_path: Path) -> None:
    """An author who was erased after the backup was made is counted among the authors of none of its buckets."""
    async with open_store(SqliteUrl(tmp_path / "other.db")) as source:
        await source.fold("acme", POSTS)
        await store.erase(key(4))
        await restore(source, store, "profiles", "buckets", "posts")
    authors = {author for kept in await store.kept_buckets("acme") for author in numbers(kept.rollup.authors.numbers)}
    assert authors == {0, 1, 2, 3}


async def test_a_profile_from_before_a_removal_stays_away(store: ProfileStore, tmp_path: Path) -> None:
    """An older backup's profile of an author who was removed meanwhile is passed over, and so are the posts."""
    async with open_store(SqliteUrl(tmp_path / "other.db")) as source:
        await source.fold("acme", POSTS)
        await store.remove("acme", [], {key(1): LATEST - 1})
        await restore(source, store, "profiles", "posts")
    authors = {one.profile.author_key for one in await store.kept_profiles("acme", None, MANY)}
    assert authors == {key(0), key(2), key(3), key(4)}
