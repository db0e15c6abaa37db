"""Work that one replica does for all of them, now and then: a lease says whose turn it is."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from shared.clock import Clock
from shared.documents.base import Documents
from shared.documents.collection import Collection, Document
from shared.errors import OverloadedError, PeerUnavailableError
from shared.leases import LEASE_FIELDS, Lease, LeaseLostError, Leases

ROUNDS: Final = Collection("rounds", LEASE_FIELDS)
LOOK_SECONDS: Final = 300.0
"""How often a replica looks whether a round is due, unless the round says otherwise."""

OFTEN: Final = timedelta(minutes=1)
"""Rounds that are made more often are told of in the log for those who look for faults alone."""
RAREST: Final = timedelta(days=1)
"""No round is made less often."""

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


class RoundStore:
    """When each round is due, and which replica makes it now; `ROUNDS` in a database of documents.

    A replica that began a round and neither ended it nor came back before it lapsed has lost it: another one begins
    it, and what the first one ends then changes nothing. So a round may be made twice at once after a stall, and must
    be harmless when it is. The caller tells the time; moments are kept to the millisecond. A round whose time a wrong
    clock named too far ahead is due (see `Leases`).

    Operations raise as those of documents do.
    """

    def __init__(self, documents: Documents) -> None:
        """Use an open database."""
        self._leases = Leases(documents, ROUNDS, RAREST)

    async def begin(
        self, name: str, owner: str, now: datetime, lapses_at: datetime, longest: timedelta = RAREST
    ) -> Lease | None:
        """Begin a round that is due and that no replica makes; None where there is none. One never ended is due.

        The next one is due `longest` after the last at the most.
        """
        leases = replace(self._leases, longest=longest)
        taken = await leases.take_key(name, owner, now, lapses_at, missing=Document(name, ""))
        return taken[0] if taken is not None else None

    async def end(self, lease: Lease, due_at: datetime) -> None:
        """Say when the round is due again; nothing where another replica has begun it meanwhile."""
        with suppress(LeaseLostError):
            await self._leases.release(lease, due_at)


async def keep_round(made: Round, store: RoundStore, owner: str, clock: Clock) -> None:
    """Look every `look_seconds` whether the round is due and no replica makes it, until cancelled.

    A round that is cancelled or whose process dies is made again, by the replica that looks first, once `lasting` is
    over. No error ends the loop: the round is looked for again.
    """
    while True:
        try:
            now = clock.now()
            lease = await store.begin(made.name, owner, now, now + made.lasting, max(made.every, made.again))
            if lease is not None:
                await store.end(lease, clock.now() + await _once(made))
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
    tell = log.info if made.every >= OFTEN else log.debug
    tell("round.made", round=made.name)
    return made.every


def earlier_round(row: Mapping[str, Any]) -> list[tuple[Collection, Document]]:
    """Return a round that was kept before there were documents, in SQLite or MongoDB, due when its lease is over."""
    due = max(row["due_ms"], row["lapses_ms"])
    return [(ROUNDS, Document(row.get("_id") or row["name"], "", {"due_ms": due}))]
