"""One request to the Graph API at a time, with a deadline and a limit to the answer's size."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

from services.ingest.sources.graph.access import GraphAccess
from services.ingest.sources.network.silence import Silence
from shared.clock import Clock

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
            Silence(self._clock, DEADLINE_SECONDS),
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
    timeout = httpx.Timeout(None)  # every request runs within a Silence
    async with httpx.AsyncClient(base_url=access.url, timeout=timeout, follow_redirects=False) as http:
        yield GraphConnection(http, access, clock)


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
