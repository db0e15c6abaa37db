"""One HTTP request at a time, with a deadline and a limit to the answer's size."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from services.ingest.sources.network.idle_timeout import IdleTimeout
from services.ingest.sources.network.reconnection import NetworkError, asked_wait
from shared.clock import Clock

DEADLINE_SECONDS = 30.0
MAX_BYTES = 8 * 2**20
USER_AGENT = "voxpop (reads public posts about a brand)"
_MAX_REDIRECTS = 5
_ERRORS_FROM = 400


@dataclass(frozen=True, repr=False)
class FetchResponse:
    """A 2xx or 3xx answer (304 among them): its status, headers and whole body, and the address it came from."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Fetcher:
    """A pool of connections; an async context manager that closes them."""

    def __init__(
        self,
        clock: Clock,
        *,
        max_bytes: int = MAX_BYTES,
        seconds: float = DEADLINE_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Read at most `max_bytes` of an answer, unpacked, within `seconds` for the whole of it.

        `transport` is what requests go through, None for connections to wherever they lead.
        """
        self._clock = clock
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._transport = transport

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(
            timeout=None,  # noqa: S113 - every request runs within an IdleTimeout
            follow_redirects=True,
            max_redirects=_MAX_REDIRECTS,
            headers={"user-agent": USER_AGENT},
            transport=self._transport,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(
        self, url: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> FetchResponse:
        """Return the answer of a GET.

        Raises NetworkError for a status from 400 on (with what Retry-After asks), an answer that is too large, late or
        broken off, and where there is no answer; what `transport` raises beside httpx's errors goes through.
        """
        try:
            async with IdleTimeout(self._clock, self._seconds):
                return await self._get(url, params, headers)
        except TimeoutError:
            raise NetworkError(f"it did not answer within {self._seconds:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError, OSError) as error:
            raise NetworkError(f"no answer could be read ({type(error).__name__})") from None

    async def _get(
        self, url: str, params: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> FetchResponse:
        async with self._http.stream("GET", url, params=params, headers=headers) as response:
            if response.status_code >= _ERRORS_FROM:
                raise NetworkError(
                    f"it answered {response.status_code}",
                    status=response.status_code,
                    wait=asked_wait(response.status_code, response.headers, self._clock.now()),
                )
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self._max_bytes:
                    raise NetworkError(f"its answer is larger than {self._max_bytes} bytes")
            return FetchResponse(response.status_code, response.headers, bytes(body), str(response.url))
