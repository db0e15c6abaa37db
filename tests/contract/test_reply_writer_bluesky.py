"""Replies on Bluesky keep the contract of a writer."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from typing_extensions import override

from services.ingest.sources.bluesky.writer import BlueskyWriter
from services.ingest.sources.settings import BlueskySettings
from tests.contract.reply_writer_contract import AnsweredPlatform, Fault, ReplyWriterContract
from tests.servers.ordered import Order
from tests.servers.pds import APP_PASSWORD, IDENTIFIER, Pds
from tests.unit.ingest.virtual_clock import VirtualClock


class AnsweredBluesky(AnsweredPlatform):
    """The account's server, which shows all posts."""

    variable = "BLUESKY_APP_PASSWORD"
    knows_keys = True

    def __init__(self, server: Pds, clock: VirtualClock) -> None:
        """Reply through `server`."""
        self.clock = clock
        self.server = server
        self.opened: list[BlueskyWriter] = []

    @property
    @override
    def secrets(self) -> tuple[str, ...]:
        return (APP_PASSWORD, *self.server.tokens)

    @override
    async def writer(self, *, is_known: bool = True) -> BlueskyWriter:
        settings = BlueskySettings(
            _env_file=None,
            bluesky_pds_url=self.server.url,
            bluesky_identifier=IDENTIFIER,
            bluesky_app_password=SecretStr(APP_PASSWORD if is_known else "another-password"),
        )
        self.opened.append(BlueskyWriter(settings.bluesky_account(), self.clock))
        return self.opened[-1]

    @override
    async def publish(self, text: str) -> str:
        return str(self.server.publish(text)["uri"])

    @override
    async def remove(self, post_id: str) -> None:
        del self.server.posts[post_id]

    @override
    def order(self, fault: Fault) -> None:
        reset = str(int(self.clock.now().timestamp()) + 90)
        self.server.order("write", Order(fault, headers={"ratelimit-reset": reset}))

    @override
    async def stop(self) -> None:
        await self.server.close()

    @property
    @override
    def written(self) -> list[tuple[str, str]]:
        return [(one["reply"]["parent"]["uri"], one["text"]) for one in self.server.records.values()]

    @property
    @override
    def writes(self) -> int:
        return self.server.requests["write"]


@pytest.fixture
async def platform(clock: VirtualClock) -> AsyncIterator[AnsweredBluesky]:
    """Run a server."""
    async with Pds(clock.now) as server:
        answered = AnsweredBluesky(server, clock)
        yield answered
        for writer in answered.opened:
            await writer.aclose()


class TestBlueskyWriter(ReplyWriterContract):
    """`BlueskyWriter`."""
