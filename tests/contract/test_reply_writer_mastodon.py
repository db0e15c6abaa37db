"""Replies on Mastodon keep the contract of a writer."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from typing_extensions import override

from services.ingest.sources.mastodon.writer import MastodonWriter
from services.ingest.sources.settings import MastodonSettings
from tests.contract.reply_writer_contract import AnsweredPlatform, Fault, ReplyWriterContract
from tests.servers.mastodon_home import REPLY_TOKEN, MastodonHome
from tests.servers.ordered import Order
from tests.unit.ingest.virtual_clock import VirtualClock


class AnsweredMastodon(AnsweredPlatform):
    """A server where posts are read and answered."""

    variable = "MASTODON_REPLY_TOKEN"
    knows_keys = True
    secrets = (REPLY_TOKEN,)

    def __init__(self, server: MastodonHome, clock: VirtualClock) -> None:
        """Reply on `server`."""
        self.clock = clock
        self.server = server
        self.opened: list[MastodonWriter] = []

    @override
    async def writer(self, *, is_known: bool = True) -> MastodonWriter:
        token = SecretStr(REPLY_TOKEN if is_known else "another-token")
        settings = MastodonSettings(_env_file=None, mastodon_url=self.server.url, mastodon_reply_token=token)
        self.opened.append(MastodonWriter(settings, self.clock))
        return self.opened[-1]

    @override
    async def publish(self, text: str) -> str:
        return f"{self.server.publish(text)['id']}@{self.server.name}"

    @override
    async def remove(self, post_id: str) -> None:
        del self.server.statuses[post_id.partition("@")[0]]

    @override
    def order(self, fault: Fault) -> None:
        self.server.order("write", Order(fault, headers={"retry-after": "90"}))

    @override
    async def stop(self) -> None:
        await self.server.close()

    @property
    @override
    def written(self) -> list[tuple[str, str]]:
        return [(f"{one['in_reply_to_id']}@{self.server.name}", one["status"]) for one in self.server.written]

    @property
    @override
    def writes(self) -> int:
        return self.server.requests["write"]


@pytest.fixture
async def platform(clock: VirtualClock) -> AsyncIterator[AnsweredMastodon]:
    """Run a server."""
    async with MastodonHome(clock.now) as server:
        answered = AnsweredMastodon(server, clock)
        yield answered
        for writer in answered.opened:
            await writer.aclose()


class TestMastodonWriter(ReplyWriterContract):
    """`MastodonWriter`."""
