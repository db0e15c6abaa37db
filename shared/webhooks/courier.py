"""Carries deliveries to their receivers: one at a time, leased, signed, tried again with growing waits."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic

import httpx
import structlog

from shared.clock import Clock
from shared.errors import OverloadedError, PeerUnavailableError, VoxpopError
from shared.reach import InnerAddressError
from shared.webhooks.delivery import Deliveries, Held, Outcome, Parcel, Unsendable
from shared.webhooks.signing import signed_headers

POLL_SECONDS: Final = 2.0
CALL_SECONDS: Final = 15.0
LEASE: Final = timedelta(seconds=4 * CALL_SECONDS)
FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(hours=6)
SETTLING: Final = LEASE - timedelta(seconds=5)
"""For how long after the lease began what an attempt came to is tried to be recorded: nobody else has it until then."""
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 4.0
MOST_ATTEMPTS: Final = 14
"""The last attempt comes about two days after the first."""
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_SERVER_ERROR: Final = 500
_MOST_DIGITS: Final = 9
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Courier(Generic[Held]):
    """One loop of deliveries; any number may run, in any number of replicas: a lease keeps a delivery with one.

    A delivery that was answered with 2xx is never sent again by anybody who knows, and the store is told until the
    lease is nearly over. Where the answer was lost, or the process or the store is away between the answer and its
    recording, it is sent again with the same `webhook-id` and `idempotency-key`: a receiver that keeps those ids takes
    each delivery once. `what` names the deliveries in logs; where none is due, it looks again after `poll_seconds`.
    """

    what: str
    deliveries: Deliveries[Held]
    http: httpx.AsyncClient
    secret: bytes = field(repr=False)
    clock: Clock
    poll_seconds: float = POLL_SECONDS

    async def run(self) -> None:
        """Deliver what is due until cancelled; a delivery that is cut off is tried again after its lease.

        No error ends it: in a group of couriers it would cut off what the others are just sending.
        """
        while True:
            try:
                if await self.turn():
                    continue
            except VoxpopError as error:
                log.warning("webhooks.delivery_paused", what=self.what, error=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - whatever it was, other couriers are in the middle of a POST
                log.warning("webhooks.courier_failed", what=self.what, error=type(error).__name__)
            await self.clock.sleep(self.poll_seconds)

    async def turn(self) -> bool:
        """Make one attempt at one delivery; tell whether one was due. Raises as `Deliveries` does."""
        now = self.clock.now()
        leased = await self.deliveries.lease(now, now + LEASE)
        if leased is None:
            return False
        to, outcome = await self._attempt(leased)
        await self._settle(leased, outcome, now + SETTLING)
        log.info("webhooks.attempted", what=self.what, to=to, attempt=leased.attempts, state=outcome.state)
        return True

    async def _settle(self, leased: Held, outcome: Outcome, until: datetime) -> None:
        """Record what an attempt came to, where the store is away again and again: it is known only here."""
        pause = FIRST_PAUSE
        while True:
            try:
                return await self.deliveries.settle(leased, outcome, self.clock.now())
            except (OverloadedError, PeerUnavailableError) as error:
                if self.clock.now() + timedelta(seconds=pause) > until:
                    raise
                log.warning("webhooks.settling_again", what=self.what, error=type(error).__name__)
            await self.clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _attempt(self, leased: Held) -> tuple[str | None, Outcome]:
        if leased.attempts > MOST_ATTEMPTS:
            return None, Outcome("failed", f"given up after {MOST_ATTEMPTS} attempts")
        parcel = await self.deliveries.parcel(leased)
        if isinstance(parcel, Parcel):
            return parcel.to, await self._send(leased, parcel)
        return None, self._unsent(leased, parcel)

    def _unsent(self, leased: Held, reason: Unsendable) -> Outcome:
        return self._later(leased, reason.sentence) if reason.later else Outcome("failed", reason.sentence)

    async def _send(self, leased: Held, parcel: Parcel) -> Outcome:
        body = json.dumps(parcel.body, ensure_ascii=False).encode("utf-8", "replace")
        seconds = int(self.clock.now().timestamp())
        headers = {
            "content-type": "application/json",
            **parcel.headers,
            **signed_headers(self.secret, leased.id, seconds, body),
        }
        try:
            async with asyncio.timeout(CALL_SECONDS):
                # The body is nobody's business, however large or badly encoded it is.
                request = self.http.build_request("POST", parcel.url, content=body, headers=headers)
                response = await self.http.send(request, stream=True, follow_redirects=False)
                await response.aclose()
        except InnerAddressError:
            return Outcome("failed", f"{parcel.to} was not called: its host stands for no address of the internet")
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return self._later(leased, f"{parcel.to} could not be reached ({type(error).__name__})")
        return self._answered(leased, parcel.to, response)

    def _answered(self, leased: Held, to: str, response: httpx.Response) -> Outcome:
        if response.is_success:
            return Outcome("delivered", f"answered {response.status_code}")
        sentence = f"{to} answered {response.status_code}"
        if response.status_code in _TRY_AGAIN or response.status_code >= _SERVER_ERROR:
            return self._later(leased, sentence, _asked_wait(response))
        return Outcome("failed", f"{sentence}; check its URL and authorization")

    def _later(self, leased: Held, sentence: str, at_least: timedelta = timedelta()) -> Outcome:
        """Return that the delivery waits again, or has failed after its last attempt."""
        if leased.attempts >= MOST_ATTEMPTS:
            return Outcome("failed", f"{sentence}; given up after {leased.attempts} attempts")
        wait = min(LONGEST_WAIT, max(at_least, FIRST_WAIT * 2 ** (leased.attempts - 1)))
        return Outcome("waiting", sentence, self.clock.now() + wait)


def _asked_wait(response: httpx.Response) -> timedelta:
    """Return what `Retry-After` asks for in seconds, nothing where it says no plain number."""
    asked = response.headers.get("retry-after", "")
    return (
        timedelta(seconds=min(int(asked), LONGEST_WAIT.total_seconds()))
        if asked.isascii() and asked.isdigit() and len(asked) <= _MOST_DIGITS
        else timedelta()
    )
