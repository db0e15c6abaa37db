"""Bluesky's stream keeps the contract of a source."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from services.ingest.sources.bluesky.source import BlueskyStream
from services.ingest.sources.settings import BlueskySettings
from tests.contract.source_contract import SourceContract
from tests.contract.source_network import Network
from tests.servers.jetstream import AUTHOR, POSTS, Jetstream
from tests.servers.served import ServedNetwork, served
from tests.unit.ingest.sources.queries import everything


class BlueskyNetwork(ServedNetwork):
    """Jetstream, with a brand that every post names."""

    removes = True
    server: Jetstream

    def source(self) -> BlueskyStream:
        """See `Network.source`."""
        settings = BlueskySettings(
            bluesky_jetstream_url=self.server.url.replace("http", "ws") + "/subscribe",
            bluesky_appview_url=self.server.url,
        )
        return BlueskyStream(settings, everything("bluesky"), self.report, self.clock)

    async def publish(self, texts: Sequence[str]) -> list[str]:
        """See `Network.publish`."""
        return [self.server.post(text, tags=["everything"]) for text in texts]

    async def remove(self, post_id: str) -> None:
        """See `Network.remove`."""
        self.server.commit("delete", post_id.rpartition("/")[2])

    async def refuse(self) -> None:
        """See `Network.refuse`."""
        await self.server.answer(404, {}, b"no such page")

    async def garbage(self) -> None:
        """See `Network.garbage`."""
        for message in unreadable(self.server.next_us()):
            self.server.send(message)


def unreadable(time_us: int) -> list[bytes]:
    """Return messages that Jetstream should never send."""

    def event(**fields: Any) -> dict[str, Any]:
        return {"did": AUTHOR, "time_us": time_us, "kind": "commit", **fields}

    def commit(**fields: Any) -> dict[str, Any]:
        whole = {"operation": "create", "collection": POSTS, "rkey": "x", "record": {"text": "x"}}
        return event(commit=whole | fields)

    values: list[Any] = [
        [],
        7,
        None,
        {},
        event(),
        event(did=None),
        event(did="x"),
        event(time_us="1"),
        event(time_us=10**30),
        event(time_us=-1),
        event(kind=[]),
        event(kind="account", account=None),
        commit(rkey=None),
        commit(rkey=""),
        commit(record=None),
        commit(record={"text": None}),
        commit(record={"text": 7, "unknown": {"field": 1}}),
    ]
    whole = json.dumps(commit()).encode()
    return [
        *(json.dumps(value).encode() for value in values),
        b"",
        whole[:-9],
        b"\xff\xfe\x00",
        whole.replace(b'"x"', b'"\xc3\x28"'),
        b"[" * 100_000,
        json.dumps(commit(record={"text": "x" * 2**20})).encode(),
    ]


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    """Yield a Jetstream."""
    async with served(BlueskyNetwork(), Jetstream) as network:
        yield network


class TestBluesky(SourceContract):
    """See `SourceContract`."""
