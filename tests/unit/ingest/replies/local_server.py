"""A platform or a ticket system within the test: it notes what it gets and answers as it is told."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from typing_extensions import override

from services.ingest.sources.reply_writer import NotSent, OutgoingReply, ReplyWriter, SendOutcome, Sent, Unknown


@dataclass
class Told:
    """One answer: a status with headers; `hang` never answers, `drop` breaks the connection."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False


@dataclass
class LocalServer(httpx.AsyncBaseTransport):
    """Requests to `url`, as (headers, JSON body, raw body); answers are taken from `answers`, then 200."""

    url: str
    got: list[tuple[dict[str, str], Any, bytes]] = field(default_factory=list)
    answers: list[Told] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url != self.url:
            return httpx.Response(404)
        body = await request.aread()
        self.got.append((dict(request.headers), json.loads(body), body))
        self.arrived.set()
        told = self.answers.pop(0) if self.answers else Told()
        if told.hang:
            await self.go_on.wait()
        if told.drop:
            raise httpx.RemoteProtocolError("the connection was dropped", request=request)
        # A stream, not content, which httpx would decode at once.
        answer = httpx.ByteStream(json.dumps({"id": f"ours-{len(self.got)}"}).encode())
        return httpx.Response(told.status, headers=told.headers, stream=answer)

    @property
    def texts(self) -> list[str]:
        """Return the texts that were published."""
        return [str(body["text"]) for _, body, _ in self.got]


@dataclass
class LocalWriter(ReplyWriter):
    """A `ReplyWriter` that speaks to a local server."""

    server: LocalServer
    http: httpx.AsyncClient

    @override
    async def reply(self, reply: OutgoingReply) -> SendOutcome:
        told = {"in_reply_to": reply.post_id, "text": reply.text, "key": reply.key}
        told["drafted_at"] = reply.drafted_at.isoformat()
        try:
            answer = await self.http.post(self.server.url, json=told)
        except httpx.TransportError as error:
            return Unknown(type(error).__name__)
        if answer.status_code == 429:
            return NotSent("too many requests", retry=True)
        if answer.status_code == 410:
            return NotSent("the post is gone", is_gone=True)
        return Sent(answer.json()["id"]) if answer.is_success else NotSent(f"answered {answer.status_code}")
