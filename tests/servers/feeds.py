"""A web server with feeds: conditional requests, and every form of RSS and Atom that a test needs."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from aiohttp import web

from tests.servers.faults import FaultyServer


class Feeds(FaultyServer):
    """One growing RSS feed at `/feed.xml`, and whatever bytes stand in `pages`."""

    def __init__(self, connected: Callable[[], None], now: Callable[[], datetime]) -> None:
        """Stamp entries by `now`."""
        super().__init__(connected)
        self._now = now
        self._entries: list[str] = []
        self.odd_entries = ""
        self.pages: dict[str, bytes] = {}
        self.conditions: list[tuple[str | None, str | None]] = []
        self.statuses: list[int] = []

    def routes(self) -> list[web.RouteDef]:
        """See `FaultyServer.routes`."""
        return [web.get("/{name}", self._feed)]

    def post(self, text: str) -> str:
        """Add an entry and return its guid."""
        number = len(self._entries)
        guid = f"{self.url}/entries/{number}"
        self._entries.append(
            f"<item><guid>{guid}</guid><pubDate>{format_datetime(self._now())}</pubDate>"
            f"<description>{escape(escape(text))}</description><category>everything</category></item>"
        )
        return guid

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        body = self.pages.get(name) or (self._rss() if name == "feed.xml" else None)
        if body is None or self.hangs_up:
            return web.Response(status=404 if body is None else 304)
        etag = hashlib.sha256(body).hexdigest()[:12]
        self.conditions.append((request.headers.get("if-none-match"), request.headers.get("if-modified-since")))
        status = 304 if request.headers.get("if-none-match") == f'"{etag}"' else 200
        self.statuses.append(status)
        headers = {"etag": f'"{etag}"', "last-modified": format_datetime(self._now(), usegmt=True)}
        if status != 200:
            return web.Response(status=status, headers=headers)
        self.odd_entries = ""
        return web.Response(body=body, headers=headers, content_type="application/rss+xml")

    def _rss(self) -> bytes:
        items = "".join([self.odd_entries, *reversed(self._entries)])
        return (
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Reviews</title>'
            f"<language>en-gb</language>{items}</channel></rss>"
        ).encode()
