"""Makes a round whenever it is due, on one replica at a time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from shared.clock import Clock
from shared.errors import OverloadedError, PeerUnavailableError
from shared.rounds.stores.base import RoundStore

LOOK_SECONDS: Final = 300.0
"""How often a replica looks whether a round is due, unless the round says otherwise."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Round:
    """What is done, how often, how soon again where it failed, and after how long its maker counts as gone."""

    name: str
    work: Callable[[], Awaitable[object]]
    every: timedelta
    again: timedelta
    lasting: timedelta
    look_seconds: float = LOOK_SECONDS


async def keep_round(made: Round, store: RoundStore, owner: str, clock: Clock) -> None:
    """Look every `look_seconds` whether the round is due and nobody makes it, until cancelled.

    A round that is cancelled or whose process dies is made again, by whoever looks, once `lasting` is over.
    No error ends the loop: the round is looked for again.
    """
    while True:
        try:
            now = clock.now()
            if await store.begin(made.name, owner, now, now + made.lasting):
                await store.end(made.name, owner, clock.now() + await _once(made))
        except (PeerUnavailableError, OverloadedError) as error:
            log.warning("round.store_away", round=made.name, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - whatever it was, what goes on beside this loop is not to be cut off
            log.warning("round.store_failed", round=made.name, error=type(error).__name__)
        await clock.sleep(made.look_seconds)


async def _once(made: Round) -> timedelta:
    try:
        await made.work()
    except Exception as error:  # noqa: BLE001 - whatever it was, the round is due again soon; a traceback may hold ids
        log.warning("round.failed", round=made.name, error=type(error).__name__)
        return made.again
    log.info("round.made", round=made.name)
    return made.every
