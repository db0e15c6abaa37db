"""Assignments of several runs over HTTP: told in pages, shown again, forgotten, swept."""

from datetime import timedelta
from pathlib import Path

import httpx
import pyarrow as pa
import pytest

from services.profiles.resources import STAGED_TIME, sweep_runs
from services.profiles.stores.database import open_store
from shared.errors import PeerRefusedError
from shared.profiles_peer import ProfilesPeer
from shared.store_url import SqliteUrl
from tests.unit.profiles.clock import SetClock
from tests.unit.profiles.posts import key, post
from tests.unit.profiles.service import delivery, profiles_app, reached

AUTHORS = 12
FIRST = {key(author): author % 2 for author in range(AUTHORS)}
SECOND = {key(author): 7 for author in range(AUTHORS)}


@pytest.fixture
async def peer(client: httpx.AsyncClient) -> ProfilesPeer:
    """Return a peer whose service has twelve authors and two published runs, the second shown."""
    await client.post("/v1/brands/acme/posts", json=delivery([post(number, number) for number in range(AUTHORS)]))
    told = ProfilesPeer("profiles", "http://profiles", client)
    for run_id, clusters in (("run-1", FIRST), ("run-2", SECOND)):
        await told.stage("acme", run_id, "behaviour", clusters)
        assert await told.publish("acme", run_id, "behaviour", AUTHORS)
    return told


async def held(peer: ProfilesPeer, run_id: str, limit: int = 100) -> dict[str, int]:
    """Return the assignments of a run, page by page."""
    found: list[tuple[str, int]] = []
    cursor: str | None = None
    while True:
        content, cursor = await peer.assignments("acme", run_id, limit, cursor)
        with pa.ipc.open_stream(content) as stream:
            table = stream.read_all()
        assert {field.name: str(field.type) for field in table.schema} == {"author_key": "string", "cluster": "int64"}
        found += zip(table["author_key"].to_pylist(), table["cluster"].to_pylist(), strict=True)
        if cursor is None:
            assert [author for author, _ in found] == sorted({author for author, _ in found})
            return dict(found)


async def shown(peer: ProfilesPeer) -> dict[str, int]:
    """Return the published clusters."""
    return (await peer.assigned("acme", "behaviour", 100, None))[0]


@pytest.mark.parametrize("limit", [5, 6, 100])
async def test_runs_can_be_compared(peer: ProfilesPeer, limit: int) -> None:
    """The assignments of each kept run come in pages by author."""
    assert (await held(peer, "run-1", limit), await held(peer, "run-2", limit)) == (FIRST, SECOND)


async def test_an_earlier_run_is_shown_again(peer: ProfilesPeer) -> None:
    """By publishing it once more, though an author of it was erased since."""
    await peer.erase(key(0))
    assert await peer.publish("acme", "run-1", "behaviour", AUTHORS)
    left = {author: cluster for author, cluster in FIRST.items() if author != key(0)}
    assert (await shown(peer), await held(peer, "run-1")) == (left, left)
    assert not await peer.publish("acme", "run-9", "behaviour", AUTHORS)


async def test_authors_are_added_to_the_published_run(peer: ProfilesPeer) -> None:
    """What is sent of it is shown at once."""
    changed = {key(author): 8 for author in range(6)}
    assert await peer.stage("acme", "run-2", "behaviour", {**changed, key(99): 8}) == 6
    assert await shown(peer) == SECOND | changed
    assert await held(peer, "run-2") == SECOND | changed


async def test_a_run_is_forgotten(peer: ProfilesPeer) -> None:
    """It is not found any more; of the published one nothing is shown; forgetting it again does nothing."""
    for _ in range(2):
        await peer.forget_assignments("acme", "run-1")
    await peer.forget_assignments("bolt", "run-1")
    with pytest.raises(PeerRefusedError) as refused:
        await peer.assignments("acme", "run-1", 10, None)
    assert refused.value.status == 404
    assert await shown(peer) == SECOND
    await peer.forget_assignments("acme", "run-2")
    assert await shown(peer) == {}


async def test_so_many_runs_are_kept_as_is_set(tmp_path: Path) -> None:
    """With a setting of one, the run before is gone once another is shown."""
    async with reached(profiles_app(tmp_path, kept_runs=1)) as client:
        await client.post("/v1/brands/acme/posts", json=delivery([post(1, 1)]))
        peer = ProfilesPeer("profiles", "http://profiles", client)
        for run_id in ("run-1", "run-2"):
            await peer.stage("acme", run_id, "behaviour", {key(1): 0})
            await peer.publish("acme", run_id, "behaviour", 1)
        assert await held(peer, "run-2") == {key(1): 0}
        with pytest.raises(PeerRefusedError):
            await held(peer, "run-1")


@pytest.mark.parametrize("parameters", [{"limit": "0"}, {"limit": "100001"}, {"cursor": "x"}, {"basis": "behaviour"}])
async def test_bad_questions_are_named(
    client: httpx.AsyncClient, peer: ProfilesPeer, parameters: dict[str, str]
) -> None:
    """422 that names the parameter."""
    assert await held(peer, "run-1")
    answer = await client.get("/v1/brands/acme/assignments/run-1", params=parameters)
    assert answer.status_code == 422
    assert next(iter(parameters)) in str(answer.json()["errors"])


async def test_what_was_staged_and_never_published_is_swept(tmp_path: Path) -> None:
    """After a day, by the clock of the service."""
    clock = SetClock()
    async with open_store(SqliteUrl(tmp_path / "profiles.db"), clock) as store:
        await store.fold("acme", [post(1, 1)])
        await store.stage("acme", "behaviour", "run-1", {key(1): 0})
        clock.advance(STAGED_TIME)
        await sweep_runs(store, clock)
        assert len(await store.assigned_runs("acme")) == 1
        clock.advance(timedelta(seconds=1))
        await sweep_runs(store, clock)
        assert await store.assigned_runs("acme") == []
