"""The contract of `BrandStore`, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.brands.brand import BrandSettings, StoredBrand
from services.ingest.brands.store import BRANDS, BrandStore
from shared.documents.backend import open_documents
from shared.errors import NotFoundError
from shared.store_url import MongoUrl, SqliteUrl

Replica = Callable[[], AbstractAsyncContextManager[BrandStore]]
NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
FULL = BrandSettings.model_validate(
    {
        "display_name": "Aerolume ✈️",
        "handles": {"x": ["aerolume"], "mastodon": ["air@a.social"]},
        "keywords": ["aerolume", 'jaguar (car OR "test drive") -zoo', "全日空"],
        "hashtags": ["avgeek"],
        "exclusions": ["lost bag"],
        "languages": ["en", "ja"],
        "own_accounts": {"bluesky": ["did:plc:own"]},
        "reposts": "count",
        "feeds": [{"url": "https://example.com/$feed.xml", "everything": True}],
    }
)


@asynccontextmanager
async def opened(url: SqliteUrl | MongoUrl) -> AsyncIterator[BrandStore]:
    """Open the store that `url` names."""
    async with open_documents(url, (BRANDS,)) as documents:
        yield BrandStore(documents)


@pytest.fixture
def replica(store_url: SqliteUrl | MongoUrl) -> Replica:
    """Return how to open the same store once more, as another process would."""
    return lambda: opened(store_url)


@pytest.fixture
async def store(replica: Replica) -> AsyncIterator[BrandStore]:
    """Yield an empty store."""
    async with replica() as one:
        yield one


async def test_a_brand_comes_back_as_it_was_put(store: BrandStore) -> None:
    """Settings, version and moment are the same, and so is what `put` returned."""
    kept = await store.put("aerolume", FULL, NOW)
    assert kept == StoredBrand(brand="aerolume", version=1, updated_at=NOW, settings=FULL)
    assert await store.find("aerolume") == kept


async def test_each_put_replaces_everything(store: BrandStore) -> None:
    """Versions rise by one; nothing is left of the settings before; other brands are not touched."""
    other = await store.put("other", FULL, NOW)
    await store.put("aerolume", FULL, NOW)
    later = NOW + timedelta(hours=1)
    kept = await store.put("aerolume", BrandSettings(keywords=["new"]), later)
    assert (kept.version, kept.updated_at, kept.settings) == (2, later, BrandSettings(keywords=["new"]))
    assert await store.find("aerolume") == kept
    assert await store.find("other") == other


async def test_a_brand_stays_when_the_store_is_opened_again(replica: Replica) -> None:
    """What was put is durable, and another replica finds it and goes on with its versions."""
    async with replica() as store:
        kept = await store.put("aerolume", FULL, NOW)
    async with replica() as store:
        assert await store.find("aerolume") == kept
        assert (await store.put("aerolume", FULL, NOW)).version == 2


async def test_of_puts_at_once_none_is_lost(replica: Replica) -> None:
    """Two replicas that put the same new brand many times at once: each put gets a version of its own."""
    async with replica() as one, replica() as other:
        puts = [
            store.put("aerolume", BrandSettings(display_name=f"{turn}"), NOW)
            for turn in range(10)
            for store in (one, other)
        ]
        kept = await asyncio.gather(*puts)
        assert sorted(found.version for found in kept) == list(range(1, 21))
        assert await one.find("aerolume") == max(kept, key=lambda found: found.version)


async def test_a_brand_that_was_not_declared_is_not_found(store: BrandStore) -> None:
    """The sentence names it and says what declares it."""
    with pytest.raises(NotFoundError, match="brand 'aerolume' is not declared; PUT"):
        await store.find("aerolume")


async def test_versions_are_told_of_those_that_are_there(store: BrandStore) -> None:
    """Each known brand that was asked for has its version, and no other is named."""
    await store.put("one", FULL, NOW)
    await store.put("two", FULL, NOW)
    await store.put("two", FULL, NOW)
    await store.put("three", FULL, NOW)
    assert await store.versions(["one", "two", "four"]) == {"one": 1, "two": 2}
    assert await store.versions([]) == {}


async def test_pages_follow_one_another_by_name(store: BrandStore) -> None:
    """Pages hold every brand once, in the order of its bytes, also where brands come meanwhile."""
    names = ["a", "a-1", "a1", "b", "zz"]
    for name in reversed(names):
        await store.put(name, FULL, NOW)
    first = await store.page(after="", limit=2)
    await store.put("0", FULL, NOW)
    second = await store.page(after=first[-1].brand, limit=10)
    assert [found.brand for found in first + second] == names
    assert await store.page(after="zz", limit=2) == []
