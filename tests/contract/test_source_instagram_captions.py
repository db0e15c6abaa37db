"""Captions through unmodified instaloader keep the contract of sources."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.ingest.sources.base import Source
from services.ingest.sources.meta.captions import InstagramCaptions
from services.ingest.sources.meta.settings import InstaloaderSession
from tests.contract.source_contract import SourceContract
from tests.contract.source_network import Network
from tests.servers.instagram import (
    COOKIES,
    InstagramServer,
    Reply,
    post,
    reply_of,
    write_certificate,
    write_session,
)
from tests.unit.ingest.virtual_clock import VirtualClock


class CountingExecutor(ThreadPoolExecutor):
    """Knows how many calls are under way, so that virtual time can wait for threads."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        super().__init__(4)
        self.under_way = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See `ThreadPoolExecutor.submit`."""
        self.under_way += 1
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(self._ended)
        return future

    def _ended(self, _: Future[Any]) -> None:
        self.under_way -= 1


class ThreadsClock(VirtualClock):
    """Stands still while a thread works on what will be answered."""

    def __init__(self, executor: CountingExecutor, server: InstagramServer) -> None:
        """Watch `executor`; a stalled server holds nothing up."""
        super().__init__()
        self._executor = executor
        self._server = server

    async def advance(self, seconds: float) -> None:
        """See `VirtualClock.advance`."""
        if self._executor.under_way and self._server.stalled.is_set():
            seconds = 0.0
        await super().advance(seconds)


class WebsiteNetwork(Network):
    """Instagram's website with one hashtag, seen by a logged-in account."""

    pushes = False
    secrets = (COOKIES["sessionid"], COOKIES["csrftoken"])

    def __init__(self, server: InstagramServer, executor: CountingExecutor, session: InstaloaderSession) -> None:
        """Misbehave through `server`."""
        super().__init__()
        self.clock = ThreadsClock(executor, server)
        self.server = server
        self.session = session
        self.number = 0
        server.listener = self._noted

    def source(self) -> Source:
        """See `Network.source`."""
        return InstagramCaptions(
            self.session, ("#airline",), self.report, self.clock, poll_seconds=60, request_seconds=0.5
        )

    async def publish(self, texts: Sequence[str]) -> list[str]:
        """See `Network.publish`."""
        ids = []
        for text in texts:
            self.number += 1
            ids.append(f"{self.number}90071992547409931")
            self.server.posts["#airline"].insert(0, post(ids[-1], text, self.clock.now().timestamp()))
        return ids

    async def garbage(self) -> None:
        """See `Network.garbage`."""
        odd = {"edges": [{"node": {"shortcode": "S", "id": "x"}}, {"node": {"code": 7}}, {"node": {}}, 5]}
        page = {"data": {"hashtag": {"edge_hashtag_to_media": odd}}, "status": "ok"}
        self.server.garbage = [b'{"data": {"na', b"[]", b'"\xff\xfe"', json.dumps(page).encode(), b"x" * 2**20]

    async def drop(self) -> None:
        """See `Network.drop`."""
        self.server.abort()

    async def stall(self) -> None:
        """See `Network.stall`."""
        self.server.stalled.clear()

    async def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """See `Network.answer`."""
        self.server.fault = Reply(status, headers, body)

    async def hang_up(self) -> None:
        """See `Network.hang_up`."""
        empty = {"edges": [], "page_info": {"has_next_page": False}}
        hashtag = {"name": "airline", "edge_hashtag_to_media": empty}
        self.server.fault = reply_of({"data": {"name": "airline", "hashtag": hashtag}, "status": "ok"})

    async def refuse(self) -> None:
        """See `Network.refuse`."""
        self.server.fault = reply_of({"message": "checkpoint_required", "status": "fail"}, 400)

    async def mend(self) -> None:
        """See `Network.mend`."""
        self.server.fault = None
        self.server.stalled.set()

    @property
    def open_connections(self) -> int:
        """See `Network.open_connections`."""
        return self.server.open_connections

    def _noted(self, path: str) -> None:
        if path.endswith("/tags/web_info/"):
            self.connections.append(self.clock.monotonic())


class TestInstagramCaptions(SourceContract):
    """instaloader, in threads."""

    @pytest_asyncio.fixture
    async def network(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WebsiteNetwork]:
        """Return a website that instaloader reaches by the settings of proxies that it heeds anyway."""
        certificate = write_certificate(tmp_path)
        async with InstagramServer(certificate, {"#airline": []}) as server:
            monkeypatch.setenv("HTTPS_PROXY", server.proxy)
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
            executor = CountingExecutor()
            asyncio.get_running_loop().set_default_executor(executor)
            yield WebsiteNetwork(server, executor, InstaloaderSession("ana", write_session(tmp_path)))
