"""X's post ids: their upper bits say when they were made (milliseconds since November 2010), so they order posts."""

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(2010, 11, 4, 1, 42, 54, 657000, tzinfo=UTC)
WORKER_BITS: Final = 22
"""The lower bits: which machine made the id, and its count within the millisecond."""
_MILLISECOND: Final = timedelta(milliseconds=1)


def first_id(moment: datetime) -> int:
    """Return the least id that could be made at `moment`, which has a zone; 0 before there were such ids."""
    return max(0, (moment - EPOCH) // _MILLISECOND) << WORKER_BITS


def earlier(post_id: int, seconds: float) -> int:
    """Return the least id of `seconds` before `post_id` was made; never below 0."""
    return max(0, (post_id >> WORKER_BITS) - int(seconds * 1000)) << WORKER_BITS


def moment_of(post_id: int) -> datetime:
    """Return when an id of at most 63 bits was made, to the millisecond."""
    return EPOCH + (post_id >> WORKER_BITS) * _MILLISECOND
