"""The Mastodon server of an account that replies: statuses by id and by address, and the publishing of new ones."""

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from tests.servers.ordered import OrderedServer

REPLY_TOKEN = "the-token-of-the-account-that-replies"
OWN_ID = "900"
_LINK = re.compile(r"https?://\S+")
_KEYS_LAST = timedelta(hours=1)
_NOT_FOUND = {"error": "Record not found"}


class MastodonHome(OrderedServer):
    """Answers as version 4.3 does, to the one account whose token is REPLY_TOKEN."""

    def __init__(self, now: Callable[[], datetime], name: str = "") -> None:
        """Stamp by `now`; addresses of statuses are under `name`, by default under the server's own."""
        super().__init__()
        self._now = now
        self._name = name
        self._last_id = 109_000_000_000_000_000
        self._keys: dict[str, tuple[datetime, dict[str, Any]]] = {}
        self.statuses: dict[str, dict[str, Any]] = {}
        self.elsewhere: dict[str, dict[str, Any]] = {}
        """Statuses of other servers, which a search by their address fetches."""
        self.written: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.most = 500
        self.scopes = {"read:accounts", "read:search", "read:statuses", "write:statuses"}

    def routes(self) -> list[web.RouteDef]:
        """See `FaultyServer.routes`."""
        return [
            web.get("/api/v1/accounts/verify_credentials", self.guarded("read", self._account)),
            web.get("/api/v2/instance", self.guarded("read", self._instance)),
            web.get("/api/v2/search", self.guarded("read", self._search)),
            web.get("/api/v1/statuses/{id}", self.guarded("read", self._status)),
            web.post("/api/v1/statuses", self.guarded("write", self._publish)),
        ]

    @property
    def name(self) -> str:
        """Return the server's name, with its port."""
        return self._name or self.url.removeprefix("http://")

    def publish(self, text: str, acct: str = "noiob@awoo.space", **fields: Any) -> dict[str, Any]:
        """Return a new status of a person."""
        self._last_id += 1
        status_id = str(self._last_id)
        status = {
            "id": status_id,
            "uri": f"https://{self.name}/users/{acct}/statuses/{status_id}",
            "url": f"https://{self.name}/@{acct}/{status_id}",
            "visibility": "public",
            "content": f"<p>{html.escape(text)}</p>",
            "account": {"id": "23634", "acct": acct},
        } | fields
        self.statuses[status_id] = status
        return status

    def _refusal(self, request: web.Request, scope: str) -> web.Response | None:
        if request.headers.get("authorization") != f"Bearer {REPLY_TOKEN}":
            return web.json_response({"error": "The access token is invalid"}, status=401)
        if scope not in self.scopes:
            return web.json_response({"error": "This action is outside the authorized scopes"}, status=403)
        return None

    async def _account(self, request: web.Request) -> web.Response:
        return self._refusal(request, "read:accounts") or web.json_response({"id": OWN_ID, "acct": "aerolume"})

    async def _instance(self, _: web.Request) -> web.Response:
        limits = {"max_characters": self.most, "characters_reserved_per_url": 23}
        return web.json_response({"domain": self.name, "configuration": {"statuses": limits}})

    async def _status(self, request: web.Request) -> web.Response:
        status = self.statuses.get(request.match_info["id"])
        return web.json_response(_NOT_FOUND, status=404) if status is None else web.json_response(status)

    async def _search(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request, "read:search")) is not None:
            return refusal
        assert (request.query["type"], request.query["resolve"]) == ("statuses", "true")
        found = self.elsewhere.pop(request.query["q"], None)
        if found is not None:
            # A status of another server gets an id here when it is first fetched.
            known = self.publish("", found["account"]["acct"], uri=found["uri"], content=found["content"])
            return web.json_response({"accounts": [], "statuses": [known], "hashtags": []})
        return web.json_response({"accounts": [], "statuses": [], "hashtags": []})

    async def _publish(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request, "write:statuses")) is not None:
            return refusal
        key, body = request.headers["idempotency-key"], await request.json()
        self.keys.append(key)
        at, earlier = self._keys.get(key, (self._now() - _KEYS_LAST, {}))
        if earlier and self._now() - at < _KEYS_LAST:
            return web.json_response(earlier)
        if body["in_reply_to_id"] not in self.statuses:
            return web.json_response(_NOT_FOUND, status=404)
        if len(_LINK.sub("x" * 23, body["status"])) > self.most:
            error = f"Validation failed: Text character limit of {self.most} exceeded"
            return web.json_response({"error": error}, status=422)
        status = self.publish(body["status"], "aerolume", in_reply_to_id=body["in_reply_to_id"])
        status |= {"visibility": body["visibility"], "account": {"id": OWN_ID, "acct": "aerolume"}}
        self._keys[key] = (self._now(), status)
        self.written.append({**body, "id": status["id"]})
        return web.json_response(status)
