"""Posts are counted once, whatever dies: the server, the process that folds, or the answer to a commit."""

import asyncio
import random
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.profiles.stores.base import FoldCount, ProfileStore
from services.profiles.stores.mongo import MongoProfileStore
from shared.errors import OverloadedError, PeerUnavailableError
from shared.mongo import open_mongo
from shared.store_url import MongoUrl
from tests.contract.folding_process import BATCHES
from tests.contract.test_profile_store_removals import assert_holds
from tests.servers.mongo import MongoServer
from tests.servers.wire import Message, WireProxy, wire_proxy
from tests.unit.profiles.posts import key

pytestmark = pytest.mark.mongo

KILLS = 2
POSTS = [one for batch in BATCHES for one in batch]
LEFT = [one for one in POSTS if one.author_key != key(1)]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    """Yield a server of these tests' own, which they may kill."""
    made = MongoServer(tmp_path_factory.mktemp("mongo"), durable=True)
    made.start()
    yield made
    made.stop()


@pytest.fixture
async def proxy(server: MongoServer) -> AsyncIterator[WireProxy]:
    """Yield a proxy before the server."""
    async with wire_proxy(server.url) as made:
        yield made


@pytest.fixture
async def url(proxy: WireProxy) -> MongoUrl:
    """Return an empty database, to be reached through the proxy."""
    return MongoUrl(proxy.url, f"crashes_{uuid.uuid4().hex}")


@pytest.fixture
async def store(url: MongoUrl) -> AsyncIterator[ProfileStore]:
    """Yield a store that reaches the server through the proxy."""
    async with open_mongo(url) as opened:
        made = MongoProfileStore(opened)
        await made.prepare()
        yield made


async def until_answered(store: ProfileStore, batch: int) -> None:
    """Deliver a batch, again as it was where the store could not answer."""
    while True:
        try:
            await store.fold("acme", BATCHES[batch])
        except (PeerUnavailableError, OverloadedError):
            continue
        return


@pytest.mark.parametrize("seed", range(2))
async def test_the_server_may_be_killed_at_any_moment(
    server: MongoServer, proxy: WireProxy, store: ProfileStore, seed: int
) -> None:
    """It comes back with whole deliveries or without them, and the same deliveries made again complete them."""
    dice = random.Random(seed)  # noqa: S311 - a seeded schedule
    left, kills = dice.randint(5, 40), 0
    restarting = asyncio.Lock()

    async def kill(_message: Message) -> bool:
        nonlocal left, kills
        async with restarting:
            left -= 1
            if left or kills == KILLS:
                return True
            left, kills = dice.randint(5, 40), kills + 1
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        proxy.hang_up()
        return False

    proxy.watch = kill
    for batch in range(len(BATCHES)):
        await until_answered(store, batch)
    await store.remove("acme", [], {key(1): 2**40})
    assert kills == KILLS
    await assert_holds(store, "acme", LEFT)
    assert await store.fold("acme", POSTS) == FoldCount(0, len(POSTS))


@pytest.mark.parametrize("seed", range(2))
async def test_the_process_that_folds_may_be_killed_at_any_moment(
    proxy: WireProxy, url: MongoUrl, store: ProfileStore, seed: int
) -> None:
    """What it left is whole deliveries; the next process makes the others, and counts nothing twice."""
    dice = random.Random(seed)  # noqa: S311 - a seeded schedule
    left = dice.randint(40, 160)
    command = [sys.executable, "-m", "tests.contract.folding_process", url.url, url.database]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)

    async def kill(_message: Message) -> bool:
        nonlocal left
        left -= 1
        if left == 0:
            process.kill()
        return left > 0

    proxy.watch = kill
    await process.wait()
    proxy.watch = WireProxy(proxy.url).watch
    known = await store.counted("acme", [one.post_key for one in POSTS])
    counted = [batch for batch in BATCHES if {one.post_key for one in batch} & known]
    assert {one.post_key for batch in counted for one in batch} == known
    await assert_holds(store, "acme", [one for batch in counted for one in batch])
    for batch in range(len(BATCHES)):
        await until_answered(store, batch)
    await assert_holds(store, "acme", POSTS)


async def test_a_commit_whose_answer_is_lost_is_asked_for_again(proxy: WireProxy, store: ProfileStore) -> None:
    """The caller is told what its delivery counted, which is in the store once; so of a removal and an erasure."""
    lost, seen = 0, False

    async def lose(message: Message) -> bool:
        nonlocal lost, seen
        if b"txnNumber" not in message:
            return True
        commits, before = b"commitTransaction" in message, seen
        seen = commits
        if not commits or before:
            return True
        lost += 1
        return False

    proxy.watch = lose
    assert await store.fold("acme", POSTS) == FoldCount(len(POSTS), 0)
    assert (await store.remove("acme", [], {key(1): 2**40})).removed == len(POSTS) - len(LEFT)
    await store.erase(key(2))
    assert lost > 3
    proxy.watch = WireProxy(proxy.url).watch
    await assert_holds(store, "acme", [one for one in LEFT if one.author_key != key(2)])
