"""Calls from one service to another: a deadline on each, retries with jitter where a retry can help."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Self, TypeVar

import httpx
import stamina

from shared.errors import PeerRefusedError, PeerUnavailableError
from shared.printable import printable
from shared.settings import ServiceSettings

KEEPALIVE_SECONDS: Final = 2.0
"""Less than the 5 s after which uvicorn closes an idle connection: none is used just as it goes away."""

Transports = Mapping[str, httpx.AsyncBaseTransport]
"""Transports by URL prefix, such as `http://sentiment`: how a service in the same process is reached."""

Answer = TypeVar("Answer")

_OK = 200
_UNAVAILABLE = 503
_NOT_LET_IN = (401, 403)
_PROBLEM = "application/problem+json"
_MOST_CHARACTERS = 300


@asynccontextmanager
async def peer_http(transports: Transports | None) -> AsyncIterator[httpx.AsyncClient]:
    """Open the client by which a service reaches its peers.

    `transports` map a peer's URL to an in-process transport; peers that it does not name are reached
    over the network. In-process transports ignore httpx's timeouts: every call brings its own deadline.
    """
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=KEEPALIVE_SECONDS)
    async with httpx.AsyncClient(mounts=dict(transports or {}), limits=limits, timeout=10.0, trust_env=False) as http:
        yield http


class _TryAgainError(Exception):
    """The peer said 503, or no connection came about; `why` is the peer's own sentence, or empty."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


class Peer:
    """One other service; what may be asked of it is a method of its own class, in `profiles_peer` and `sentiment_peer`.

    Every call raises PeerUnavailableError where the peer stays away, PeerRefusedError where it says no or answers
    what cannot be read.
    """

    def __init__(
        self,
        name: str,
        url: str,
        http: httpx.AsyncClient,
        *,
        service_key: str | None = None,
        deadline: float = 30.0,
        attempts: int = 5,
    ) -> None:
        """Reach `url` through `http`; `deadline` is seconds for a call with its retries, `attempts` at the most."""
        self.name = name
        self._url = url.rstrip("/")
        self._http = http
        self._headers = {"authorization": f"Bearer {service_key}"} if service_key else {}
        self._deadline = deadline
        self._attempts = attempts

    @classmethod
    def named(cls, name: str, settings: ServiceSettings, http: httpx.AsyncClient) -> Self:
        """Return the peer of this name, where the settings say that it answers, with the services' own key."""
        url: str = getattr(settings, f"{name}_url")
        key = settings.service_key.get_secret_value() if settings.service_key is not None else None
        return cls(name, url, http, service_key=key, deadline=settings.peer_deadline)

    async def call(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Send one request and return its 2xx answer.

        Only 503 and connection errors are tried again. Raises PeerUnavailableError where the peer stayed
        away or the deadline passed, PeerRefusedError for any other answer.
        """
        return await self._in_time(self._with_retries(method, path, content))

    def read(self, answer: Callable[[], Answer], wrong: str) -> Answer:
        """Return what `answer` reads of a response; raises PeerRefusedError, saying what is `wrong` where it cannot."""
        try:
            return answer()
        except (ValueError, KeyError, TypeError):
            raise PeerRefusedError(self.name, f"{self.name} gave an answer {wrong}", _OK) from None

    async def check_ready(self) -> None:
        """Return where the peer is ready; raises PeerError where it is not."""
        await self._in_time(self._once("GET", "/readyz", {}))

    async def _in_time(self, answer: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        try:
            async with asyncio.timeout(self._deadline):
                return await answer
        except _TryAgainError as error:
            why = f": {error.why}" if error.why else "; nothing was kept"
            raise PeerUnavailableError(self.name, f"{self.name} is not available{why}") from None
        except (TimeoutError, httpx.TransportError):
            raise PeerUnavailableError(self.name, f"{self.name} did not answer in time; nothing was kept") from None

    async def _with_retries(self, method: str, path: str, content: dict[str, Any]) -> httpx.Response:
        async for attempt in stamina.retry_context(
            on=_TryAgainError,
            attempts=self._attempts,
            timeout=self._deadline,
            wait_initial=0.1,
            wait_max=2.0,
            wait_jitter=0.5,
        ):
            with attempt:
                return await self._once(method, path, content)
        raise AssertionError("stamina either returns or raises")

    async def _once(self, method: str, path: str, content: dict[str, Any]) -> httpx.Response:
        content = {**content, "headers": {**self._headers, **content.get("headers", {})}}
        try:
            response = await self._http.request(method, self._url + path, timeout=self._deadline, **content)
        except httpx.ConnectError as error:
            raise _TryAgainError from error
        if response.status_code == _UNAVAILABLE:
            raise _TryAgainError(_sentence_of(response))
        if response.is_success:
            return response
        detail = f"{self.name} refused the call with {response.status_code}"
        if response.status_code in _NOT_LET_IN:
            detail += "; give both services the same VOXPOP_SERVICE_KEY"
        raise PeerRefusedError(self.name, detail, response.status_code)


def _sentence_of(response: httpx.Response) -> str:
    """Return why a peer is not available, as its problem says; empty where it does not."""
    if response.headers.get("content-type") != _PROBLEM:
        return ""
    with suppress(ValueError, TypeError, KeyError):
        return printable(str(response.json()["detail"]), _MOST_CHARACTERS)
    return ""
