"""When alerts were last looked after, and from when on hours may be judged again after an outage."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

GAP: Final = timedelta(hours=1)
"""Rounds are minutes apart, and a replica that dies in one leaves a quarter of an hour: longer is an outage."""
SETTLING: Final = timedelta(hours=1)
"""What piled up during an outage counts as stored after so long.

Ingest goes back to a peer within half a minute, asks its slowest network every half an hour, and leaves one that asked
to be left alone for an hour at most.
"""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The last round was `at`; nothing is judged before `judges_from`."""

    at: datetime
    judges_from: datetime


def beat(before: Heartbeat | None, now: datetime, *, behind: bool) -> Heartbeat:
    """Return the heartbeat of a round at `now`.

    After a gap, nothing at all is judged for as long as backlogs need. That is enough to spare every hour that began
    before the gap was noticed, the one it was noticed in included, and it touches no other: an hour that begins later
    ends, and is judged, after the wait. A further gap begins the wait anew. Where there is no heartbeat yet (`before`
    is None: a new installation, a store from before there were any, or one that was moved), what counts is whether
    rules are `behind`: they are not where everything is new.
    """
    if before is None:
        missed = behind
        judges_from = now
    else:
        missed = now - before.at > GAP
        judges_from = min(before.judges_from, now + SETTLING)  # A clock that was ahead holds nothing up for longer.
    return Heartbeat(now, now + SETTLING if missed else judges_from)
