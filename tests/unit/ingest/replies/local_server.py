"""A local server that stands for a platform or a ticket system: it notes what it gets and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiohttp import web

from services.ingest.sources.reply_writer import NotSent, SendOutcome, Sent, Unknown


@dataclass
class Told:
    """One answer: a status with headers; `hang` never answers, `drop` breaks the connection."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False


@dataclass
class LocalServer:
    """Requests that came, as (headers, JSON body, raw body); answers are taken from `answers`, then 200."""

    url: str = ""
    got: list[tuple[dict[str, str], Any, bytes]] = field(default_factory=list)
    answers: list[Told] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Note a request and answer it."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append((headers, await request.json(), await request.read()))
        self.arrived.set()
        told = self.answers.pop(0) if self.answers else Told()
        if told.hang:
            await self.go_on.wait()
        if told.drop and request.transport is not None:
            request.transport.abort()
        return web.json_response({"id": f"ours-{len(self.got)}"}, status=told.status, headers=told.headers)

    @property
    def texts(self) -> list[str]:
        """Return the texts that were published."""
        return [str(body["text"]) for _, body, _ in self.got]


@asynccontextmanager
async def local_server() -> AsyncIterator[LocalServer]:
    """Serve on a free port of 127.0.0.1."""
    server = LocalServer()
    app = web.Application()
    app.router.add_post("/take", server.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/take"
    try:
        yield server
    finally:
        server.go_on.set()
        await runner.cleanup()


@dataclass
class LocalWriter:
    """A `ReplyWriter` that speaks to a local server."""

    server: LocalServer
    http: httpx.AsyncClient

    async def reply(self, post_id: str, text: str) -> SendOutcome:
        """See `ReplyWriter.reply`."""
        try:
            answer = await self.http.post(self.server.url, json={"in_reply_to": post_id, "text": text})
        except httpx.ConnectError:
            return NotSent("no connection", retry=True)
        except httpx.TransportError as error:
            return Unknown(type(error).__name__)
        if answer.status_code == 429:
            return NotSent("too many requests", retry=True)
        return Sent(answer.json()["id"]) if answer.is_success else NotSent(f"answered {answer.status_code}")
