"""Requests that write, to an API that speaks JSON: each is sent once, and what is certain without an answer is said."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from services.ingest.sources.network.idle_timeout import IdleTimeout
from services.ingest.sources.network.reconnection import TOO_MANY, asked_wait
from services.ingest.sources.reply_writer import NotSent
from shared.clock import Clock

MAX_BYTES: Final = 2**20
"""Of an answer, unpacked; what comes after is not read."""
CONNECT_SECONDS: Final = 5.0
USER_AGENT: Final = "voxpop (replies that a person approved)"
_NEVER_BEGUN: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_MOVED: Final = (301, 302, 307, 308)
_UNCLEAR: Final = (408, 425)


class ApiError(Exception):
    """No answer came, or none that can be read. `was_sent` tells whether the request may have reached the server."""

    def __init__(self, sentence: str, *, was_sent: bool) -> None:
        """Keep what happened, in a sentence without anything of the request."""
        super().__init__(sentence)
        self.sentence = sentence
        self.was_sent = was_sent


class RefusedError(Exception):
    """A reply is not sent, for certain; `outcome` says why."""

    def __init__(self, outcome: NotSent) -> None:
        """Keep why."""
        super().__init__(outcome.sentence)
        self.outcome = outcome


@dataclass(frozen=True, repr=False)
class ApiAnswer:
    """A status, headers, and the decoded body, None where it is no JSON."""

    status: int
    headers: Mapping[str, str]
    value: Any

    @property
    def is_well(self) -> bool:
        """Tell whether the status is a success and the body JSON."""
        return 200 <= self.status < 300 and self.value is not None  # noqa: PLR2004 - the statuses are HTTP's

    @property
    def told(self) -> dict[str, Any]:
        """Return the body's object, an empty one where it is none."""
        return self.value if isinstance(self.value, dict) else {}


class JsonApi:
    """One server's API. `name` stands for it in sentences, `variable` is the setting of its address."""

    def __init__(self, name: str, url: str, variable: str, clock: Clock) -> None:
        """Open nothing yet."""
        self.name = name
        self._variable = variable
        self._clock = clock
        # Redirects are not followed: they would carry the token elsewhere, or a POST on as a GET.
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            follow_redirects=False,
            # Unpacked, so that no answer grows beyond what is read of it.
            headers={"user-agent": USER_AGENT, "accept-encoding": "identity"},
        )

    async def aclose(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        seconds: float,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ApiAnswer:
        """Send one request and return its answer, whatever its status; raises ApiError after `seconds` too."""
        try:
            async with (
                IdleTimeout(self._clock, seconds),
                self._http.stream(method, path, params=params, json=body, headers=headers) as response,
            ):
                return ApiAnswer(response.status_code, response.headers, await _decoded(response))
        except _NEVER_BEGUN as error:
            raise ApiError(f"{self.name} cannot be reached ({type(error).__name__})", was_sent=False) from None
        except TimeoutError:
            raise ApiError(f"{self.name} did not answer within {seconds:g} s", was_sent=True) from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            sentence = f"no answer of {self.name} could be read ({type(error).__name__})"
            raise ApiError(sentence, was_sent=True) from None

    def well(self, answer: ApiAnswer, known: Mapping[int, NotSent]) -> ApiAnswer:
        """Return an answer to a question that changes nothing; raises RefusedError where it is no success."""
        if answer.is_well:
            return answer
        refused = self.refusal(answer, known)
        raise RefusedError(refused or NotSent(f"{self.name} answered {answer.status}", retry=True))

    def refusal(self, answer: ApiAnswer, known: Mapping[int, NotSent]) -> NotSent | None:
        """Return what an answer without success means, None where the server may have acted all the same.

        `known` is what statuses mean in an answer that is JSON, hence the API's own and not a proxy's.
        """
        status = answer.status
        if status == TOO_MANY:
            wait = asked_wait(status, answer.headers, self._clock.now())
            return NotSent(f"{self.name} asks to wait (429)", retry=True, wait=wait)
        if answer.told and status in known:
            return known[status]
        if status in _MOVED:
            return NotSent(f"{self.name} is elsewhere ({status}): check {self._variable}")
        if status in _UNCLEAR or not 400 <= status < 500:  # noqa: PLR2004 - the statuses are HTTP's
            return None
        if answer.told:
            return NotSent(f"{self.name} does not take the request ({status})")
        return NotSent(f"{self.name} answered {status} without a reason: check {self._variable}", retry=True)


async def _decoded(response: httpx.Response) -> Any:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
