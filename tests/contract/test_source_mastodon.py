"""Mastodon's public stream and its hashtag timelines keep the contract of a source."""

import json
from collections.abc import AsyncIterator, Sequence

import pytest
from pydantic import SecretStr

from services.ingest.sources.mastodon.source import MastodonHashtags, MastodonStream
from services.ingest.sources.settings import MastodonSettings
from tests.contract.source_contract import SourceContract
from tests.contract.source_network import Network
from tests.servers.mastodon import TOKEN, Mastodon
from tests.servers.served import ServedNetwork
from tests.unit.ingest.sources.queries import everything


class MastodonNetwork(ServedNetwork):
    """A server's public stream."""

    removes = True
    secrets = (TOKEN,)
    server: Mastodon

    @property
    def settings(self) -> MastodonSettings:
        """Return settings that lead to the server."""
        return MastodonSettings(mastodon_url=self.server.url, mastodon_access_token=SecretStr(TOKEN))

    def source(self) -> MastodonStream | MastodonHashtags:
        """See `Network.source`."""
        return MastodonStream(self.settings, everything("mastodon"), self.report, self.clock)

    async def publish(self, texts: Sequence[str]) -> list[str]:
        """See `Network.publish`."""
        host = self.server.url.removeprefix("http://")
        return [f"{self.server.post(text)}@{host}" for text in texts]

    async def remove(self, post_id: str) -> None:
        """See `Network.remove`."""
        self.server.send("delete", post_id.partition("@")[0])

    async def refuse(self) -> None:
        """See `Network.refuse`."""
        await self.server.answer(401, {}, b'{"error": "The access token is invalid"}')

    async def garbage(self) -> None:
        """See `Network.garbage`."""
        whole = json.dumps({"event": "update", "payload": json.dumps(self.server.status("<p>x</p>"))}).encode()
        values = [[], 7, None, {}, {"event": 7}, {"event": "update"}, {"event": "update", "payload": "[]"}]
        values += [{"event": "delete", "payload": {"id": 1}}, {"event": "delete"}, {"event": "a new kind"}]
        values += [{"event": "update", "payload": json.dumps(odd)} for odd in self.odd_statuses()]
        for message in [
            *(json.dumps(value).encode() for value in values),
            b"",
            whole[:-9],
            b"\xff\xfe",
            b"[" * 100_000,
        ]:
            self.server.send_raw(message)
        self.server.send("update", json.dumps(self.server.status("x" * 2**20)))

    def odd_statuses(self) -> list[object]:
        """Return what is no status, each in its own way."""
        server = self.server
        return [
            7,
            None,
            server.status("<p>x</p>", id=None),
            server.status("<p>x</p>", id={"a": 1}),
            server.status("<p>x</p>", account=None),
            server.status("<p>x</p>", account={"acct": ""}),
            server.status("<p>x</p>", created_at="soon"),
            server.status(None),
        ]


class HashtagNetwork(MastodonNetwork):
    """A server's hashtag timelines, polled."""

    removes = False
    pushes = False

    def source(self) -> MastodonHashtags:
        """See `Network.source`."""
        return MastodonHashtags(self.settings, everything("mastodon"), self.report, self.clock)

    async def garbage(self) -> None:
        """See `Network.garbage`."""
        self.server.odd_items = self.odd_statuses()


@pytest.fixture(params=[MastodonNetwork, HashtagNetwork], ids=["stream", "hashtags"])
async def network(request: pytest.FixtureRequest) -> AsyncIterator[Network]:
    """Yield a Mastodon server."""
    network: MastodonNetwork = request.param()
    network.server = Mastodon(network.connected, network.clock.now, is_polled=not network.pushes)
    async with network.server:
        yield network


class TestMastodon(SourceContract):
    """See `SourceContract`."""
