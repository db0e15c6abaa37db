"""What the MongoDB store promises beside the contract: transactions that meet, stop half-way or are refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from services.profiles.listing import ClusterFilter, Listing, Order, Sort
from services.profiles.stores import mongo_listing, mongo_turns
from services.profiles.stores.base import FoldCount, ProfileStore, RemovalCount
from services.profiles.stores.mongo import MongoProfileStore
from services.profiles.stores.mongo_reads import SHARDS
from services.profiles.stores.mongo_turns import LEASE, Turns
from shared.errors import InputError, PeerUnavailableError, SettingsError
from shared.mongo import MongoDatabase, open_mongo
from shared.store_url import MongoUrl
from tests.contract.profile_crashes import Crash, Watched
from tests.contract.test_profile_store import everything, folded_once, held
from tests.contract.test_profile_store_removals import POSTS, assert_holds, remaining, through
from tests.unit.profiles.clock import SetClock
from tests.unit.profiles.posts import analysis, key, post

pytestmark = pytest.mark.mongo

GONE, AUTHORS = [key(0), key(4), key(99)], {key(1): through(3)}


@pytest.fixture
async def database(mongo_url: MongoUrl) -> AsyncIterator[MongoDatabase]:
    """Yield a fresh database with a store's indexes."""
    async with open_mongo(mongo_url) as opened:
        await MongoProfileStore(opened).prepare()
        yield opened


async def removed(store: ProfileStore, brand: str) -> None:
    """Remove posts and an author."""
    await store.remove(brand, GONE, AUTHORS)


async def folded(store: ProfileStore, brand: str) -> None:
    """Deliver posts that overlap with those that are there."""
    await store.fold(brand, [*POSTS, post(50, 1, hours=3), post(51, 77)])


async def everything_of(database: MongoDatabase, brand: str) -> dict[str, Any]:
    """Return all documents of a brand, but for the counter of writes."""
    found: dict[str, Any] = {}
    for name in ("posts", "profiles", "rollups", "totals"):
        documents = [one async for one in database[name].find({"_id": {"$regex": f"^{brand}[|]"}})]
        found[name] = sorted(({**one, "writes": 0} for one in documents), key=lambda one: str(one["_id"]))
    return found


@pytest.mark.parametrize("call", [folded, removed])
async def test_a_transaction_that_stops_half_way_leaves_nothing(
    database: MongoDatabase, call: Callable[[ProfileStore, str], Awaitable[None]]
) -> None:
    """Before or after any of its writes, as long as it has not committed."""
    store, step, happened = MongoProfileStore(database), 0, True
    while happened:
        brand, crash = f"acme-{step}", Crash(step)
        await store.fold(brand, POSTS)
        before = await everything_of(database, brand)
        with suppress(PeerUnavailableError):
            await call(MongoProfileStore(Watched(database, crash)), brand)
        assert (await everything_of(database, brand) == before) == crash.happened
        await call(store, brand)
        after = [*POSTS, post(50, 1, hours=3), post(51, 77)] if call is folded else remaining(POSTS, set(GONE), AUTHORS)
        await assert_holds(store, brand, after)
        step, happened = step + 1, crash.happened
    assert step > 10


@pytest.mark.parametrize("other", [folded, removed])
async def test_what_another_process_does_in_between_is_seen(
    database: MongoDatabase, other: Callable[[ProfileStore, str], Awaitable[None]]
) -> None:
    """A transaction that another one overtakes is made again on what that left, and counted as a conflict."""
    store, happened = MongoProfileStore(database), list[str]()
    await store.fold("acme", POSTS[:5])

    async def meddle(write: str, after: bool) -> None:  # noqa: FBT001 - as Meddle
        if write == "insert_many" and not after and not happened:
            happened.append(write)
            await other(store, "acme")

    slow = MongoProfileStore(Watched(database, meddle))
    await slow.fold("acme", POSTS)
    assert slow.conflicts > 0
    late = [post(50, 1, hours=3), post(51, 77)]
    await assert_holds(store, "acme", [*POSTS, *late] if other is folded else remaining(POSTS, set(GONE), AUTHORS))


async def test_an_erasure_and_a_fold_that_do_not_see_each_other_meet(database: MongoDatabase) -> None:
    """A fold whose snapshot is older than the tombstone is made again, and then leaves the author out."""
    store = MongoProfileStore(database)
    await store.fold("acme", POSTS)
    erasing: list[asyncio.Task[Any]] = []

    async def meddle(write: str, after: bool) -> None:  # noqa: FBT001 - as Meddle
        if write == "insert_many" and not after and not erasing:
            erasing.append(asyncio.create_task(MongoProfileStore(database).erase(key(77))))
            await asyncio.wait(erasing)

    slow = MongoProfileStore(Watched(database, meddle))
    assert await slow.fold("acme", [post(50, 77), post(51, 78)]) == FoldCount(1, 1)
    assert slow.conflicts > 0
    await assert_holds(store, "acme", [*POSTS, post(51, 78)])
    assert await store.counted("acme", [key(50)]) == set()


@pytest.mark.parametrize("shards", [1, SHARDS])
async def test_many_stores_fill_one_brand_at_once(
    database: MongoDatabase, monkeypatch: pytest.MonkeyPatch, shards: int
) -> None:
    """Twenty deliveries of one brand at once, by processes with shards of their own or the same, lose nothing."""
    monkeypatch.setattr(mongo_turns, "SHARDS", shards)
    posts = [post(number, number % 30, hours=number % 3) for number in range(200)]
    stores = [MongoProfileStore(database) for _ in range(4)]
    counts = await asyncio.gather(*(stores[start % 4].fold("acme", posts[start::20]) for start in range(20)))
    assert [count.folded for count in counts] == [10] * 20
    await assert_holds(stores[0], "acme", posts)


async def test_each_process_has_a_shard_of_its_own_while_there_are_enough(database: MongoDatabase) -> None:
    """The first eight get one each; one that lapsed is taken over; its buckets are read as one with the others."""
    clock = SetClock()
    leases = [Turns(database, clock) for _ in range(SHARDS + 1)]
    numbers = [await lease.shard() for lease in leases]
    assert sorted(numbers[:SHARDS]) == list(range(SHARDS))
    assert numbers[SHARDS] in range(SHARDS)
    later = SetClock(clock.now())
    later.advance(LEASE)
    assert await Turns(database, later).shard() == 0


async def test_a_turn_that_cannot_be_taken_or_given_back_is_no_fault_of_its_own(database: MongoDatabase) -> None:
    """A store whose server goes away at any write of its turn says so, or has folded; it never raises the driver's."""
    step, happened = 0, True
    while happened:
        brand, crash = f"acme-{step}", Crash(step)
        crashing = MongoProfileStore(Watched(database, crash))
        crashing._turns.meet(brand)
        with suppress(PeerUnavailableError):
            await crashing.remove(brand, GONE, AUTHORS)
        await MongoProfileStore(database).fold(brand, POSTS)
        await MongoProfileStore(database).remove(brand, GONE, AUTHORS)
        await assert_holds(MongoProfileStore(database), brand, remaining(POSTS, set(GONE), AUTHORS))
        step, happened = step + 1, crash.happened
    assert step > 6


async def test_shards_of_an_hour_are_one_hour(database: MongoDatabase) -> None:
    """What processes add to an hour stands in documents of their own, and is read as one."""
    for shard in range(3):
        await MongoProfileStore(database).fold("acme", [post(10 * shard + number, number) for number in range(3)])
    assert await database["rollups"].count_documents({"span": "hour"}) == 3
    [hour] = await MongoProfileStore(database).rollups("acme", "hour", 0, 2**40)
    assert (hour.rollup.posts, hour.rollup.authors.authors) == (9, 3)


async def test_deliveries_that_wait_are_counted_together_and_told_apart(database: MongoDatabase) -> None:
    """A post of two that wait counts for the first; a bad delivery among them is refused alone."""
    store = MongoProfileStore(database)
    embedded = post(1, 1, analyzed=analysis(embedding=[1.0, 2.0]), embedding_version="v1")
    longer = post(2, 2, analyzed=analysis(embedding=[1.0, 2.0, 3.0]), embedding_version="v1")
    found = await asyncio.gather(
        store.fold("acme", [embedded]),
        store.fold("acme", [post(3, 3), post(4, 4)]),
        store.fold("acme", [post(4, 4), post(5, 5)]),
        store.fold("acme", [longer]),
        return_exceptions=True,
    )
    assert list(found[:3]) == [FoldCount(1, 0), FoldCount(2, 0), FoldCount(1, 1)]
    assert isinstance(found[3], InputError)
    await assert_holds(store, "acme", [embedded, post(3, 3), post(4, 4), post(5, 5)])


async def test_a_large_delivery_goes_in_pieces(database: MongoDatabase) -> None:
    """Each is a transaction of its own, and every post counts once; a bad length anywhere refuses all of it."""
    store = MongoProfileStore(database)
    posts = [post(number, number % 50, hours=number % 5) for number in range(2_100)]
    wrong = post(9_999, 1, analyzed=analysis(embedding=[1.0]), embedding_version="v1")
    right = post(9_998, 1, analyzed=analysis(embedding=[1.0, 2.0]), embedding_version="v1")
    with pytest.raises(InputError, match="post 2101"):
        await store.fold("acme", [right, *posts, wrong])
    assert not await store.has_brand("acme")
    assert await store.fold("acme", [*posts, posts[0]]) == FoldCount(2_100, 1)
    assert await held(store) == folded_once(posts)


async def test_many_posts_of_an_author_go_in_pieces(database: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """An author of more posts than a transaction takes out is removed or erased by several, completely."""
    monkeypatch.setattr(MongoProfileStore, "most_removed", 3)
    store = MongoProfileStore(database)
    posts = [post(number, number % 2, hours=number) for number in range(20)]
    for brand in ("acme", "bolt"):
        await store.fold(brand, posts)
    assert await store.remove("acme", [key(1), key(0)], {key(1): through(17)}) == RemovalCount(10, 0)
    await assert_holds(store, "acme", remaining(posts, {key(0)}, {key(1): through(17)}))
    erased = {one.brand: (one.posts, one.texts) for one in await store.erase(key(1))}
    assert (erased["acme"], erased["bolt"]) == ((1, 1), (10, 10))
    await assert_holds(store, "bolt", posts[::2])
    assert {one.post_key for one in await store.kept_posts("bolt", None, 100)} == {one.post_key for one in posts[::2]}


async def test_a_server_that_is_away_can_be_asked_again(database: MongoDatabase) -> None:
    """A fold that loses its server is refused as unavailable, without a word of what was in it."""
    with pytest.raises(PeerUnavailableError, match="does not answer; send it again"):
        await MongoProfileStore(Watched(database, Crash(0))).fold("acme", POSTS)


async def test_two_processes_agree_on_the_length_of_a_version(database: MongoDatabase) -> None:
    """Where two first deliveries of a version differ in its length one of them is refused, and counts nothing."""
    first = post(1, analyzed=analysis(embedding=[1.0, 2.0]), embedding_version="v9")
    second = post(2, analyzed=analysis(embedding=[1.0, 2.0, 3.0]), embedding_version="v9")
    done: list[FoldCount] = []

    async def meddle(write: str, after: bool) -> None:  # noqa: FBT001 - as Meddle
        if write == "insert_many" and not after and not done:
            done.append(await MongoProfileStore(database).fold("acme", [first]))

    with pytest.raises(InputError, match="post 0 has 3 numbers; those of version v9 have 2"):
        await MongoProfileStore(Watched(database, meddle)).fold("acme", [second])
    await assert_holds(MongoProfileStore(database), "acme", [first])


@pytest.mark.parametrize("sort", list(Sort))
async def test_a_large_cluster_is_listed_like_a_small_one(
    database: MongoDatabase, monkeypatch: pytest.MonkeyPatch, sort: Sort
) -> None:
    """Whether its profiles are looked up by name or the list is walked, pages hold the same, in the same order."""
    store = MongoProfileStore(database)
    posts = [post(number, number % 40, hours=number, analyzed=analysis(number % 7 / 6)) for number in range(90)]
    await store.fold("acme", posts)
    await store.stage("acme", "behaviour", "run-1", {key(author): author % 3 for author in range(40)})
    await store.publish("acme", "behaviour", "run-1", 40)
    listing = Listing("acme", 4, sort, Order.DESC, cluster=ClusterFilter("behaviour", 1))
    by_name = await everything(store, listing)
    monkeypatch.setattr(mongo_listing, "SMALL_CLUSTER", 3)
    monkeypatch.setattr(mongo_listing, "WALKED", 5)
    assert await everything(store, listing) == by_name
    assert len(by_name) == 13


async def test_a_store_of_an_earlier_kind_is_refused(database: MongoDatabase) -> None:
    """A sentence says how to take what is in it along, and nothing is changed."""
    await database["meta"].update_one({"_id": "schema"}, {"$set": {"version": 2}})
    with pytest.raises(SettingsError, match=r"without transactions: export .* with that version"):
        await MongoProfileStore(database).prepare()
    await database["meta"].delete_many({})
    await database["posts"].insert_one({"_id": "acme|1", "state": "counted"})
    with pytest.raises(SettingsError, match="earlier version"):
        await MongoProfileStore(database).prepare()
    await database["meta"].insert_one({"_id": "schema", "version": 99})
    with pytest.raises(SettingsError, match="later version"):
        await MongoProfileStore(database).prepare()
