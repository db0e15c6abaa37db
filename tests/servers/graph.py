"""A Graph API on this machine: hashtag search, pages' feeds and comments, and faults to order."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

TOKEN = "EAAG-a-token-of-tests"
ACCOUNT = "17841400000000001"


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Canned:
    """An answer that is given whatever was asked."""

    status: int
    headers: dict[str, str]
    body: bytes


def error(status: int, code: int, subcode: int = 0, message: str = "no", **more: Any) -> Canned:
    """Return an error in the API's shape."""
    value = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1", **more}
    if subcode:
        value["error_subcode"] = subcode
    return Canned(status, {"content-type": "application/json"}, json.dumps({"error": value}).encode())


@dataclass
class GraphServer:
    """Lists by path (`/<hashtag id>/recent_media`, `/<page>/feed`, `/<post>/comments`), the newest first."""

    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    hashtags: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    faults: dict[str, Canned] = field(default_factory=dict)
    """Answers by path; those under "" are given to everything."""
    usage: dict[str, str] = field(default_factory=dict)
    """Headers of every answer."""
    garbage: list[bytes] = field(default_factory=list)
    """Bodies given, one each, before anything else."""
    written: dict[str, str] = field(default_factory=dict)
    """Texts of the comments that were written, by their ids."""
    listener: Callable[[Asked], None] = lambda _: None
    most_items: int = 1000
    """Larger limits are refused as too much."""
    is_cut: bool = False
    """The next answer breaks off in its middle."""

    async def __aenter__(self) -> Self:
        self.stalled = asyncio.Event()
        self.stalled.set()
        self._runner = web.AppRunner(web.Application(), access_log=None, shutdown_timeout=0.1)
        self._runner.app.router.add_route("*", "/{path:.*}", self._answer)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v23.0"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stalled.set()
        await self._runner.cleanup()

    @property
    def open_connections(self) -> int:
        """How many connections clients hold open."""
        return len(self._runner.server.connections) if self._runner.server else 0

    def abort(self) -> None:
        """End every open connection at once."""
        for connection in self._runner.server.connections if self._runner.server else []:
            if connection.transport:
                connection.transport.abort()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        params = dict(request.query) | {key: str(value) for key, value in (await request.post()).items()}
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.method, request.path.removeprefix("/v23.0"), params, headers)
        self.asked.append(asked)
        self.listener(asked)
        await self.stalled.wait()
        answer = self._decide(asked)
        if self.is_cut:
            self.is_cut = False
            return await self._cut(request, answer)
        return web.Response(status=answer.status, headers={**answer.headers, **self.usage}, body=answer.body)

    async def _cut(self, request: web.Request, answer: Canned) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": str(len(answer.body))})
        await response.prepare(request)
        await response.write(answer.body[: len(answer.body) // 2])
        if request.transport:
            request.transport.abort()
        return response

    def _decide(self, asked: Asked) -> Canned:
        fault = self.faults.get("") or self.faults.get(asked.path)
        if self.garbage or fault:
            return Canned(200, {}, self.garbage.pop(0)) if self.garbage else fault or error(500, 2)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(401, 190, 463)
        if asked.method == "POST":
            return self._write(asked)
        if asked.path == "/ig_hashtag_search":
            found = self.hashtags.get(asked.params["q"])
            return self._json({"data": [{"id": found}]}) if found else error(400, 24, 2207024)
        if asked.path not in self.lists:
            return error(400, 100, 33)
        return self._page(asked)

    def _page(self, asked: Asked) -> Canned:
        limit, start = int(asked.params.get("limit", "25")), int(asked.params.get("after", "0"))
        if limit > self.most_items:
            return error(500, 1, message="Please reduce the amount of data you're asking for, then retry your request")
        items = self.lists[asked.path]
        shown = items[start : start + limit]
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + limit)}}
        if start + limit < len(items):
            paging["next"] = f"{self.url}{asked.path}?access_token={TOKEN}&after={start + limit}"
        return self._json({"data": shown} | ({"paging": paging} if shown else {}))

    def _write(self, asked: Asked) -> Canned:
        reply_id = f"{len(self.written) + 1}_{asked.path.split('/')[1]}"
        self.written[reply_id] = asked.params.get("message", "")
        return self._json({"id": reply_id})

    def _json(self, value: Any) -> Canned:
        return Canned(200, {"content-type": "application/json"}, json.dumps(value).encode())
