"""X's batch compliance on this machine: the four steps of a batch, its storage, and faults to order."""

import json
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

TOKEN = "AAAA-a-bearer-token-of-tests"


@dataclass
class ComplianceServer:
    """Knows which posts are gone, and why; finishes a batch when it is looked at for the `looks`-th time."""

    gone: dict[str, str] = field(default_factory=dict)
    """Reasons in X's words, by post id."""
    looks: int = 1
    ending: str = "complete"
    faults: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Answers by step: "create", "upload", "look", "download"."""
    extra: list[bytes] = field(default_factory=list)
    """Lines put before the answer's own."""
    batches: list[list[str]] = field(default_factory=list)
    """Ids as they were uploaded."""
    cut: bool = False
    """The answer breaks off in its middle."""
    storage_tokens: list[str] = field(default_factory=list)
    """What the storage was shown; nothing should be."""
    changed: dict[str, Any] = field(default_factory=dict)
    """Fields of a created batch that are other than they should be."""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/2/compliance/jobs", self._create)
        app.router.add_get("/2/compliance/jobs/{id}", self._look)
        app.router.add_put("/storage/{id}/ids", self._upload)
        app.router.add_get("/storage/{id}/answer", self._download)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._looked = 0
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _create(self, request: web.Request) -> web.Response:
        if refused := self._refused(request, "create"):
            return refused
        assert await request.json() == {"type": "tweets"}
        self._looked = 0
        return web.json_response({"data": {**self._batch(len(self.batches) + 1, "created"), **self.changed}})

    async def _upload(self, request: web.Request) -> web.Response:
        self._note_token(request)
        if "upload" in self.faults:
            return self._fault("upload")
        assert request.headers["content-type"] == "text/plain"
        self.batches.append((await request.text()).split("\n"))
        return web.Response()

    async def _look(self, request: web.Request) -> web.Response:
        if refused := self._refused(request, "look"):
            return refused
        self._looked += 1
        status = self.ending if self._looked >= self.looks else "in_progress"
        return web.json_response({"data": self._batch(int(request.match_info["id"]), status)})

    async def _download(self, request: web.Request) -> web.StreamResponse:
        self._note_token(request)
        if "download" in self.faults:
            return self._fault("download")
        asked = self.batches[int(request.match_info["id"]) - 1]
        lines = [*self.extra, *(self._line(post_id) for post_id in asked if post_id in self.gone)]
        body = b"".join(line + b"\n" for line in lines)
        if not self.cut:
            return web.Response(body=body)
        response = web.StreamResponse(headers={"content-length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        assert request.transport is not None
        request.transport.close()
        return response

    def _line(self, post_id: str) -> bytes:
        reason = self.gone[post_id]
        action = "scrub_geo" if reason == "scrub_geo" else "delete"
        told = {"id": post_id, "action": action, "created_at": "2026-01-01T00:00:00.000Z", "reason": reason}
        return json.dumps(told).encode()

    def _batch(self, number: int, status: str) -> dict[str, str]:
        storage = f"{self.url}/storage/{number}"
        addresses = {"upload_url": f"{storage}/ids", "download_url": f"{storage}/answer"}
        return {"id": str(number), "type": "tweets", "status": status, **addresses}

    def _refused(self, request: web.Request, step: str) -> web.Response | None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return web.json_response({"title": "Unauthorized", "status": 401}, status=401)
        return self._fault(step) if step in self.faults else None

    def _fault(self, step: str) -> web.Response:
        status, body = self.faults[step]
        return web.Response(status=status, body=body)

    def _note_token(self, request: web.Request) -> None:
        if token := request.headers.get("authorization"):
            self.storage_tokens.append(token)
