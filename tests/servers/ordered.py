"""A server on 127.0.0.1 whose next answers at a place can be ordered to go wrong, each order once."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

from tests.servers.faults import FaultyServer

Place = Literal["read", "write"]
OrderKind = Literal["answer", "rate-limit", "html-503", "truncated-json", "hang-up", "hang-up-after", "silence"]
Handling = Callable[[web.Request], Awaitable[web.Response]]
PAGE = b"<!DOCTYPE html><html><body>PAGE OF AN ERROR</body></html>"


@dataclass(frozen=True)
class Order:
    """What the next request at a place befalls; `hang-up-after` and `truncated-json` happen after it was acted on."""

    kind: OrderKind
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = PAGE


class OrderedServer(FaultyServer):
    """Routes that are made by `guarded`."""

    def __init__(self) -> None:
        """Begin without orders."""
        super().__init__(lambda: None)
        self._orders: defaultdict[Place, deque[Order | None]] = defaultdict(deque)
        self._ended = asyncio.Event()
        self.requests: Counter[Place] = Counter()

    def order(self, place: Place, order: Order, after: int = 0) -> None:
        """Let the next request at a place that has no order yet go wrong, `after` so many that go well."""
        self._orders[place].extend([*[None] * after, order])

    async def drop(self) -> None:
        """See `FaultyServer.drop`; those that are silent end too."""
        self._ended.set()
        await super().drop()

    def guarded(self, place: Place, handling: Handling) -> Handling:
        """Return what answers a route, or what an order says."""

        async def guarding(request: web.Request) -> web.Response:
            self.requests[place] += 1
            order = self._orders[place].popleft() if self._orders[place] else None
            if order is None:
                return await handling(request)
            if order.kind in {"hang-up-after", "truncated-json"}:
                answer = await handling(request)
                if order.kind == "truncated-json":
                    assert isinstance(answer.body, bytes)
                    return web.Response(status=answer.status, body=answer.body[:-5], content_type="application/json")
            if order.kind in {"hang-up", "hang-up-after"} and request.transport is not None:
                request.transport.abort()
            if order.kind == "silence":
                await self._ended.wait()
            if order.kind == "rate-limit":
                return web.json_response({"error": "Too many requests"}, status=429, headers=order.headers)
            return web.Response(status=order.status, headers=order.headers, body=order.body)

        return guarding
