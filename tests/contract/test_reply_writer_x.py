"""Replies on X keep the contract of a writer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typing_extensions import override

from sandbox.sandbox import Sandbox
from services.ingest.sources.x.writer import XWriter
from tests.contract.reply_writer_contract import AnsweredPlatform, Fault, ReplyWriterContract
from tests.unit.ingest.sources.x.surroundings import TwoClocks, settings_for


class AnsweredX(AnsweredPlatform):
    """The sandbox."""

    variable = "X_ACCESS_TOKEN_SECRET"
    longest = 40.0

    def __init__(self, sandbox: Sandbox, clock: TwoClocks) -> None:
        """Reply in `sandbox`."""
        self.clock = clock
        self.sandbox = sandbox
        self.opened: list[XWriter] = []

    @property
    @override
    def secrets(self) -> tuple[str, ...]:
        proof = self.sandbox.credentials
        return (proof.api_secret, proof.access_token, proof.access_token_secret, proof.bearer_token)

    @override
    async def writer(self, *, is_known: bool = True) -> XWriter:
        more = {} if is_known else {"x_access_token_secret": "wrong"}
        self.opened.append(await XWriter.open(settings_for(self.sandbox, **more), self.clock))
        return self.opened[-1]

    @override
    async def publish(self, text: str) -> str:
        return str(self.sandbox.publish(text).id)

    @override
    async def remove(self, post_id: str) -> None:
        self.sandbox.timeline.delete(int(post_id))

    @override
    def order(self, fault: Fault) -> None:
        self.sandbox.order("create", fault, seconds=90.0)

    @override
    async def stop(self) -> None:
        await self.sandbox.stop()

    @property
    @override
    def written(self) -> list[tuple[str, str]]:
        return [(one.in_reply_to or "", one.text) for one in self.sandbox.writer.written]

    @property
    @override
    def writes(self) -> int:
        return self.sandbox.requests["create"]


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[AnsweredX]:
    """Run a sandbox."""
    clock = TwoClocks()
    async with Sandbox(tmp_path, clock=clock.server) as running:
        answered = AnsweredX(running, clock)
        yield answered
        for writer in answered.opened:
            await writer.aclose()


class TestXWriter(ReplyWriterContract):
    """`XWriter`."""
