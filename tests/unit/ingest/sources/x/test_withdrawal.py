"""Rules at X go with a stream that is paused or deleted, whichever replica is there, and however long X is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from sandbox.sandbox import Sandbox
from services.ingest.brands.brand import BrandSettings
from services.ingest.pipeline import Receipt
from services.ingest.settings import IngestSettings
from services.ingest.source_registry import SourceRegistry
from services.ingest.sources.base import CredentialError, LeftBehindError
from services.ingest.sources.feed.parser import FeedParser
from services.ingest.sources.x.source import WITHDRAW_SECONDS, withdraw_rules
from services.ingest.store import IngestStore, open_store
from services.ingest.streams.progress import StreamMetrics
from services.ingest.streams.runtime import StreamRuntime
from services.ingest.streams.stream import StreamKind, StreamState
from services.ingest.streams.stream_control import StreamControl
from services.ingest.streams.supervisor import Supervisor
from services.ingest.vault.cipher import Cipher
from shared.store_url import SqliteUrl
from tests.unit.ingest.sources.x.surroundings import TwoClocks, settings_for

OTHERS = "of-another-client"


def rules_of(sandbox: Sandbox) -> set[str]:
    """Return the values of the app's rules."""
    return {rule["value"] for rule in sandbox.rules.written().get("data", [])}


class Replicas:
    """Processes that share a store and listen to the sandbox; each can be ended by itself."""

    def __init__(self, store: IngestStore, sandbox: Sandbox, clock: TwoClocks) -> None:
        """Begin without one."""
        self.store, self.clock = store, clock
        secrets = settings_for(sandbox).model_dump(include={"x_sandbox", "x_sandbox_ca", "x_bearer_token"})
        self.sources = SourceRegistry(IngestSettings(_env_file=None, **secrets), store.spend, clock, FeedParser())
        self.running: list[AsyncExitStack] = []

    def _supervisor(self) -> Supervisor:
        async def deliver(_: str, posts: Any) -> Receipt:
            return Receipt(accepted=len(posts), duplicates=0, rejected=[])

        async def remove(_: str, removals: Any) -> int:
            return len(removals)

        metrics, cipher = StreamMetrics(CollectorRegistry()), Cipher(b"k" * 32)
        runtime = StreamRuntime(
            self.store.streams, self.store.brands, self.sources, deliver, remove, cipher, self.clock, metrics
        )
        return Supervisor(runtime, 8)

    def control(self) -> StreamControl:
        """Return the routes' view of a replica that holds no stream."""
        return StreamControl(self.store.streams, self.store.brands, self.sources, self._supervisor(), self.clock)

    async def start(self) -> None:
        """Start one more."""
        stack = AsyncExitStack()
        await stack.enter_async_context(self._supervisor().running())
        self.running.append(stack)

    async def stop(self) -> None:
        """End them all, properly."""
        while self.running:
            await self.running.pop().aclose()


@pytest.fixture
async def replicas(tmp_path: Path, sandbox: Sandbox, clock: TwoClocks) -> AsyncIterator[Replicas]:
    """Yield replicas of one store, whose app has a rule of another client."""
    sandbox.rules.change({"add": [{"value": OTHERS, "tag": "voxpop:aerolumeplus:1"}]})
    async with open_store(SqliteUrl(tmp_path / "ingest.db")) as store:
        await store.brands.put("aerolume", BrandSettings(keywords=["aerolume"]), clock.now())
        made = Replicas(store, sandbox, clock)
        yield made
        await made.stop()


async def abandoned(replicas: Replicas, sandbox: Sandbox) -> str:
    """Return a stream whose rules are at X, and which no replica has."""
    stream, _ = await replicas.control().start(StreamKind.STREAM, "aerolume", "x", {})
    await replicas.start()
    await replicas.clock.until(lambda: len(rules_of(sandbox)) > 1 and bool(sandbox.connections), step=1.0)
    await replicas.stop()
    assert len(rules_of(sandbox)) > 1
    return stream.stream_id


@pytest.mark.parametrize("goes", ["paused", "deleted"])
async def test_rules_go_while_no_replica_has_the_stream(replicas: Replicas, sandbox: Sandbox, goes: str) -> None:
    """The next replica that runs takes them away, others' stay, and no post is read for it."""
    stream_id = await abandoned(replicas, sandbox)
    control, searches = replicas.control(), sandbox.requests["search"]
    await (control.pause(stream_id) if goes == "paused" else control.delete(stream_id))
    await replicas.start()
    await replicas.clock.until(lambda: rules_of(sandbox) == {OTHERS}, step=1.0)
    await replicas.clock.advance(30)
    assert sandbox.requests["search"] == searches
    assert sandbox.requests["connect"] == 1
    assert await replicas.store.streams.withdrawals(replicas.clock.now(), 9) == []


async def test_rules_go_once_x_answers(replicas: Replicas, sandbox: Sandbox) -> None:
    """However long that takes, over restarts; meanwhile the stream says what is left, and that it is paused."""
    stream_id = await abandoned(replicas, sandbox)
    sandbox.faults.stand("rules", "html-503")
    await replicas.control().pause(stream_id)
    for _ in range(2):
        await replicas.start()
        await replicas.clock.advance(120)
        await replicas.stop()
    stream = await replicas.store.streams.find(stream_id)
    assert stream.state_at(replicas.clock.now()) is StreamState.PAUSED
    assert "still at X" in (stream.progress.last_error or "")
    assert 4 <= sandbox.requests["rules"] <= 40
    assert len(rules_of(sandbox)) > 1
    sandbox.faults.clear()
    await replicas.start()
    await replicas.clock.until(lambda: rules_of(sandbox) == {OTHERS}, step=1.0)


async def test_a_stream_that_is_resumed_has_its_rules(replicas: Replicas, sandbox: Sandbox) -> None:
    """Paused and resumed between two processes, or resumed after its rules went: they are there once it listens."""
    stream_id = await abandoned(replicas, sandbox)
    rules = rules_of(sandbox)
    await replicas.control().pause(stream_id)
    await replicas.start()
    await replicas.clock.until(lambda: rules_of(sandbox) == {OTHERS}, step=1.0)
    await replicas.control().resume(stream_id)
    await replicas.clock.until(lambda: len(sandbox.connections) == 1, step=1.0)
    assert rules_of(sandbox) == rules
    await replicas.stop()
    await replicas.control().pause(stream_id)
    await replicas.control().resume(stream_id)
    await replicas.start()
    await replicas.clock.until(lambda: len(sandbox.connections) == 1, step=1.0)
    await replicas.clock.advance(60)
    assert rules_of(sandbox) == rules


async def test_a_stream_that_is_deleted_and_made_again_keeps_its_rules(replicas: Replicas, sandbox: Sandbox) -> None:
    """The new stream's rules are the deleted one's: they are not taken away under it."""
    stream_id = await abandoned(replicas, sandbox)
    rules = rules_of(sandbox)
    await replicas.control().delete(stream_id)
    await replicas.control().start(StreamKind.STREAM, "aerolume", "x", {})
    await replicas.start()
    await replicas.clock.until(lambda: len(sandbox.connections) == 1, step=1.0)
    await replicas.clock.advance(60)
    assert rules_of(sandbox) == rules


async def test_a_running_stream_takes_its_rules_with_it(replicas: Replicas, sandbox: Sandbox) -> None:
    """Its owner does it, once its connection is closed, though another replica was asked to pause it."""
    stream, _ = await replicas.control().start(StreamKind.STREAM, "aerolume", "x", {})
    await replicas.start()
    await replicas.start()
    await replicas.clock.until(lambda: len(rules_of(sandbox)) > 1 and bool(sandbox.connections), step=1.0)
    await replicas.control().pause(stream.stream_id)
    await replicas.clock.until(lambda: rules_of(sandbox) == {OTHERS}, step=1.0)
    await replicas.clock.advance(60)
    assert not sandbox.connections
    assert rules_of(sandbox) == {OTHERS}


@pytest.mark.parametrize("kind", ["silence", "html-503", "rate-limit", "hang-up"])
async def test_rules_that_cannot_be_deleted_now_are_told(sandbox: Sandbox, clock: TwoClocks, kind: Any) -> None:
    """Within seconds, with what X asks to wait."""
    sandbox.faults.stand("rules", kind)
    settings = settings_for(sandbox)
    withdrawing = asyncio.ensure_future(withdraw_rules(settings, "brand", clock))
    await clock.until(withdrawing.done, step=1.0, limit=WITHDRAW_SECONDS + 2)
    with pytest.raises(LeftBehindError, match="still at X") as raised:
        withdrawing.result()
    assert (raised.value.wait > 0) is (kind == "rate-limit")
    assert clock.sleepers == 0


async def test_a_wrong_token_is_for_a_person(sandbox: Sandbox, clock: TwoClocks) -> None:
    """The sentence names its variable."""
    sandbox.faults.stand("rules", "unauthorized")
    with pytest.raises(CredentialError, match="X_BEARER_TOKEN"):
        await withdraw_rules(settings_for(sandbox), "brand", clock)
