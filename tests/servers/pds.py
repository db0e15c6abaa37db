"""The server of a Bluesky account that replies: sessions, the account's records, and posts as an AppView has them."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from tests.servers.ordered import OrderedServer

APP_PASSWORD = "abcd-efgh-ijkl-mnop"
IDENTIFIER = "aerolume.example"
OWN_DID = "did:plc:aerolume234567abcdefghij"
POSTS = "app.bsky.feed.post"
_ACCESS_LASTS = timedelta(hours=2)
_REFRESH_LASTS = timedelta(days=60)
_TID = re.compile(r"[234567a-j][234567a-z]{12}")


class Pds(OrderedServer):
    """Answers XRPC as Bluesky's own server does, to the one account whose app password is APP_PASSWORD."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Tokens expire by `now`."""
        super().__init__()
        self._now = now
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._made = 0
        self.posts: dict[str, dict[str, Any]] = {}
        self.records: dict[str, dict[str, Any]] = {}
        self.late: dict[str, dict[str, Any]] = {}
        """Records of requests that are carried out after the next post was shown."""
        self.log_ins = 0
        self.renewals = 0

    def routes(self) -> list[web.RouteDef]:
        """See `FaultyServer.routes`."""
        return [
            web.post("/xrpc/com.atproto.server.createSession", self.guarded("read", self._create_session)),
            web.post("/xrpc/com.atproto.server.refreshSession", self.guarded("read", self._refresh_session)),
            web.get("/xrpc/com.atproto.repo.getRecord", self.guarded("read", self._record)),
            web.get("/xrpc/app.bsky.feed.getPosts", self.guarded("read", self._posts)),
            web.post("/xrpc/com.atproto.repo.createRecord", self.guarded("write", self._create_record)),
        ]

    def publish(self, text: str, did: str = "did:plc:jane", **more: Any) -> dict[str, Any]:
        """Return a new post of a person as an AppView shows it; `more` goes into its record."""
        uri = f"at://{did}/{POSTS}/3k{len(self.posts):011}"
        record = {"$type": POSTS, "text": text, **more}
        shown = {"uri": uri, "cid": _cid(record), "author": {"did": did, "handle": "jane.example"}, "record": record}
        self.posts[uri] = shown
        return shown

    @property
    def tokens(self) -> list[str]:
        """Return every token that was given out."""
        return list(self._tokens)

    def _session(self) -> web.Response:
        told = {}
        for kind, lasts in (("access", _ACCESS_LASTS), ("refresh", _REFRESH_LASTS)):
            self._made += 1
            token = f"eyJ-{kind}-token-number-{self._made}"
            self._tokens[token] = (kind, self._now() + lasts)
            told[f"{kind}Jwt"] = token
        return web.json_response({**told, "did": OWN_DID, "handle": IDENTIFIER, "active": True})

    def _refusal(self, request: web.Request, kind: str = "access") -> web.Response | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        known, until = self._tokens.get(token, ("", self._now()))
        if known != kind:
            return _error(401, "AuthMissing")
        return _error(400, "ExpiredToken") if until <= self._now() else None

    async def _create_session(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.log_ins += 1
        if (body["identifier"], body["password"]) != (IDENTIFIER, APP_PASSWORD):
            return _error(401, "AuthenticationRequired")
        return self._session()

    async def _refresh_session(self, request: web.Request) -> web.Response:
        self.renewals += 1
        refusal = self._refusal(request, "refresh")
        if refusal is None:
            # A token for renewals is good once.
            self._tokens[request.headers["authorization"].removeprefix("Bearer ")] = ("refresh", self._now())
        return refusal or self._session()

    async def _posts(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        self.records |= self.late
        wanted = request.query.getall("uris")
        return web.json_response({"posts": [self.posts[uri] for uri in wanted if uri in self.posts]})

    async def _record(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        uri = f"at://{request.query['repo']}/{request.query['collection']}/{request.query['rkey']}"
        value = self.records.get(uri)
        if value is None:
            return _error(400, "RecordNotFound")
        return web.json_response({"uri": uri, "cid": _cid(value), "value": value})

    async def _create_record(self, request: web.Request) -> web.Response:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        body = await request.json()
        record = body["record"]
        uri = f"at://{body['repo']}/{body['collection']}/{body['rkey']}"
        if body["repo"] != OWN_DID or not _TID.fullmatch(body["rkey"]) or record["$type"] != POSTS:
            return _error(400, "InvalidRequest")
        if uri in self.records:
            return _error(500, "InternalServerError")
        self.records[uri] = record
        return web.json_response({"uri": uri, "cid": _cid(record), "validationStatus": "valid"})


def _error(status: int, name: str) -> web.Response:
    return web.json_response({"error": name, "message": "a sentence of the server's"}, status=status)


def _cid(record: dict[str, Any]) -> str:
    return "bafyrei" + hashlib.sha256(json.dumps(record).encode()).hexdigest()[:52]
