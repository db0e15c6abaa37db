"""Carries erasures out: one at a time, leased, tried again with growing waits until the author is gone everywhere."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog
from pydantic import ValidationError

from services.ingest.erasures.erasure import LEASE, Erasure, completed, postponed, removed_here, removed_there
from services.ingest.erasures.places import Places
from services.ingest.erasures.stores.base import ErasureStore
from shared.clock import Clock
from shared.erasure import ErasureAnswer
from shared.errors import PeerError, PeerRefusedError, VoxpopError
from shared.peers import Peer

POLL_SECONDS: Final = 2.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Eraser:
    """One replica's erasing; any number may run, a lease keeps an erasure with one of them.

    Every step may be made again and finds what is left, so a crash anywhere is finished by who takes the erasure
    next. What was removed is noted after it was: a crash between the two makes the report tell too little, and
    leaves nothing behind. `scrub` takes what was deleted out of the store's files.
    """

    store: ErasureStore
    places: Places
    profiles: Peer
    scrub: Callable[[], Awaitable[object]]
    clock: Clock

    async def run(self) -> None:
        """Carry out what is due until cancelled."""
        while True:
            try:
                if await self.turn():
                    continue
            except VoxpopError as error:
                log.warning("erasures.paused", error=type(error).__name__)
            await self.clock.sleep(POLL_SECONDS)

    async def turn(self) -> bool:
        """Carry out one erasure as far as it goes now; tell whether one was due. Raises as the store does."""
        now = self.clock.now()
        erasure = await self.store.lease(now, now + LEASE)
        if erasure is None:
            return False
        settled = await self._carried(erasure)
        await self.scrub()
        await self.store.record(settled)
        log.info("erasures.attempted", erasure=settled.id, state=settled.state, waiting_for=settled.waiting_for)
        return True

    async def _carried(self, erasure: Erasure) -> Erasure:
        """Remove an author here first, so that nobody is answered though profiles is away, then there."""
        if erasure.reply_author is None:
            return completed(erasure, self.clock.now())
        erasure = removed_here(erasure, await self.places.forget(erasure.author_key, erasure.reply_author))
        await self.store.record(erasure)
        try:
            erasure = removed_there(erasure, (await self._forget_there(erasure.author_key)).items)
        except PeerError as error:
            return postponed(erasure, self.clock.now(), error.peer, error.detail)
        if await self.places.under_way(erasure.reply_author or ""):
            sentence = "a reply is being sent; it is removed once its outcome is known"
            return postponed(erasure, self.clock.now(), "replies", sentence)
        return completed(erasure, self.clock.now())

    async def _forget_there(self, author_key: str) -> ErasureAnswer:
        response = await self.profiles.call("POST", "/v1/erasures", json={"author_key": author_key})
        try:
            return ErasureAnswer.model_validate_json(response.content)
        except ValidationError:
            raise PeerRefusedError("profiles", "profiles gave an answer without counts", 200) from None
