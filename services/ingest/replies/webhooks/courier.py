"""Carries tickets to their desks: one at a time, leased, tried again with growing waits."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx
import structlog

from services.ingest.clock import Clock
from services.ingest.replies.stores.base import ReplyStore
from services.ingest.replies.ticket import Delivery, Desk
from services.ingest.replies.ticketing import Ticketing
from services.ingest.replies.webhooks.address import Address
from services.ingest.replies.webhooks.signing import signed_headers
from services.ingest.vault.cipher import UnopenableError
from shared.errors import VoxpopError

POLL_SECONDS: Final = 2.0
CALL_SECONDS: Final = 15.0
LEASE: Final = timedelta(seconds=4 * CALL_SECONDS)
FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(hours=6)
MOST_ATTEMPTS: Final = 14
"""The last attempt comes about two days after the first."""
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_SERVER_ERROR: Final = 500
_MOST_DIGITS: Final = 9
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Courier:
    """One replica's deliveries; any number may run, a lease keeps a delivery with one of them.

    A delivery that was answered with 2xx is never sent again by anybody who knows. Where the answer was lost, or the
    process between the answer and its recording, it is sent again with the same `idempotency-key`.
    """

    store: ReplyStore
    ticketing: Ticketing
    addresses: Mapping[Desk, Address]
    http: httpx.AsyncClient
    secret: bytes
    clock: Clock

    async def run(self) -> None:
        """Deliver what is due until cancelled; a delivery that is cut off is tried again after its lease."""
        while True:
            try:
                if await self.turn():
                    continue
            except VoxpopError as error:
                log.warning("tickets.delivery_paused", error=type(error).__name__)
            await self.clock.sleep(POLL_SECONDS)

    async def turn(self) -> bool:
        """Deliver one ticket to one desk; tell whether one was due. Raises as the store does."""
        now = self.clock.now()
        leased = await self.store.lease_delivery(now, now + LEASE)
        if leased is None:
            return False
        settled = await self._attempt(leased)
        await self.store.settle_delivery(settled)
        log.info("tickets.attempted", desk=leased.desk, attempt=leased.attempts, state=settled.state)
        return True

    async def _attempt(self, leased: Delivery) -> Delivery:
        if leased.attempts > MOST_ATTEMPTS:
            return _failed(leased, f"given up after {MOST_ATTEMPTS} attempts")
        address, ticket = self.addresses.get(leased.desk), await self.store.ticket(leased.ticket)
        try:
            text = await self.ticketing.text(leased.ticket)
        except UnopenableError as error:
            return self._later(leased, error.detail)
        if address is None:
            return _failed(leased, f"{leased.desk} is not set up any more")
        if ticket is None or text is None:
            return _failed(leased, "the text was erased or has expired")
        body = json.dumps(address.shape(ticket, text), ensure_ascii=False).encode("utf-8", "replace")
        seconds = int(self.clock.now().timestamp())
        headers = {
            "content-type": "application/json",
            **address.headers(),
            **signed_headers(self.secret, leased.id, seconds, body),
        }
        try:
            async with asyncio.timeout(CALL_SECONDS):
                # The body is nobody's business, however large or badly encoded it is.
                request = self.http.build_request("POST", address.url(), content=body, headers=headers)
                response = await self.http.send(request, stream=True, follow_redirects=False)
                await response.aclose()
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return self._later(leased, f"{leased.desk} could not be reached ({type(error).__name__})")
        return self._answered(leased, response)

    def _answered(self, leased: Delivery, response: httpx.Response) -> Delivery:
        if response.is_success:
            return leased.model_copy(update={"state": "delivered", "known": f"answered {response.status_code}"})
        sentence = f"{leased.desk} answered {response.status_code}"
        if response.status_code in _TRY_AGAIN or response.status_code >= _SERVER_ERROR:
            return self._later(leased, sentence, _asked_wait(response))
        return _failed(leased, f"{sentence}; check its URL and authorization")

    def _later(self, leased: Delivery, sentence: str, at_least: timedelta = timedelta()) -> Delivery:
        """Return the delivery waiting again, or failed after its last attempt."""
        if leased.attempts >= MOST_ATTEMPTS:
            return _failed(leased, f"{sentence}; given up after {leased.attempts} attempts")
        now = self.clock.now()
        wait = min(LONGEST_WAIT, max(at_least, FIRST_WAIT * 2 ** (leased.attempts - 1)))
        return leased.model_copy(update={"due_at": now + wait, "leased_until": now, "known": sentence})


def _failed(leased: Delivery, sentence: str) -> Delivery:
    return leased.model_copy(update={"state": "failed", "known": sentence})


def _asked_wait(response: httpx.Response) -> timedelta:
    """Return what `Retry-After` asks for in seconds, nothing where it says no plain number."""
    asked = response.headers.get("retry-after", "")
    return (
        timedelta(seconds=min(int(asked), LONGEST_WAIT.total_seconds()))
        if asked.isascii() and asked.isdigit() and len(asked) <= _MOST_DIGITS
        else timedelta()
    )
