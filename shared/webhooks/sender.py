"""Delivers an outbox to webhooks: one row at a time, leased, signed, retried with growing waits."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import httpx
import structlog

from shared.clock import Clock
from shared.errors import OverloadedError, PeerUnavailableError, VoxpopError
from shared.leases import Lease
from shared.outbox import LONGEST_WAIT, Outbox, OutboxRow, Outcome
from shared.reach import InnerAddressError
from shared.webhooks.signature import signed_headers

POLL_SECONDS: Final = 2.0
CALL_SECONDS: Final = 15.0
LEASE: Final = timedelta(seconds=4 * CALL_SECONDS)
FIRST_WAIT: Final = timedelta(seconds=10)
SETTLING: Final = LEASE - timedelta(seconds=5)
"""For how long after taking a row the store is told what the attempt came to: no other replica has it until then."""
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 4.0
MOST_ATTEMPTS: Final = 14
"""The last attempt comes about two days after the first."""
JITTER: Final = 0.2
"""By what part waits may be shorter, at random, so that what failed together is not sent again together."""
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_SERVER_ERROR: Final = 500
_MOST_DIGITS: Final = 9
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class WebhookRequest:
    """What is sent: a JSON body to a URL. `to` names the receiver in sentences and logs; the URL may be a secret."""

    to: str
    url: str = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Unsendable:
    """There is nothing to send: for good, or (`later`) for now."""

    sentence: str
    later: bool = False


@dataclass(frozen=True)
class WebhookSender:
    """One loop of deliveries; any number may run, in any number of replicas: a lease keeps a row with one, `owner`.

    A delivery that was answered with 2xx is never sent again by a replica that knows it, and the store is told until
    the lease is nearly over. Where the answer was lost, or the process or the store is away between the answer and its
    recording, it is sent again with the same `webhook-id` and `idempotency-key`: a receiver that keeps those ids takes
    each delivery once. `what` names the deliveries in logs, `request_of` says what is sent of a row; where none is
    due, the loop looks again after `poll_seconds`.
    """

    what: str
    outbox: Outbox
    request_of: Callable[[OutboxRow], Awaitable[WebhookRequest | Unsendable]]
    http: httpx.AsyncClient
    secret: bytes = field(repr=False)
    clock: Clock
    owner: str
    poll_seconds: float = POLL_SECONDS

    async def run(self) -> None:
        """Deliver what is due until cancelled; a delivery that is cut off is tried again after its lease.

        No error ends it: in a group of senders it would cut off what the others are just sending.
        """
        while True:
            try:
                if await self.turn():
                    continue
            except VoxpopError as error:
                log.warning("webhooks.delivery_paused", what=self.what, error=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - whatever it was, other senders are in the middle of a POST
                log.warning("webhooks.sender_failed", what=self.what, error=type(error).__name__)
            await self.clock.sleep(self.poll_seconds)

    async def turn(self) -> bool:
        """Make one attempt at one delivery; tell whether one was due. Raises as the outbox does."""
        now, settled_by = self.clock.now(), self.clock.monotonic() + SETTLING.total_seconds()
        taken = await self.outbox.take(self.owner, now, now + LEASE)
        if taken is None:
            return False
        lease, row = taken
        to, outcome = await self._attempt(row)
        await self._settle(lease, outcome, settled_by)
        log.info("webhooks.attempted", what=self.what, to=to, attempt=row.attempts, state=outcome.state)
        return True

    async def _settle(self, lease: Lease, outcome: Outcome, settled_by: float) -> None:
        """Keep what an attempt came to, though the store is away again and again: it is known only here."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self.outbox.settle(lease, outcome)
            except (OverloadedError, PeerUnavailableError) as error:
                if self.clock.monotonic() + pause > settled_by:
                    raise
                log.warning("webhooks.settling_again", what=self.what, error=type(error).__name__)
            else:
                return
            await self.clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _attempt(self, row: OutboxRow) -> tuple[str | None, Outcome]:
        if row.attempts > MOST_ATTEMPTS:
            return None, Outcome("failed", f"given up after {MOST_ATTEMPTS} attempts")
        request = await self.request_of(row)
        if isinstance(request, WebhookRequest):
            return request.to, await self._send(row, request)
        return None, self._later(row, request.sentence) if request.later else Outcome("failed", request.sentence)

    async def _send(self, row: OutboxRow, request: WebhookRequest) -> Outcome:
        body = json.dumps(request.body, ensure_ascii=False).encode("utf-8", "replace")
        seconds = int(self.clock.now().timestamp())
        headers = {
            "content-type": "application/json",
            **request.headers,
            **signed_headers(self.secret, row.id, seconds, body),
        }
        try:
            async with asyncio.timeout(CALL_SECONDS):
                # The body of the answer is not read, however large or badly encoded it is.
                post = self.http.build_request("POST", request.url, content=body, headers=headers)
                response = await self.http.send(post, stream=True, follow_redirects=False)
                await response.aclose()
        except InnerAddressError:
            return Outcome("failed", f"{request.to} was not called: its host stands for no address of the internet")
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return self._later(row, f"{request.to} could not be reached ({type(error).__name__})")
        return self._answered(row, request.to, response)

    def _answered(self, row: OutboxRow, to: str, response: httpx.Response) -> Outcome:
        if response.is_success:
            return Outcome("delivered", f"answered {response.status_code}")
        sentence = f"{to} answered {response.status_code}"
        if response.status_code in _TRY_AGAIN or response.status_code >= _SERVER_ERROR:
            return self._later(row, sentence, _asked_wait(response))
        return Outcome("failed", f"{sentence}; check its URL and authorization")

    def _later(self, row: OutboxRow, sentence: str, at_least: timedelta = timedelta()) -> Outcome:
        """Return that the delivery waits again, or has failed after its last attempt."""
        if row.attempts >= MOST_ATTEMPTS:
            return Outcome("failed", f"{sentence}; given up after {row.attempts} attempts")
        wait = FIRST_WAIT * 2 ** (row.attempts - 1) * random.uniform(1 - JITTER, 1)  # noqa: S311 - keeps no secret
        return Outcome("waiting", sentence, self.clock.now() + min(LONGEST_WAIT, max(at_least, wait)))


def _asked_wait(response: httpx.Response) -> timedelta:
    """Return what `Retry-After` asks for in seconds, nothing where it says no plain number."""
    asked = response.headers.get("retry-after", "")
    return (
        timedelta(seconds=min(int(asked), LONGEST_WAIT.total_seconds()))
        if asked.isascii() and asked.isdigit() and len(asked) <= _MOST_DIGITS
        else timedelta()
    )
