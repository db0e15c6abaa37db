"""A Mastodon server: its streaming API, its timelines with their paging, and the rate-limit headers."""

import asyncio
import contextlib
import html
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.faults import FaultyServer

TOKEN = "a-token-that-nobody-may-see"
_LIMIT = 300


class Mastodon(FaultyServer):
    """Keeps every status under ids of milliseconds and 16 bits, and streams as version 4.3 does."""

    def __init__(self, connected: Callable[[], None], now: Callable[[], datetime], *, is_polled: bool = False) -> None:
        """Stamp statuses by `now`; where `is_polled`, rounds are counted as connections, else streams are."""
        super().__init__(connected)
        self._is_polled = is_polled
        self._now = now
        self._last_id = 0
        self._sockets: set[asyncio.Queue[bytes]] = set()
        self._is_paging = False
        self.statuses: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.remaining = _LIMIT
        self.odd_items: list[Any] = []

    def routes(self) -> list[web.RouteDef]:
        """See `FaultyServer.routes`."""
        return [
            web.get("/api/v2/instance", self._instance),
            web.get("/api/v1/streaming", self._streaming),
            web.get("/api/v1/timelines/public", self._timeline),
            web.get("/api/v1/timelines/tag/{tag}", self._timeline),
        ]

    def next_id(self) -> str:
        """Return an id later than every one before."""
        self._last_id = max(self._last_id + 1, int(self._now().timestamp() * 1000) << 16)
        return str(self._last_id)

    def post(self, text: str, **fields: Any) -> str:
        """Publish a status with `#everything` and return its id."""
        status = self.status(f"<p>{html.escape(text)}</p>", **fields)
        self.statuses.append(status)
        self.send("update", json.dumps(status))
        return str(status["id"])

    def status(self, content: str | None, **fields: Any) -> dict[str, Any]:
        """Return a new status as the API shows it."""
        account = {
            "id": "23634",
            "acct": "noiob@awoo.space",
            "locked": False,
            "created_at": "2017-02-08T00:00:00.000Z",
            "followers_count": 547,
            "following_count": 404,
            "statuses_count": 28468,
        }
        return {
            "id": self.next_id(),
            "created_at": self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "in_reply_to_id": None,
            "spoiler_text": "",
            "visibility": "public",
            "language": "en",
            "replies_count": 7,
            "reblogs_count": 98,
            "favourites_count": 112,
            "content": content,
            "reblog": None,
            "account": account,
            "mentions": [],
            "tags": [{"name": "everything", "url": "https://awoo.space/tags/everything"}],
        } | fields

    def send(self, event: str, payload: str) -> None:
        """Send an event to all that stream."""
        self.send_raw(json.dumps({"stream": ["public"], "event": event, "payload": payload}).encode())

    def send_raw(self, message: bytes) -> None:
        """Send a message as it is to all that stream."""
        for socket in self._sockets:
            socket.put_nowait(message)

    def counts(self, request: web.Request) -> bool:
        """See `FaultyServer.counts`: a page after a page belongs to the same round."""
        self.requests.append(request.path_qs)
        if not self._is_polled:
            return request.path == "/api/v1/streaming"
        first, self._is_paging = not self._is_paging, False
        return first

    async def _instance(self, request: web.Request) -> web.Response:
        streaming = self.url.replace("http", "ws")
        return web.json_response({"domain": request.host, "configuration": {"urls": {"streaming": streaming}}})

    async def _timeline(self, request: web.Request) -> web.Response:
        self.remaining -= 1
        limit = int(request.query.get("limit", "20"))
        after = int(request.query.get("min_id", "0"))
        tag = request.match_info.get("tag")
        newer = [
            status
            for status in self.statuses
            if int(status["id"]) > after and (tag is None or tag in [told["name"] for told in status["tags"]])
        ]
        page: list[Any] = (newer[:limit] if "min_id" in request.query else newer[-limit:])[::-1]
        if self.hangs_up:
            page = []
        if page and "min_id" in request.query:
            page, self.odd_items = page + self.odd_items, []
        # An empty page ends a round, and so does the one request for the newest that came to nothing.
        self._is_paging = bool(page) or "min_id" not in request.query
        reset = (self._now() + timedelta(seconds=90)).isoformat().replace("+00:00", "Z")
        headers = {
            "x-ratelimit-limit": str(_LIMIT),
            "x-ratelimit-remaining": str(max(0, self.remaining)),
            "x-ratelimit-reset": reset,
        }
        if self.remaining <= 0:
            self.remaining = _LIMIT
        return web.json_response(page, headers=headers)

    async def _streaming(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return web.json_response({"error": "Missing access token"}, status=401)
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        if self.hangs_up:
            await socket.close()
            return socket
        sending = asyncio.create_task(self._send(socket))
        try:
            async for _ in socket:
                pass
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return socket

    async def _send(self, socket: web.WebSocketResponse) -> None:
        messages: asyncio.Queue[bytes] = asyncio.Queue()
        self._sockets.add(messages)
        try:
            with contextlib.suppress(ConnectionError):
                while True:
                    message = await messages.get()
                    await self.flowing()
                    await socket.send_frame(message, WSMsgType.TEXT)
        finally:
            self._sockets.discard(messages)
