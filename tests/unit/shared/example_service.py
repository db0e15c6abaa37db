"""A small service built as the four are, and ways to call it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import StreamingResponse
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Message

from shared.access import Scope, digest_of
from shared.errors import VoxpopError
from shared.pages import DEFAULT_LIMIT
from shared.settings import ServiceSettings
from shared.web.application import build_app
from shared.web.auth import requires
from shared.web.dependencies import Limit
from shared.web.health import Check

POST_TEXT = "my seat on flight 12 was broken"
SERVICE_SECRET = "9f2c5e7a1b3d4f608172a3b4c5d6e7f8"


class Order(BaseModel):
    """A body with a rule for each of its fields."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1)]
    code: Annotated[str, Field(pattern="^[a-z]+$")] = "a"


def secret_of(scope: Scope) -> str:
    """Return the secret of the key that has this scope alone."""
    return f"vxp_the-secret-of-{scope}"


ALL_KEYS = ",".join(f"{scope}-key:{scope}:{digest_of(secret_of(scope))}" for scope in Scope)


def bearer(secret: str) -> dict[str, str]:
    """Return the header that shows `secret`."""
    return {"authorization": f"Bearer {secret}"}


@dataclass(frozen=True)
class Opened:
    """What the service opens."""

    dependencies: Mapping[str, Check]

    def checks(self) -> Mapping[str, Check]:
        """Return what must be ready, by name."""
        return self.dependencies


def example_app(
    *,
    raising: VoxpopError | None = None,
    checks: Mapping[str, Check] | None = None,
    running: bool = True,
    **settings: Any,
) -> FastAPI:
    """Return the service; `raising` is what `GET /v1/raise` raises, `settings` go to ServiceSettings.

    It answers as if its lifespan had begun, unless it is not `running`.
    """
    opened = Opened(checks or {})
    app = build_app(
        "example",
        "An example.",
        ServiceSettings(**settings),
        [_routes(raising), _asking_routes(), _scoped_routes()],
        CollectorRegistry(),
        lambda: nullcontext(opened),
    )
    if running:
        app.state.resources = opened
    return app


def client(app: FastAPI, **options: Any) -> httpx.AsyncClient:
    """Return a client of `app` that sees what a remote one would."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=options.pop("base_url", "http://example"), **options)


async def exchange(
    app: FastAPI, method: str, path: str, *, chunks: Iterable[bytes] = (), headers: Mapping[str, str] | None = None
) -> tuple[list[Message], int]:
    """Call `app` by ASGI with a body in `chunks`; return the messages it sent and how many it took."""
    sent: list[Message] = []
    waiting = list(chunks)
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        if taken and not waiting:
            await asyncio.Event().wait()
        taken += 1
        body = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    lines = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": lines}
    await app(scope, receive, send)
    return sent, taken


def _routes(raising: VoxpopError | None) -> APIRouter:
    router = APIRouter(prefix="/v1")

    @router.get("/raise")
    async def raise_it() -> None:
        if raising is not None:
            raise raising

    @router.get("/crash")
    async def crash() -> None:
        raise RuntimeError(POST_TEXT)

    @router.get("/break-off")
    async def break_off() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"the beginning"
            raise RuntimeError(POST_TEXT)

        return StreamingResponse(chunks())

    @router.get("/items/{number}")
    async def item(number: int) -> int:
        return number

    @router.post("/orders")
    async def order(order: Order) -> int:
        return order.count

    @router.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    return router


def _asking_routes() -> APIRouter:
    """Return routes that take queries, and one that asks for its path's number twice."""
    router = APIRouter(prefix="/v1")

    @router.get("/found")
    async def found(
        wanted: Annotated[list[str], Query(alias="word")],
        others: Annotated[list[str] | None, Query(alias="without")] = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> list[int]:
        return [len(wanted), len(others or []), limit]

    def doubled(number: int) -> int:
        return 2 * number

    @router.get("/twice/{number}")
    async def twice(number: int, double: Annotated[int, Depends(doubled)]) -> list[int]:
        return [number, double]

    return router


def _scoped_routes() -> APIRouter:
    router = APIRouter(prefix="/v1/scoped")

    async def ping() -> str:
        return "answered"

    @router.post("/write/orders", dependencies=[requires(Scope.WRITE)])
    async def order(order: Order) -> int:
        return order.count

    for scope in Scope:
        router.add_api_route(f"/{scope}", ping, dependencies=[requires(scope)])
    return router
