"""One page of a list at the Graph API."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

from services.ingest.sources.meta.settings import GraphAccess
from services.ingest.sources.network.idle_timeout import IdleTimeout
from shared.clock import Clock


@dataclass(frozen=True, repr=False)
class GraphPage:
    """Its items, the cursor of the next page (None at the end), and how many items were no objects."""

    items: list[dict[str, Any]]
    after: str | None
    unread: int = 0


def page_of(value: Mapping[str, Any]) -> GraphPage:
    """Read an answer as a page.

    The next page is asked for by its cursor: the address in `paging.next` would carry the token. Facebook gives
    a cursor on the last page too, and then no `next`.
    """
    found = value.get("data")
    items = found if isinstance(found, list) else []
    objects = [item for item in items if isinstance(item, dict)]
    paging = value.get("paging")
    return GraphPage(objects, _after(paging) if items and isinstance(paging, dict) else None, len(items) - len(objects))


def _after(paging: Mapping[str, Any]) -> str | None:
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) and after and paging.get("next") else None


DEADLINE_SECONDS: Final = 60.0
MAX_BYTES: Final = 8 * 2**20


class TooLargeError(Exception):
    """An answer is larger than MAX_BYTES; less should be asked for at a time."""


@dataclass(frozen=True, repr=False)
class GraphAnswer:
    """What came: the status, the headers, and the decoded body or None where it was no JSON."""

    status: int
    headers: Mapping[str, str]
    value: Any


class GraphConnection:
    """A pool of connections with the token; made by `open_connection`."""

    def __init__(self, http: httpx.AsyncClient, access: GraphAccess, clock: Clock) -> None:
        """Ask through `http`."""
        self._http = http
        self._access = access
        self._clock = clock

    async def ask(self, method: str, path: str, params: Mapping[str, str]) -> GraphAnswer:
        """Send one request and read its answer, whatever its status.

        Raises httpx.TransportError or httpx.DecodingError where none came, TimeoutError after 60 s of the
        clock, TooLargeError past 8 MiB.
        """
        sent = {**params, **self._access.proof()}
        where: dict[str, Any] = {"data": sent} if method == "POST" else {"params": sent}
        async with (
            IdleTimeout(self._clock, DEADLINE_SECONDS),
            self._http.stream(method, path, headers=self._access.headers(), **where) as response,
        ):
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise TooLargeError
        return GraphAnswer(response.status_code, response.headers, _decoded(bytes(body)))


@asynccontextmanager
async def open_connection(access: GraphAccess, clock: Clock) -> AsyncIterator[GraphConnection]:
    """Open a pool of connections and close it at the end of the block. Redirects are not followed: none are due."""
    timeout = httpx.Timeout(None)  # every request runs within an IdleTimeout
    async with httpx.AsyncClient(base_url=access.url, timeout=timeout, follow_redirects=False) as http:
        yield GraphConnection(http, access, clock)


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
