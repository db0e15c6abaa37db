"""Bluesky's Jetstream, and the look-up of handles, as the sources know them."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.faults import FaultyServer

POSTS = "app.bsky.feed.post"
AUTHOR = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"


class Jetstream(FaultyServer):
    """Keeps every event, replays from a cursor (microseconds, that moment included), then goes on live."""

    def __init__(self, connected: Callable[[], None], now: Callable[[], datetime]) -> None:
        """Stamp events by `now`."""
        super().__init__(connected)
        self._now = now
        self._events: list[tuple[int, bytes]] = []
        self._news: set[asyncio.Event] = set()
        self._last_us = 0
        self._posts = 0
        self.dids: dict[str, str] = {}
        self.queries: list[dict[str, str]] = []

    def routes(self) -> list[web.RouteDef]:
        """See `FaultyServer.routes`."""
        return [
            web.get("/subscribe", self._subscribe),
            web.get("/xrpc/com.atproto.identity.resolveHandle", self._resolve),
        ]

    def counts(self, request: web.Request) -> bool:
        """See `FaultyServer.counts`."""
        return request.path == "/subscribe"

    def next_us(self) -> int:
        """Return the next event's time: later than every one before."""
        self._last_us = max(self._last_us + 1, int(self._now().timestamp() * 1_000_000))
        return self._last_us

    def send(self, message: bytes, time_us: int | None = None) -> None:
        """Send a message as it is, after all before it."""
        self._events.append((self.next_us() if time_us is None else time_us, message))
        for news in self._news:
            news.set()

    def commit(self, operation: str, rkey: str, record: dict[str, Any] | None = None, did: str = AUTHOR) -> str:
        """Send a commit to a post and return the post's address."""
        time_us = self.next_us()
        commit: dict[str, Any] = {"rev": "3l3qo2vutsw2b", "operation": operation, "collection": POSTS, "rkey": rkey}
        if record is not None:
            commit |= {"record": record, "cid": "bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi"}
        event = {"did": did, "time_us": time_us, "kind": "commit", "commit": commit}
        self.send(json.dumps(event).encode(), time_us)
        return f"at://{did}/{POSTS}/{rkey}"

    def post(self, text: str, did: str = AUTHOR, **fields: Any) -> str:
        """Send a new post and return its address."""
        self._posts += 1
        created_at = self._now().isoformat().replace("+00:00", "Z")
        record = {"$type": POSTS, "createdAt": created_at, "langs": ["en"], "text": text} | fields
        return self.commit("create", f"3l3qo2v{self._posts:06}", record, did)

    async def _resolve(self, request: web.Request) -> web.Response:
        did = self.dids.get(request.query.get("handle", ""))
        if did is None:
            return web.json_response({"error": "InvalidRequest", "message": "Unable to resolve handle"}, status=400)
        return web.json_response({"did": did})

    async def _subscribe(self, request: web.Request) -> web.StreamResponse:
        self.queries.append(dict(request.query))
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        if self.hangs_up:
            await socket.close()
            return socket
        cursor = int(request.query["cursor"]) if "cursor" in request.query else self._last_us + 1
        sending = asyncio.create_task(self._play(socket, cursor))
        try:
            async for _ in socket:
                pass
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return socket

    async def _play(self, socket: web.WebSocketResponse, cursor: int) -> None:
        news = asyncio.Event()
        self._news.add(news)
        place = next((at for at, (time_us, _) in enumerate(self._events) if time_us >= cursor), len(self._events))
        try:
            with contextlib.suppress(ConnectionError):
                while True:
                    await self.flowing()
                    while place < len(self._events) and self._flowing.is_set():
                        await socket.send_frame(self._events[place][1], WSMsgType.TEXT)
                        place += 1
                    news.clear()
                    await news.wait()
        finally:
            self._news.discard(news)
